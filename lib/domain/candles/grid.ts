/** The last boundary of the timeframe at or before the time: the end (exclusive) of the newest candle that can be closed then. */
export function floorToGrid(timeMs: number, timeframeMs: number): number {
  return Math.floor(timeMs / timeframeMs) * timeframeMs;
}

/** A stretch of missing candles: first and last open time, and how many. */
export type Hole = { readonly firstMs: number; readonly lastMs: number; readonly candles: number };

/** Stretches of the grid from `fromMs` (inclusive, on the grid) to `untilMs` (exclusive) for which there is no open time. */
export function holesOf(
  openTimes: Pick<ReadonlySet<number>, 'has'>,
  fromMs: number,
  untilMs: number,
  timeframeMs: number,
): readonly Hole[] {
  const holes: Hole[] = [];
  let firstMs: number | null = null;
  for (let timeMs = fromMs; timeMs <= untilMs; timeMs += timeframeMs) {
    const isMissing = timeMs < untilMs && !openTimes.has(timeMs);
    if (isMissing) firstMs ??= timeMs;
    if (isMissing || firstMs === null) continue;
    holes.push({ firstMs, lastMs: timeMs - timeframeMs, candles: (timeMs - firstMs) / timeframeMs });
    firstMs = null;
  }
  return holes;
}
