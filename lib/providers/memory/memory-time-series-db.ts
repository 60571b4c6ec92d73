import type { StoredCandle } from '#core/candle.ts';
import type { CandleAgreement } from '#core/candle-agreement.ts';
import type { CandleFinding } from '#core/candle-finding.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import type { Exchange } from '#core/exchange.ts';
import type { IndicatorInput, IndicatorInputQuery, IndicatorValues, TimeSeriesDb, TradeQuery } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { TradeGap } from '#core/trade-gap.ts';
import type { TradeLine } from '#core/trade-line.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import type { Watermark } from '#core/watermark.ts';
import { createOrderedMap, type OrderedMap } from '#std/ordered-map.ts';

type Stored = {
  readonly series: Series;
  readonly candles: OrderedMap<StoredCandle>;
  readonly indicators: OrderedMap<IndicatorValues>;
};

/** Everything in maps of this process: for tests and simulations, with the promises of the real store. */
export function createMemoryTimeSeriesDb(): TimeSeriesDb {
  const stored = new Map<string, Stored>();
  const entryOf = (series: Series): Stored => {
    const key = seriesKey(series);
    const found = stored.get(key);
    if (found !== undefined) return found;
    const entry: Stored = { series, candles: createOrderedMap(), indicators: createOrderedMap() };
    stored.set(key, entry);
    return entry;
  };
  const stocked = (exchange: Exchange): readonly Stored[] =>
    [...stored.values()].filter(({ series, candles }) => series.exchange === exchange && candles.size() > 0).sort(compareSeries);

  return {
    ...tradeRows(),
    ...ledgerRows(),
    ...witnessRows(),
    migrate: async () => [],
    async insertCandles(groups) {
      for (const { series, candles } of groups) {
        const entry = entryOf(series);
        for (const candle of candles) {
          const current = entry.candles.get(candle.openTimeMs);
          if (current === undefined || candle.version >= current.version) entry.candles.set(candle.openTimeMs, candle);
        }
      }
    },
    async readCandles({ exchange, symbols, windows }) {
      const groups = stocked(exchange).map(({ series, candles }) => {
        const window = symbols.includes(series.symbol) ? windows[series.timeframe] : undefined;
        return { series, candles: window === undefined ? [] : candles.between(window.fromMs, window.untilMs) };
      });
      return groups.filter(({ candles }) => candles.length > 0);
    },
    storedExtents: async (exchange) =>
      stocked(exchange).map(({ series, candles }) => ({
        series,
        firstMs: candles.first()!,
        newestMs: candles.last()!,
      })),
    async readIndicatorInputs(query) {
      return stocked(query.exchange).flatMap((entry) => indicatorInput(entry, query));
    },
    async insertIndicators(rows) {
      for (const row of rows) {
        const { indicators } = entryOf(row.series);
        const current = indicators.get(row.openTimeMs);
        if (current === undefined || row.candleVersion >= current.candleVersion) {
          indicators.set(row.openTimeMs, { ...row, values: { ...current?.values, ...row.values } });
        }
      }
    },
    async readIndicators(query) {
      const wanted = [...stored.values()].filter(
        ({ series }) => series.exchange === query.exchange && series.timeframe === query.timeframe && query.symbols.includes(series.symbol),
      );
      return wanted.sort(compareSeries).flatMap(({ indicators }) => indicators.between(query.fromMs, query.untilMs));
    },
    close: async () => {},
  };
}

function ledgerRows(): Pick<
  TimeSeriesDb,
  'insertCandleGaps' | 'readCandleGaps' | 'insertWatermarks' | 'readWatermarks' | 'insertCandleRevisions' | 'readCandleRevisions'
> {
  const gaps = new Map<string, OrderedMap<CandleGap>>();
  const marks = new Map<string, Watermark>();
  const revisions = new Map<string, CandleRevision>();
  return {
    async insertCandleGaps(rows) {
      for (const row of rows) {
        const key = seriesKey(row.series);
        const ofSeries = gaps.get(key) ?? createOrderedMap<CandleGap>();
        gaps.set(key, ofSeries);
        if (row.updatedAtMs >= (ofSeries.get(row.fromMs)?.updatedAtMs ?? Number.NEGATIVE_INFINITY)) ofSeries.set(row.fromMs, row);
      }
    },
    async readCandleGaps({ exchange, symbols, fromMs, untilMs, states }) {
      const groups = [...gaps.values()].map((ofSeries) => ofSeries.between(Number.NEGATIVE_INFINITY, untilMs));
      const wanted = groups.filter(([gap]) => gap?.series.exchange === exchange && symbols.includes(gap.series.symbol));
      return wanted.flatMap((group) => group.filter((gap) => states.includes(gap.state) && gap.untilMs > fromMs)).sort(compareSeries);
    },
    async insertWatermarks(rows) {
      for (const row of rows) replace(marks, seriesKey(row.series), row, (mark) => mark.completeUntilMs + mark.rereadUntilMs);
    },
    readWatermarks: async (exchange) => [...marks.values()].filter(({ series }) => series.exchange === exchange).sort(compareSeries),
    async insertCandleRevisions(rows) {
      for (const row of rows) {
        const key = `${seriesKey(row.series)} ${row.openTimeMs} ${row.before?.version ?? 0n}`;
        replace(revisions, key, row, ({ detectedAtMs }) => detectedAtMs);
      }
    },
    async readCandleRevisions({ exchange, fromMs, untilMs }) {
      const wanted = [...revisions.values()].filter(
        ({ series, detectedAtMs }) => series.exchange === exchange && detectedAtMs >= fromMs && detectedAtMs < untilMs,
      );
      return wanted.sort((a, b) => a.detectedAtMs - b.detectedAtMs || compareSeries(a, b) || a.openTimeMs - b.openTimeMs);
    },
  };
}

/** Of two rows with one key the one with the higher rank stays, the one written later when they are equal. */
function replace<T>(held: Map<string, T>, key: string, row: T, rank: (row: T) => number): void {
  const current = held.get(key);
  if (current === undefined || rank(row) >= rank(current)) held.set(key, row);
}

function compareSeries(a: { readonly series: Series }, b: { readonly series: Series }): number {
  return byText(seriesOrder(a.series), seriesOrder(b.series));
}

type MarketRow = { readonly exchange: Exchange; readonly symbol: MarketSymbol };
type TradeRow = MarketRow & { readonly updatedAtMs: number };

function tradeRows(): Pick<
  TimeSeriesDb,
  'insertTradeGaps' | 'readTradeGaps' | 'insertTradeMinutes' | 'readTradeMinutes' | 'insertTradeLines' | 'readTradeLines'
> {
  const gaps = new Map<string, TradeGap>();
  const minutes = new Map<string, TradeMinute>();
  const lines = new Map<string, TradeLine>();
  return {
    async insertTradeGaps(rows) {
      for (const row of rows) keepLater(gaps, row, String(row.firstId));
    },
    readTradeGaps: async (query) =>
      wantedRows(gaps, query, ({ toMs }) => toMs).sort((a, b) => byText(a.symbol, b.symbol) || (a.firstId < b.firstId ? -1 : 1)),
    async insertTradeLines(rows) {
      for (const row of rows) replace(lines, `${row.exchange} ${row.symbol}`, row, ({ beganAtMs }) => beganAtMs);
    },
    readTradeLines: async (query) => wantedRows(lines, query, ({ beganAtMs }) => beganAtMs).sort((a, b) => byText(a.symbol, b.symbol)),
    async insertTradeMinutes(rows) {
      for (const row of rows) keepLater(minutes, row, String(row.openTimeMs));
    },
    readTradeMinutes: async (query) =>
      wantedRows(minutes, query, ({ openTimeMs }) => openTimeMs).sort((a, b) => byText(a.symbol, b.symbol) || a.openTimeMs - b.openTimeMs),
  };
}

function witnessRows(): Pick<TimeSeriesDb, 'insertAgreements' | 'readAgreements' | 'insertCandleFindings' | 'readOpenFindings'> {
  const agreements = new Map<string, CandleAgreement>();
  const findings = new Map<string, CandleFinding>();
  return {
    async insertAgreements(rows) {
      for (const row of rows) keepLater(agreements, row, String(row.hourMs));
    },
    readAgreements: async (query) =>
      wantedRows(agreements, query, ({ hourMs }) => hourMs).sort((a, b) => byText(a.symbol, b.symbol) || a.hourMs - b.hourMs),
    async insertCandleFindings(rows) {
      for (const row of rows)
        replace(findings, `${seriesKey(row.series)} ${row.openTimeMs} ${row.witness}`, row, ({ updatedAtMs }) => updatedAtMs);
    },
    async readOpenFindings({ exchange, symbols, fromMs, untilMs }) {
      const wanted = [...findings.values()].filter(
        ({ series, openTimeMs, settledAtMs }) =>
          series.exchange === exchange &&
          symbols.includes(series.symbol) &&
          openTimeMs >= fromMs &&
          openTimeMs < untilMs &&
          settledAtMs === null,
      );
      return wanted.sort((a, b) => compareSeries(a, b) || a.openTimeMs - b.openTimeMs || byText(a.witness, b.witness));
    },
  };
}

function keepLater<T extends TradeRow>(held: Map<string, T>, row: T, id: string): void {
  replace(held, `${row.exchange} ${row.symbol} ${id}`, row, ({ updatedAtMs }) => updatedAtMs);
}

function wantedRows<T extends MarketRow>(held: ReadonlyMap<string, T>, query: TradeQuery, timeMs: (row: T) => number): T[] {
  const { exchange, symbols, fromMs, untilMs } = query;
  return [...held.values()].filter(
    (row) => row.exchange === exchange && symbols.includes(row.symbol) && timeMs(row) >= fromMs && timeMs(row) < untilMs,
  );
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function seriesOrder({ timeframe, symbol }: Series): string {
  return `${timeframe} ${symbol}`;
}

function indicatorInput({ series, candles, indicators }: Stored, query: IndicatorInputQuery): readonly IndicatorInput[] {
  const fromMs = query.fromMs[series.timeframe];
  if (fromMs === undefined || query.symbols?.includes(series.symbol) === false) return [];
  const rows = candles.between(fromMs, Number.POSITIVE_INFINITY);
  if (rows.length === 0) return [];
  const seenFromMs = query.seenFromMs[series.timeframe] ?? Number.POSITIVE_INFINITY;
  return [
    {
      series,
      openTimesMs: Float64Array.from(rows, ({ openTimeMs }) => openTimeMs),
      high: Float64Array.from(rows, ({ high }) => Number(high)),
      low: Float64Array.from(rows, ({ low }) => Number(low)),
      close: Float64Array.from(rows, ({ close }) => Number(close)),
      versions: BigUint64Array.from(rows, ({ version }) => version),
      seenFingerprints: BigUint64Array.from(rows, ({ openTimeMs }) =>
        openTimeMs < seenFromMs ? 0n : (indicators.get(openTimeMs)?.fingerprint ?? 0n),
      ),
    },
  ];
}
