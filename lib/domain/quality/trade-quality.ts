import type { Trade, TradeSource } from '#core/trade.ts';
import type { QualitySettings, QualityVerdict } from './quality-verdict.ts';
import { checkTime } from './time-check.ts';

export type TradeQualityChecks = {
  /** Judges trades of all exchanges in the order in which they come; remembers what it needs of each market. */
  check(trade: Trade, nowMs: number, source: TradeSource): QualityVerdict;
};

export function createTradeQuality(settings: QualitySettings): TradeQualityChecks {
  return {
    check: (trade, nowMs, source) => checkTime(trade, nowMs, source, settings),
  };
}
