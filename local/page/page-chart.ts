import type { StoredCandle } from '#core/candle.ts';
import { ZERO, type Decimal } from '#core/decimal.ts';
import type { IndicatorValues, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import type { SeriesStatus } from '../platform-status.ts';

/** One candle as the page draws it: `t` its open time in UTC ms, prices and base volume as exact decimals. */
export type ChartCandle = {
  readonly t: number;
  readonly o: Decimal;
  readonly h: Decimal;
  readonly l: Decimal;
  readonly c: Decimal;
  readonly v: Decimal;
  /** No such candle is stored: drawn flat at the close before, so that the gap is seen. */
  readonly filled: boolean;
};

export type Chart = {
  readonly series: Series;
  readonly timeframeMs: number;
  readonly candles: readonly ChartCandle[];
  /** By name of the value, `[open time, value]`, oldest first. */
  readonly indicators: Readonly<Record<string, readonly (readonly [number, number])[]>>;
};

export type ChartRequest = {
  readonly series: Series;
  /** First open time wanted, or null for the newest candles. */
  readonly fromMs: number | null;
  /** Most candles in the answer, filled ones counted. */
  readonly limit: number;
};

/** A hole before the first candle wanted is seen only when a stored candle is at most this many before. */
const CANDLES_BEFORE = 200;

/** Reads a chart: with `fromMs` the oldest `limit` candles from there on, else the newest `limit`. */
export async function readChart(
  db: Pick<TimeSeriesDb, 'readCandles' | 'readIndicators'>,
  status: SeriesStatus | undefined,
  request: ChartRequest,
): Promise<Chart> {
  const { series, limit } = request;
  const timeframeMs = TIMEFRAME_MS[series.timeframe];
  const newestMs = status?.newestOpenTimeMs ?? null;
  const fromMs = request.fromMs ?? (newestMs === null ? null : newestMs - (limit - 1) * timeframeMs);
  if (fromMs === null) return { series, timeframeMs, candles: [], indicators: {} };
  const window = { fromMs, untilMs: fromMs + limit * timeframeMs };
  const { exchange, symbol, timeframe } = series;
  const [groups, values] = await Promise.all([
    db.readCandles({ exchange, symbols: [symbol], windows: { [timeframe]: { ...window, fromMs: fromMs - CANDLES_BEFORE * timeframeMs } } }),
    db.readIndicators({ exchange, symbols: [symbol], timeframe, ...window }),
  ]);
  const stored = groups.find((group) => seriesKey(group.series) === seriesKey(series))?.candles ?? [];
  const candles = fillHoles(stored, timeframeMs).filter(({ t }) => t >= fromMs);
  return { series, timeframeMs, candles, indicators: columnsOf(values) };
}

function fillHoles(stored: readonly StoredCandle[], timeframeMs: number): readonly ChartCandle[] {
  const rows: ChartCandle[] = [];
  for (const candle of stored) {
    const previous = rows.at(-1);
    for (let t = (previous?.t ?? candle.openTimeMs) + timeframeMs; t < candle.openTimeMs; t += timeframeMs) {
      const flat = previous?.c ?? candle.open;
      rows.push({ t, o: flat, h: flat, l: flat, c: flat, v: ZERO, filled: true });
    }
    const { openTimeMs: t, open: o, high: h, low: l, close: c, volume: v } = candle;
    rows.push({ t, o, h, l, c, v, filled: false });
  }
  return rows;
}

function columnsOf(rows: readonly IndicatorValues[]): Chart['indicators'] {
  const columns: Record<string, [number, number][]> = {};
  for (const { openTimeMs, values } of rows) {
    for (const [name, value] of Object.entries(values)) (columns[name] ??= []).push([openTimeMs, value]);
  }
  return columns;
}
