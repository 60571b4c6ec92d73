import type { CandleGap } from '#core/candle-gap.ts';
import type { TimeWindow } from '#core/ports/time-series-db.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import type { Trade } from '#core/trade.ts';
import type { Watermark } from '#core/watermark.ts';
import type { BackfillInput, BackfillPorts } from './backfill-types.ts';
import type { Failure } from './fetch-windows.ts';

/** What a run has done so far, and what it still has to find out. */
export type BackfillRun = {
  readonly timeframeMs: number;
  readonly mark: Watermark | null;
  /** Rows of the ledger that were there before. */
  readonly gaps: readonly CandleGap[];
  readonly edges: ReadonlySet<number>;
  /** Everything before has been looked at. */
  nextMs: number;
  /** Oldest candle that was seen, sent or stored. */
  firstSeenMs: number;
  /** The exchange has answered twice without them; no later candle was seen yet. */
  pending: readonly TimeWindow[];
  /** Rows that this run has written. */
  explained: readonly CandleGap[];
  requests: number;
  stored: number;
  changed: number;
  alreadyThere: number;
  refused: number;
  /** Open times of the candles that were made from trades. */
  readonly fromTrades: Set<number>;
  /** The last trade before the time up to which trades have been read; null when none was. */
  tradesBefore: { readonly trade: Trade; readonly untilMs: number } | null;
  /** Writes rows of the ledger. */
  readonly write: (rows: readonly CandleGap[]) => Promise<void>;
  failure: Failure | null;
};

export function createRun(
  ports: BackfillPorts,
  { series, fromMs }: BackfillInput,
  mark: Watermark | null,
  gaps: readonly CandleGap[],
): BackfillRun {
  const counts = { requests: 0, stored: 0, changed: 0, alreadyThere: 0, refused: 0 };
  const edges = new Set(gaps.map((gap) => gap.fromMs));
  const timeframeMs = TIMEFRAME_MS[series.timeframe];
  const state = { nextMs: fromMs, firstSeenMs: Number.POSITIVE_INFINITY, pending: [], explained: [], failure: null };
  const run: BackfillRun = {
    timeframeMs,
    mark,
    gaps,
    edges,
    ...counts,
    ...state,
    fromTrades: new Set(),
    tradesBefore: null,
    write: (rows) => writeRows(ports, run, rows),
  };
  return run;
}

/**
 * Whether a new candle is one of the past that changed: the watermark had passed it, or the one behind it was stored already, whose indicators
 * begin with it now.
 */
export function cameLate({ mark, timeframeMs }: BackfillRun, openTimeMs: number, isHeld: (openTimeMs: number) => boolean): boolean {
  const isPassed = mark !== null && mark.fromMs <= openTimeMs && openTimeMs < mark.completeUntilMs;
  return isPassed || isHeld(openTimeMs + timeframeMs);
}

async function writeRows({ db }: BackfillPorts, run: BackfillRun, rows: readonly CandleGap[]): Promise<void> {
  if (rows.length === 0) return;
  const before = new Map(run.gaps.map((gap) => [gap.fromMs, gap]));
  const merged = rows.map((row) => {
    const known = before.get(row.fromMs);
    return known === undefined ? row : { ...row, attempts: known.attempts + row.attempts, detectedAtMs: known.detectedAtMs };
  });
  await db.insertCandleGaps(merged);
  run.explained = [...run.explained, ...merged];
}
