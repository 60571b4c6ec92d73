import type { AuditFinding } from '#core/audit-finding.ts';
import type { Candle } from '#core/candle.ts';
import type { Series } from '#core/series.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import { differingFigures } from '../candles/compare.ts';

/**
 * Where the exchange's candle is not what its own trades were. Only minutes of which every trade was seen are witnesses; trades that were made
 * up from the candle prove nothing.
 */
export function auditWitness(series: Series, candles: readonly Candle[], minutes: readonly TradeMinute[]): readonly AuditFinding[] {
  const byTime = new Map(candles.map((candle) => [candle.openTimeMs, candle]));
  return minutes.flatMap((minute) => {
    const candle = byTime.get(minute.openTimeMs);
    if (candle === undefined || !isWitness(minute)) return [];
    const message = tradesDifference(candle, minute);
    if (message === null) return [];
    return [{ check: 'witness' as const, series, openTimeMs: minute.openTimeMs, message }];
  });
}

/** What a candle and its trades say differently, with both values; null when they agree. */
export function tradesDifference(candle: Candle, minute: TradeMinute): string | null {
  const wrong = differingFigures(candle, minute);
  if (wrong.length === 0) return null;
  return wrong.map((figure) => `${figure} ${candle[figure]}, its ${minute.tradeCount} trades say ${minute[figure]}`).join('; ');
}

/** Whether the minute may be held against a candle. */
export function isWitness({ isComplete, isSynthetic }: TradeMinute): boolean {
  return isComplete && !isSynthetic;
}
