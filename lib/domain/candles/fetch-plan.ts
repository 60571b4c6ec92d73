import { floorToGrid } from './grid.ts';

export type FetchSettings = {
  /** Candles to fetch for a series that has none. */
  readonly backfillLimit: number;
  /** A fetch reaches back over at least this many of the newest closed candles. */
  readonly latestCandles: number;
  /** So many of the newest candles are kept in mind: what the exchange sends is compared with them, and gaps among them are asked for again. */
  readonly recheckCandles: number;
  /** Ages at which closed candles are read a second time. */
  readonly rereadAfterHours: readonly number[];
};

/** What to ask for: open times from `fromMs` (inclusive) to `untilMs` (exclusive). */
export type FetchWindow = { readonly fromMs: number; readonly untilMs: number };

export type FetchPlan = FetchWindow & { readonly isBackfill: boolean };

export type FetchInput = {
  /** The scheduled time: candles that end at or before it are wanted. */
  readonly tickMs: number;
  readonly timeframeMs: number;
  /** The series is complete up to here; null when it has no candles yet. */
  readonly completeUntilMs: number | null;
};

/** Where the oldest gap among the newest candles begins, also one that is explained; null when there is none. */
export type RecentGap = { readonly recentGapMs: number | null };

/**
 * From the first candle that is neither stored nor explained, however long ago that was, and always over the newest ones and the gaps among
 * them: what an exchange sends late arrives by itself. The candle before a hole is asked for too, so that an answer shows both sides of it. A
 * series without candles is backfilled.
 */
export function planFetch(
  { tickMs, timeframeMs, completeUntilMs, recentGapMs }: FetchInput & RecentGap,
  settings: FetchSettings,
): FetchPlan {
  const untilMs = floorToGrid(tickMs, timeframeMs);
  if (completeUntilMs === null) return { fromMs: untilMs - settings.backfillLimit * timeframeMs, untilMs, isBackfill: true };
  const firstMs = Math.min(completeUntilMs, recentGapMs ?? completeUntilMs);
  return { fromMs: Math.min(firstMs - timeframeMs, untilMs - settings.latestCandles * timeframeMs), untilMs, isBackfill: false };
}

/** Due when the timeframe's boundary passes at this tick, or when the candle of an earlier boundary is still not there. */
export function isDue({ tickMs, timeframeMs, completeUntilMs }: FetchInput): boolean {
  const untilMs = floorToGrid(tickMs, timeframeMs);
  return untilMs === tickMs || completeUntilMs === null || completeUntilMs < untilMs;
}

/** First open time of the newest candles that are kept in mind. */
export function recheckFromMs(tickMs: number, timeframeMs: number, { latestCandles, recheckCandles }: FetchSettings): number {
  return floorToGrid(tickMs, timeframeMs) - Math.max(recheckCandles, latestCandles) * timeframeMs;
}

const HOUR_MS = 3_600_000;

/** What a turn reads at each age but the last. */
const REREAD_SPAN_MS = HOUR_MS;

/** Rows that an exchange keeps are counted with the open one, and the clock runs on while it is asked. */
const HORIZON_MARGIN_CANDLES = 10;

/** Whether it is this series' turn in the hour to be read a second time. Turns are spread, so that an exchange is not asked for all at once. */
export function isRereadTurn({ tickMs, timeframeMs }: Pick<FetchInput, 'tickMs' | 'timeframeMs'>, spread: number): boolean {
  const ticksAnHour = Math.max(1, HOUR_MS / timeframeMs);
  return tickMs % timeframeMs === 0 && (tickMs / timeframeMs) % ticksAnHour === spread % ticksAnHour;
}

/**
 * Windows of closed candles to read a second time: the hour that has just reached each age, and at the last age everything since
 * `rereadUntilMs`, up to where that has succeeded before. Clipped to what the series has (`fromMs`) and to what the exchange still keeps
 * (`historyCandles`).
 */
export function rereadWindows(
  { tickMs, timeframeMs }: Pick<FetchInput, 'tickMs' | 'timeframeMs'>,
  { rereadAfterHours }: Pick<FetchSettings, 'rereadAfterHours'>,
  {
    fromMs,
    rereadUntilMs,
    historyCandles,
  }: { readonly fromMs: number; readonly rereadUntilMs: number; readonly historyCandles: number | null },
): readonly FetchWindow[] {
  const ends = rereadEnds({ tickMs, timeframeMs }, { rereadAfterHours }, historyCandles);
  const horizonMs = rereadReach({ tickMs, timeframeMs }, { historyCandles });
  return ends
    .map((untilMs, i) => ({ untilMs, fromMs: i === ends.length - 1 ? Math.max(rereadUntilMs, horizonMs) : untilMs - REREAD_SPAN_MS }))
    .map((window) => ({ fromMs: Math.max(fromMs, window.fromMs), untilMs: window.untilMs }))
    .filter((window) => window.fromMs < window.untilMs);
}

function reachMs(historyCandles: number | null, timeframeMs: number): number {
  return historyCandles === null ? Number.POSITIVE_INFINITY : (historyCandles - HORIZON_MARGIN_CANDLES) * timeframeMs;
}

/** Where each age is reached, the last one last; an exchange that keeps too little is read again as late as it allows. */
function rereadEnds(
  { tickMs, timeframeMs }: Pick<FetchInput, 'tickMs' | 'timeframeMs'>,
  { rereadAfterHours }: Pick<FetchSettings, 'rereadAfterHours'>,
  historyCandles: number | null,
): readonly number[] {
  const latestMs = reachMs(historyCandles, timeframeMs) - REREAD_SPAN_MS;
  return rereadAfterHours
    .toSorted((a, b) => a - b)
    .map((hours) => floorToGrid(tickMs, timeframeMs) - Math.min(Math.ceil((hours * HOUR_MS) / timeframeMs) * timeframeMs, latestMs));
}

/** Candles that open before this cannot be read again. */
export function rereadReach(
  { tickMs, timeframeMs }: Pick<FetchInput, 'tickMs' | 'timeframeMs'>,
  { historyCandles }: { readonly historyCandles: number | null },
): number {
  return floorToGrid(tickMs, timeframeMs) - reachMs(historyCandles, timeframeMs);
}

/** Candles that open before this have reached the last age. */
export function rereadDue(
  moment: Pick<FetchInput, 'tickMs' | 'timeframeMs'>,
  settings: Pick<FetchSettings, 'rereadAfterHours'>,
  { historyCandles }: { readonly historyCandles: number | null },
): number {
  return rereadEnds(moment, settings, historyCandles).at(-1) ?? 0;
}

/** The same candles in as few windows as a request of so many candles allows: what lies close together is asked for at once. */
export function mergeWindows(windows: readonly FetchWindow[], timeframeMs: number, maxCandles: number): readonly FetchWindow[] {
  const merged: FetchWindow[] = [];
  for (const window of windows.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    const untilMs = Math.max(window.untilMs, last?.untilMs ?? 0);
    // One more for the row of the open candle.
    if (last !== undefined && (window.fromMs <= last.untilMs || (untilMs - last.fromMs) / timeframeMs + 1 <= maxCandles))
      merged[merged.length - 1] = { fromMs: last.fromMs, untilMs };
    else merged.push(window);
  }
  return merged;
}
