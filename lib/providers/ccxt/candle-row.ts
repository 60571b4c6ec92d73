import type { Candle } from '#core/candle.ts';
import { compareDecimals, parseDecimal, ZERO, type Decimal } from '#core/decimal.ts';
import type { CandlePage, CandleRequest, RefusedRow } from '#core/ports/exchange-rest-api.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';

/** The fields of one row as the exchange sent them, not yet believed. */
export type RawCandle = {
  readonly openTimeMs: number;
  readonly open: unknown;
  readonly high: unknown;
  readonly low: unknown;
  readonly close: unknown;
  readonly volume: unknown;
  readonly quoteVolume?: unknown;
  readonly tradeCount?: unknown;
};

const EARLIEST_MS = Date.UTC(2009, 0, 1);

/** The candle, or in words why the row is none. */
export function checkCandle(raw: RawCandle, timeframeMs: number, latestOpenTimeMs: number): Candle | string {
  const { openTimeMs } = raw;
  if (!Number.isSafeInteger(openTimeMs) || openTimeMs < EARLIEST_MS || openTimeMs > latestOpenTimeMs)
    return 'open time is not a plausible time';
  if (openTimeMs % timeframeMs !== 0) return 'open time is not on the grid of the timeframe';
  const [open, high, low, close, volume] = [raw.open, raw.high, raw.low, raw.close, raw.volume].map(wireDecimal);
  if (open === undefined || high === undefined || low === undefined || close === undefined || volume === undefined) {
    return 'a price or the volume is not a decimal of at most 20 integer and 18 fraction digits';
  }
  const problem = priceProblem(open, high, low, close);
  if (problem !== null) return problem;
  if (compareDecimals(volume, ZERO) < 0) return 'volume is negative';
  const extras = extrasOf(raw, volume);
  return typeof extras === 'string' ? extras : { openTimeMs, open, high, low, close, volume, ...extras };
}

/** What not every exchange sends; where one does, it is as strictly read. */
function extrasOf(raw: RawCandle, volume: Decimal): Pick<Candle, 'quoteVolume' | 'tradeCount'> | string {
  if (raw.tradeCount !== undefined && !isCount(raw.tradeCount)) return 'trade count is not a whole number';
  const quoteVolume = raw.quoteVolume === undefined ? null : wireDecimal(raw.quoteVolume);
  if (quoteVolume === undefined || (quoteVolume !== null && compareDecimals(quoteVolume, ZERO) < 0))
    return 'quote volume is not a decimal from zero on';
  // A venue that counts no trades for a traded candle has not counted: its quote volume is as empty.
  const isCounted = raw.tradeCount !== undefined && (raw.tradeCount > 0 || volume === ZERO);
  return isCounted ? { quoteVolume, tradeCount: raw.tradeCount } : { quoteVolume: null, tradeCount: null };
}

/** All three exchanges send prices and volumes as strings; a JSON number has already lost digits. */
function wireDecimal(value: unknown): Decimal | undefined {
  return typeof value === 'string' ? parseDecimal(value) : undefined;
}

function priceProblem(open: Decimal, high: Decimal, low: Decimal, close: Decimal): string | null {
  if (compareDecimals(low, ZERO) <= 0) return 'low is not above zero';
  if (compareDecimals(low, open) > 0 || compareDecimals(low, close) > 0) return 'low is above open or close';
  if (compareDecimals(high, open) < 0 || compareDecimals(high, close) < 0) return 'high is below open or close';
  return null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** More refused rows than one and than this share of a page, and the page itself is not believed. */
const MAX_REFUSED_SHARE = 0.1;

export type PageContext = {
  readonly request: CandleRequest;
  /** No candle can have opened later than this, UTC ms. */
  readonly latestOpenTimeMs: number;
};

/**
 * Checks every row, puts them in order, each open time once, from the asked one on. Rows of one open time that differ are refused, both:
 * nobody can say which is right. Null when too much of the page is bad.
 */
export function pageOf(
  rows: readonly unknown[],
  { request, latestOpenTimeMs }: PageContext,
  rawOf: (row: unknown) => RawCandle | null,
): CandlePage | null {
  const timeframeMs = TIMEFRAME_MS[request.timeframe];
  const candles = new Map<number, Candle>();
  const contradicted = new Set<number>();
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    const raw = rawOf(row);
    const candle = raw === null ? 'the row has not the shape of a candle' : checkCandle(raw, timeframeMs, latestOpenTimeMs);
    if (typeof candle === 'string') refused.push({ reason: candle, row: excerpt(row) });
    else if (candle.openTimeMs >= request.fromMs) {
      const twin = candles.get(candle.openTimeMs);
      if (twin === undefined) candles.set(candle.openTimeMs, candle);
      else if (!isSame(twin, candle)) {
        contradicted.add(candle.openTimeMs);
        refused.push({ reason: 'another row has the same open time and other figures', row: excerpt(row) });
      }
    }
  }
  for (const openTimeMs of contradicted) candles.delete(openTimeMs);
  if (refused.length > Math.max(1, rows.length * MAX_REFUSED_SHARE)) return null;
  return { candles: [...candles.values()].sort((a, b) => a.openTimeMs - b.openTimeMs), refused };
}

function isSame(a: Candle, b: Candle): boolean {
  return (Object.keys(a) as (keyof Candle)[]).every((field) => a[field] === b[field]);
}

function excerpt(row: unknown): string {
  return (JSON.stringify(row) ?? 'undefined').slice(0, 200);
}
