import { AUDIT_CHECKS, type AuditCheck, type AuditFinding } from '#core/audit-finding.ts';
import type { StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { Exchange } from '#core/exchange.ts';
import type { IndicatorInput, IndicatorValues, SeriesExtent, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import type { Watermark } from '#core/watermark.ts';
import { auditRollUp } from '#domain/audit/audit-roll-up.ts';
import { quietMinutes } from '#domain/candles/quiet-minutes.ts';
import { auditSeries } from '#domain/audit/audit-series.ts';
import { auditWitness, isWitness } from '#domain/audit/audit-witness.ts';
import { createGridWorkspace } from '#domain/candles/filled-grid.ts';
import { createIndicatorSet, type IndicatorSet } from '#domain/indicators/indicator-set.ts';
import { seriesValues } from '#domain/indicators/series-values.ts';
import type { IndicatorsSettings } from './compute-indicators.ts';

export type AuditPorts = {
  readonly db: Pick<
    TimeSeriesDb,
    'readCandles' | 'storedExtents' | 'readWatermarks' | 'readCandleGaps' | 'readTradeMinutes' | 'readIndicators' | 'readIndicatorInputs'
  >;
  /** Told when a market is done. */
  readonly onMarket?: (exchange: Exchange, symbol: MarketSymbol) => void;
};

export type AuditInput = {
  readonly exchanges: readonly Exchange[];
  readonly indicators: IndicatorsSettings;
  /** So many of the newest candles of each series have their indicator values computed again. */
  readonly sampleCandles: number;
  /** Candles before this may have been removed for their age; -Infinity where nothing is. UTC ms. */
  readonly keptFromMs: number;
  /** By which the age of open gaps is told, UTC ms; the newest time that the watermarks carry when absent, as a replay's store has it. */
  readonly nowMs?: number;
};

export type AuditReport = {
  readonly series: number;
  readonly candles: number;
  /** Exchanges of which the store has series. */
  readonly exchanges: readonly Exchange[];
  /** Candles of the ledger that the watermarks have passed, by reason. */
  readonly explained: Readonly<Record<string, number>>;
  /** The same by timeframe and reason: a minute is not an hour. */
  readonly explainedBy: Readonly<Partial<Record<Timeframe, Readonly<Record<string, number>>>>>;
  /** What is asked for at every tick, by first time. */
  readonly open: readonly CandleGap[];
  /** Candles that were held against the trades of their minute. */
  readonly witnessed: number;
  readonly indicatorValues: number;
  readonly findings: readonly AuditFinding[];
  readonly byCheck: Readonly<Record<AuditCheck, number>>;
};

const ALL_TIME = { fromMs: 0, untilMs: Date.UTC(2100, 0, 1) } as const;

const UNORDERED: ReadonlySet<AuditCheck> = new Set(['grid', 'order', 'duplicate']);

/** Values by tick and by catch-up agree within 1e-10 of their scale; beyond this they were computed from something else. */
const TOLERANCE = 1e-9;

/** Re-checks a whole store from outside: reads what any reader would, and believes none of it. Writes nothing. Rejects when the store fails. */
export async function auditStore({ db, onMarket }: AuditPorts, input: AuditInput): Promise<AuditReport> {
  const set = createIndicatorSet(input.indicators);
  const counts = { series: 0, candles: 0, witnessed: 0, indicatorValues: 0 };
  const exchanges = new Set<Exchange>();
  const explained: Record<string, number> = {};
  const explainedBy: Partial<Record<Timeframe, Record<string, number>>> = {};
  const open: CandleGap[] = [];
  const findings: AuditFinding[] = [];
  for await (const { market, watermarks } of markets(db, input.exchanges)) {
    exchanges.add(market.exchange);
    open.push(...market.gaps.filter(({ state }) => state === 'open'));
    const found = await lasting(db, market, auditMarket(market, watermarks, input), input);
    for (const one of found) findings.push(one);
    for (const one of market.series) {
      counts.series += 1;
      counts.candles += market.candles.get(seriesKey(one))?.length ?? 0;
    }
    counts.witnessed += market.minutes.filter(isWitness).length;
    for (const { reason, fromMs, untilMs, series } of market.gaps.filter(({ state }) => state === 'explained')) {
      const candles = (untilMs - fromMs) / TIMEFRAME_MS[series.timeframe];
      const ofTimeframe = (explainedBy[series.timeframe] ??= {});
      explained[reason] = (explained[reason] ?? 0) + candles;
      ofTimeframe[reason] = (ofTimeframe[reason] ?? 0) + candles;
    }
    // Indicators have no meaning over candles that do not stand on the grid once each; those are found already.
    const standing = market.series.filter((one) => !found.some(({ check, series }) => UNORDERED.has(check) && series === one));
    const values = await auditIndicators(db, { ...market, series: standing }, set, input);
    counts.indicatorValues += values.checked;
    for (const one of values.findings) findings.push(one);
    onMarket?.(market.exchange, market.symbol);
  }
  const byCheck = Object.fromEntries(AUDIT_CHECKS.map((check) => [check, findings.filter((one) => one.check === check).length]));
  open.sort((a, b) => a.fromMs - b.fromMs);
  return { ...counts, exchanges: [...exchanges], explained, explainedBy, open, findings, byCheck: byCheck as Record<AuditCheck, number> };
}

/** One market after the other: a store may be larger than memory. */
async function* markets(
  db: AuditPorts['db'],
  exchanges: readonly Exchange[],
): AsyncGenerator<{ readonly market: Market; readonly watermarks: readonly Watermark[] }> {
  for (const exchange of exchanges) {
    // oxlint-disable-next-line no-await-in-loop -- one exchange at a time keeps memory bounded
    const [extents, watermarks] = await Promise.all([db.storedExtents(exchange), db.readWatermarks(exchange)]);
    const series = seriesOf(extents, watermarks);
    for (const symbol of new Set(series.map((one) => one.symbol))) {
      // oxlint-disable-next-line no-await-in-loop -- one market at a time keeps memory bounded
      const market = await readMarket(db, exchange, symbol, series);
      yield { market, watermarks };
    }
  }
}

function seriesOf(extents: readonly SeriesExtent[], watermarks: readonly Watermark[]): readonly Series[] {
  return [...new Map([...extents, ...watermarks].map(({ series }) => [seriesKey(series), series])).values()];
}

/** A platform that runs may have been between two writes: what a second look does not find again was no finding. */
async function lasting(
  db: AuditPorts['db'],
  { exchange, symbol, series }: Market,
  found: readonly AuditFinding[],
  input: AuditInput,
): Promise<readonly AuditFinding[]> {
  if (found.length === 0) return found;
  const market = await readMarket(db, exchange, symbol, series);
  const keyOf = ({ check, series: { timeframe }, openTimeMs }: AuditFinding): string => `${check} ${timeframe} ${openTimeMs}`;
  const again = new Set(auditMarket(market, await db.readWatermarks(exchange), input).map(keyOf));
  return found.filter((one) => again.has(keyOf(one)));
}

type Market = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly series: readonly Series[];
  readonly candles: ReadonlyMap<string, readonly StoredCandle[]>;
  readonly gaps: readonly CandleGap[];
  readonly minutes: readonly TradeMinute[];
};

async function readMarket(db: AuditPorts['db'], exchange: Exchange, symbol: MarketSymbol, all: readonly Series[]): Promise<Market> {
  const series = all.filter((one) => one.symbol === symbol);
  const windows = Object.fromEntries(series.map(({ timeframe }) => [timeframe, ALL_TIME]));
  const query = { exchange, symbols: [symbol] };
  const [candles, gaps, minutes] = await Promise.all([
    db.readCandles({ ...query, windows }),
    db.readCandleGaps({ ...query, ...ALL_TIME, states: ['open', 'explained'] }),
    db.readTradeMinutes({ ...query, ...ALL_TIME }),
  ]);
  return { exchange, symbol, series, candles: new Map(candles.map((group) => [seriesKey(group.series), group.candles])), gaps, minutes };
}

function auditMarket(market: Market, watermarks: readonly Watermark[], input: AuditInput): readonly AuditFinding[] {
  const nowMs = input.nowMs ?? watermarks.reduce((newest, { updatedAtMs }) => Math.max(newest, updatedAtMs), 0);
  const { keptFromMs } = input;
  const { series: all, candles, gaps, minutes } = market;
  const minuteSeries = all.find(({ timeframe }) => timeframe === '1m');
  const minuteCandles = minuteSeries === undefined ? [] : (candles.get(seriesKey(minuteSeries)) ?? []);
  const quiet = quietMinutes(gaps);
  const isEmpty = (timeMs: number): boolean => quiet.has(timeMs);
  return all.flatMap((series) => {
    const own = candles.get(seriesKey(series)) ?? [];
    const facts = {
      series,
      timeframeMs: TIMEFRAME_MS[series.timeframe],
      candles: own,
      watermark: watermarks.find((mark) => seriesKey(mark.series) === seriesKey(series)) ?? null,
      gaps: gaps.filter((gap) => seriesKey(gap.series) === seriesKey(series)),
      keptFromMs,
      nowMs,
    };
    const against = series.timeframe === '1m' ? auditWitness(series, own, minutes) : auditRollUp(series, own, minuteCandles, isEmpty);
    return [...auditSeries(facts), ...against];
  });
}

type IndicatorAudit = { readonly checked: number; readonly findings: readonly AuditFinding[] };

/** Computes the newest values again, from the stored candles alone, and holds the stored ones against them. */
async function auditIndicators(
  db: AuditPorts['db'],
  { exchange, symbol, series: all, candles }: Market,
  set: IndicatorSet,
  { indicators, sampleCandles, keptFromMs }: AuditInput,
): Promise<IndicatorAudit> {
  let checked = 0;
  const findings: AuditFinding[] = [];
  for (const series of all) {
    const stepMs = TIMEFRAME_MS[series.timeframe];
    const newestMs = candles.get(seriesKey(series))?.at(-1)?.openTimeMs;
    if (newestMs === undefined) continue;
    const checkFromMs = newestMs - (sampleCandles - 1) * stepMs;
    const fromMs = { [series.timeframe]: checkFromMs - (set.lookback + 2 * indicators.maxFilledCandles) * stepMs } as Partial<
      Record<Timeframe, number>
    >;
    const query = { exchange, symbols: [symbol], timeframe: series.timeframe, fromMs: checkFromMs, untilMs: newestMs + stepMs };
    // oxlint-disable-next-line no-await-in-loop -- one series at a time keeps memory bounded
    const [inputs, stored] = await Promise.all([
      db.readIndicatorInputs({ exchange, symbols: [symbol], fromMs, seenFromMs: {} }),
      db.readIndicators(query),
    ]);
    const input = inputs.find((one) => seriesKey(one.series) === seriesKey(series));
    if (input === undefined) continue;
    const rule = {
      timeframeMs: stepMs,
      minCandles: indicators.minCandles,
      maxFilledCandles: indicators.maxFilledCandles,
      closedUntilMs: newestMs + stepMs,
      checkFromMs,
      keptFromMs,
    };
    const again = seriesValues({ ...input, seenFingerprints: new BigUint64Array(input.versions.length) }, set, rule, createGridWorkspace());
    const expected = new Map(again.stale.map((one) => [one.openTimeMs, one.values]));
    findings.push(...missingValues(series, stored, [...expected.keys()]));
    for (const row of stored) {
      checked += Object.keys(row.values).length;
      findings.push(...valueFindings(series, row, expected.get(row.openTimeMs) ?? {}, input));
    }
  }
  return { checked, findings };
}

/** Of the newest candles a tick may be about to write the values; a store that nobody computes values for has none at all. */
function missingValues(series: Series, stored: readonly IndicatorValues[], expected: readonly number[]): readonly AuditFinding[] {
  const there = new Set(stored.map(({ openTimeMs }) => openTimeMs));
  return (there.size === 0 ? [] : expected.slice(0, -2))
    .filter((openTimeMs) => !there.has(openTimeMs))
    .map((openTimeMs) => ({ check: 'indicator' as const, series, openTimeMs, message: 'the candle has no values' }));
}

function valueFindings(
  series: Series,
  { openTimeMs, values }: IndicatorValues,
  expected: Readonly<Record<string, number>>,
  { close, openTimesMs }: IndicatorInput,
): readonly AuditFinding[] {
  const scale = Math.max(1e-12, Math.abs(close[openTimesMs.indexOf(openTimeMs)] ?? 1));
  return Object.entries(values).flatMap(([name, value]) => {
    const should = expected[name];
    const isRight = should !== undefined && Math.abs(should - value) <= TOLERANCE * Math.max(scale, Math.abs(should), 1);
    if (isRight) return [];
    const message = `${name} is ${value}, its candles say ${should ?? 'that there is none'}`;
    return [{ check: 'indicator' as const, series, openTimeMs, message }];
  });
}
