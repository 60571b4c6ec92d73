import type { CandleGap } from '#core/candle-gap.ts';
import type { TimeWindow } from '#core/ports/time-series-db.ts';
import { holesOf } from './grid.ts';

/** Adds open times (ascending) to runs of missing candles. A run never reaches over one of `edges`: a row of the ledger that begins there keeps its place. */
export function withMissing(
  runs: readonly TimeWindow[],
  times: readonly number[],
  timeframeMs: number,
  edges: ReadonlySet<number>,
): readonly TimeWindow[] {
  const all = [...runs];
  for (const timeMs of times) {
    const last = all.at(-1);
    const untilMs = timeMs + timeframeMs;
    if (last?.untilMs === timeMs && !edges.has(timeMs)) all[all.length - 1] = { fromMs: last.fromMs, untilMs };
    else all.push({ fromMs: timeMs, untilMs });
  }
  return all;
}

export type SettledGap = {
  readonly gap: CandleGap;
  /** Open times in the gap for which there is a candle now. */
  readonly stored: ReadonlySet<number>;
  /** Rows of the ledger that have been written since, and say more. */
  readonly newer: readonly CandleGap[];
  readonly timeframeMs: number;
  readonly nowMs: number;
  readonly by: 'backfill' | 'trades';
};

/** Rows that replace a gap after candles of it have come, or parts of it were explained anew; none when nothing of it has changed. */
export function settledRows({ gap, stored, newer, timeframeMs, nowMs, by }: SettledGap): readonly CandleGap[] {
  const overlapping = newer.filter(({ fromMs, untilMs }) => fromMs < gap.untilMs && gap.fromMs < untilMs);
  if (stored.size === 0 && overlapping.length === 0) return [];
  const covered = new Set(stored);
  for (const { fromMs, untilMs } of overlapping) for (let timeMs = fromMs; timeMs < untilMs; timeMs += timeframeMs) covered.add(timeMs);
  const rest = holesOf(covered, gap.fromMs, gap.untilMs, timeframeMs).map(({ firstMs, lastMs }): CandleGap => ({
    ...gap,
    fromMs: firstMs,
    untilMs: lastMs + timeframeMs,
    updatedAtMs: nowMs,
  }));
  if (!stored.has(gap.fromMs)) return rest;
  const filledUntilMs = holesOf(stored, gap.fromMs, gap.untilMs, timeframeMs)[0]?.firstMs ?? gap.untilMs;
  const resolution = { state: 'resolved', nextTryMs: null, resolvedAtMs: nowMs, resolvedBy: by, updatedAtMs: nowMs } as const;
  return [{ ...gap, untilMs: filledUntilMs, ...resolution }, ...rest];
}

/**
 * Whether a candle of the gap is worth another request: not where nobody traded, and not what the exchange no longer has, unless it can be made
 * from trades that nobody has asked for yet.
 */
export function isOwed({ state, reason, attempts }: Pick<CandleGap, 'state' | 'reason' | 'attempts'>, servesPastTrades = false): boolean {
  if (state === 'explained' && reason === 'retention_lost') return servesPastTrades && attempts === 0;
  return state === 'open' || (state === 'explained' && reason !== 'no_trades');
}
