import { floorToGrid } from './grid.ts';

export type FetchSettings = {
  /** Candles to fetch for a series that has none. */
  readonly backfillLimit: number;
  /** A fetch reaches back over at least this many of the newest closed candles. */
  readonly latestCandles: number;
  /** Holes among this many newest candles are asked for again. */
  readonly recheckCandles: number;
};

export type FetchInput = {
  /** The scheduled time: candles that end at or before it are wanted. */
  readonly tickMs: number;
  readonly timeframeMs: number;
  /** Open times stored in the recheck window. */
  readonly stored: ReadonlySet<number>;
  /** First and newest stored open time of the series, wherever they lie; null when there is none. */
  readonly firstMs: number | null;
  readonly newestMs: number | null;
};

/** What to ask for: open times from `fromMs` (inclusive) to `untilMs` (exclusive). */
export type FetchPlan = { readonly fromMs: number; readonly untilMs: number; readonly isBackfill: boolean };

/** First open time of the window in which holes are asked for again. */
export function recheckFromMs(tickMs: number, timeframeMs: number, { latestCandles, recheckCandles }: FetchSettings): number {
  return floorToGrid(tickMs, timeframeMs) - Math.max(recheckCandles, latestCandles) * timeframeMs;
}

/**
 * From the first missing closed candle, and always over the newest ones. A series without candles is backfilled; one that stopped
 * before the window goes on after its newest candle, however long ago that was, so that no outage of ours leaves a hole.
 */
export function planFetch({ tickMs, timeframeMs, stored, firstMs, newestMs }: FetchInput, settings: FetchSettings): FetchPlan {
  const untilMs = floorToGrid(tickMs, timeframeMs);
  if (firstMs === null || newestMs === null) return { fromMs: untilMs - settings.backfillLimit * timeframeMs, untilMs, isBackfill: true };
  // Before its first candle a series has no hole: there its history begins.
  const windowFromMs = Math.max(firstMs, recheckFromMs(tickMs, timeframeMs, settings));
  const latestFromMs = untilMs - settings.latestCandles * timeframeMs;
  if (newestMs < windowFromMs) return { fromMs: newestMs + timeframeMs, untilMs, isBackfill: false };
  return { fromMs: Math.min(firstMissing(stored, windowFromMs, untilMs, timeframeMs), latestFromMs), untilMs, isBackfill: false };
}

function firstMissing(stored: ReadonlySet<number>, fromMs: number, untilMs: number, timeframeMs: number): number {
  let timeMs = fromMs;
  while (timeMs < untilMs && stored.has(timeMs)) timeMs += timeframeMs;
  return timeMs;
}

/** Due when the timeframe's boundary passes at this tick, or when the candle of an earlier boundary is still not there. */
export function isDue({ tickMs, timeframeMs, newestMs }: Pick<FetchInput, 'tickMs' | 'timeframeMs' | 'newestMs'>): boolean {
  const untilMs = floorToGrid(tickMs, timeframeMs);
  return untilMs === tickMs || newestMs === null || newestMs < untilMs - timeframeMs;
}
