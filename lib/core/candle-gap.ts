import type { Series } from './series.ts';

/**
 * Why candles are not there. `no_trades`: the exchange sends no row for a minute without trades. `exchange_outage`: it left out rows that it
 * must have sent had it worked. `our_outage`: this platform did not ask. `not_listed`: the market is not traded there. `retention_lost`: the
 * exchange no longer has them. `fetch_failed`: it was asked and gave no answer. `unknown`: it answered twice without them, and nothing tells why.
 */
export const GAP_REASONS = [
  'no_trades',
  'exchange_outage',
  'our_outage',
  'not_listed',
  'retention_lost',
  'fetch_failed',
  'unknown',
] as const;

export type GapReason = (typeof GAP_REASONS)[number];

/** `open`: asked for again at every tick; the watermark stands before it. `explained`: the watermark has passed it. `resolved`: its candles are there. */
export const GAP_STATES = ['open', 'explained', 'resolved'] as const;

export type GapState = (typeof GAP_STATES)[number];

/** A run of missing candles of a series: open times from `fromMs` (inclusive) to `untilMs` (exclusive), UTC ms. */
export type CandleGap = {
  readonly series: Series;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly reason: GapReason;
  /** What the reason was concluded from, for a person to read. */
  readonly evidence: string;
  readonly state: GapState;
  /** Answers of the exchange that had a candle behind the gap and none in it. */
  readonly attempts: number;
  /** When it is asked for again, beside the regular second reading of all candles; null: not of its own. UTC ms. */
  readonly nextTryMs: number | null;
  readonly detectedAtMs: number;
  readonly resolvedAtMs: number | null;
  /** From where the candles came; empty while they are missing. `trades`: made from the exchange's public trades. */
  readonly resolvedBy: '' | 'rest' | 'backfill' | 'trades';
  /** Of this row: of two rows for one gap the later wins. */
  readonly updatedAtMs: number;
};
