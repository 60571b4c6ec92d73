import type { Series } from './series.ts';

/**
 * How far a series is complete: every open time from `fromMs` (inclusive) to `completeUntilMs` (exclusive) is stored, or is in the ledger of
 * gaps with a reason. UTC ms. It only moves forward, and never ahead of what is stored.
 */
export type Watermark = {
  readonly series: Series;
  readonly fromMs: number;
  readonly completeUntilMs: number;
  /** Every candle before has been read again, and compared, at the last of the configured ages. */
  readonly rereadUntilMs: number;
  readonly updatedAtMs: number;
};
