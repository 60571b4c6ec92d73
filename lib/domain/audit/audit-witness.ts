import type { AuditFinding } from '#core/audit-finding.ts';
import type { Candle } from '#core/candle.ts';
import type { Series } from '#core/series.ts';
import type { TradeMinute } from '#core/trade-minute.ts';

const COMPARED = ['open', 'high', 'low', 'close', 'volume'] as const;

/**
 * Where the exchange's candle is not what its own trades were. Only minutes of which every trade was seen are witnesses; trades that were made
 * up from the candle prove nothing.
 */
export function auditWitness(series: Series, candles: readonly Candle[], minutes: readonly TradeMinute[]): readonly AuditFinding[] {
  const byTime = new Map(candles.map((candle) => [candle.openTimeMs, candle]));
  return minutes.flatMap((minute) => {
    const candle = byTime.get(minute.openTimeMs);
    if (candle === undefined || !isWitness(minute)) return [];
    const wrong = COMPARED.filter((field) => candle[field] !== minute[field]);
    if (wrong.length === 0) return [];
    const message = wrong.map((field) => `${field} ${candle[field]}, its ${minute.tradeCount} trades say ${minute[field]}`).join('; ');
    return [{ check: 'witness' as const, series, openTimeMs: minute.openTimeMs, message }];
  });
}

/** Whether the minute may be held against a candle. */
export function isWitness({ isComplete, isSynthetic }: TradeMinute): boolean {
  return isComplete && !isSynthetic;
}
