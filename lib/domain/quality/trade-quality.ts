import type { Trade, TradeSource } from '#core/trade.ts';
import { checkTime } from './time-check.ts';

export type QualitySettings = {
  /** How far a live trade's event time may lie behind and before the time of its receipt, ms. */
  readonly maxAgeMs: number;
  readonly maxAheadMs: number;
};

/** `refused`: no trade at all, never published. `suspicious`: kept and flagged, and not the latest price. `reason` is empty for a good one. */
export type QualityVerdict = { readonly verdict: 'good' | 'suspicious' | 'refused'; readonly reason: string };

export type TradeQualityChecks = {
  /** Judges trades of all exchanges in the order in which they come; remembers what it needs of each market. */
  check(trade: Trade, nowMs: number, source: TradeSource): QualityVerdict;
};

export function createTradeQuality(settings: QualitySettings): TradeQualityChecks {
  return {
    check: (trade, nowMs, source) => checkTime(trade, nowMs, source, settings),
  };
}
