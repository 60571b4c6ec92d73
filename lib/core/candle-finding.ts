import type { Series } from './series.ts';

/** What a candle is held against: trades of the live stream, trades of the archive, its own minutes. */
export type FindingWitness = 'stream' | 'archive' | 'roll-up';

/** A candle and a witness that say different things. Stays in the store also after it was settled. */
export type CandleFinding = {
  readonly series: Series;
  readonly openTimeMs: number;
  readonly witness: FindingWitness;
  /** What both say, with the values. */
  readonly message: string;
  readonly foundAtMs: number;
  /** When a later look found them to agree; null while they do not. */
  readonly settledAtMs: number | null;
  /** Of two rows for one candle and witness the later wins. */
  readonly updatedAtMs: number;
};
