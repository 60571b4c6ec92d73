import type { Series } from './series.ts';

/** What an audit looks for. Each finding names the check that made it. */
export const AUDIT_CHECKS = [
  'grid',
  'order',
  'duplicate',
  'prices',
  'finality',
  'unexplained gap',
  'candle in a gap',
  'open gap',
  'watermark',
  'roll-up',
  'witness',
  'indicator',
] as const;

export type AuditCheck = (typeof AUDIT_CHECKS)[number];

export type AuditFinding = {
  readonly check: AuditCheck;
  readonly series: Series;
  /** Open time of the candle it is about, UTC ms. */
  readonly openTimeMs: number;
  /** Where it is about a run of candles that are missing: how many, from `openTimeMs` on. */
  readonly candles?: number;
  /** What is wrong, with the values. */
  readonly message: string;
};
