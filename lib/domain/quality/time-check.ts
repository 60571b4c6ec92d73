import type { Trade, TradeSource } from '#core/trade.ts';
import { GOOD, type QualityVerdict, type TimeSettings } from './quality-verdict.ts';

const TOO_OLD: QualityVerdict = { verdict: 'refused', reason: 'event time is too far in the past' };
const TOO_EARLY: QualityVerdict = { verdict: 'refused', reason: 'event time is in the future' };

/** A live trade is about as old as it took to come. Trades that were asked for later are as old as they are. */
export function checkTime(
  { eventTimeMs }: Trade,
  nowMs: number,
  source: TradeSource,
  { maxAgeMs, maxAheadMs }: TimeSettings,
): QualityVerdict {
  if (eventTimeMs > nowMs + maxAheadMs) return TOO_EARLY;
  return source !== 'rest' && eventTimeMs < nowMs - maxAgeMs ? TOO_OLD : GOOD;
}
