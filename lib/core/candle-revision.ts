import type { StoredCandle } from './candle.ts';
import type { Series } from './series.ts';

/** A change of the stored past: another version of a candle, or one that came when newer ones were there already. */
export type CandleRevision = {
  readonly series: Series;
  readonly openTimeMs: number;
  /** What was stored before; null for a candle that came late. */
  readonly before: StoredCandle | null;
  readonly after: StoredCandle;
  readonly detectedAtMs: number;
};
