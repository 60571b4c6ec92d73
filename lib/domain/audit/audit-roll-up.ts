import type { AuditFinding } from '#core/audit-finding.ts';
import type { Candle } from '#core/candle.ts';
import type { Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { differingFigures } from '../candles/compare.ts';
import { rollUpCandles } from '../trades/candles-of-trades.ts';

/**
 * Where a longer candle is not what the minutes of its time add up to. Compared only where all of them are there or `isEmpty` says that
 * nothing was traded in the missing ones. A minute without volume decides no price while another one has volume: an exchange opens a longer
 * candle with its first trade.
 */
export function auditRollUp(
  series: Series,
  longer: readonly Candle[],
  minutes: readonly Candle[],
  isEmpty: (openTimeMs: number) => boolean,
): readonly AuditFinding[] {
  return comparable(series, longer, minutes, isEmpty).flatMap(({ candle, sum }) => {
    const wrong = differingFigures(candle, sum);
    if (wrong.length === 0) return [];
    const message = wrong.map((field) => `${field} ${candle[field]}, its minutes say ${sum[field]}`).join('; ');
    return [{ check: 'roll-up' as const, series, openTimeMs: candle.openTimeMs, message }];
  });
}

/** Open times of the longer candles that `auditRollUp` compares. */
export function comparedRollUps(...given: Parameters<typeof auditRollUp>): readonly number[] {
  return comparable(...given).map(({ candle }) => candle.openTimeMs);
}

function comparable(
  series: Series,
  longer: readonly Candle[],
  minutes: readonly Candle[],
  isEmpty: (openTimeMs: number) => boolean,
): readonly { readonly candle: Candle; readonly sum: Candle }[] {
  const stepMs = TIMEFRAME_MS[series.timeframe];
  const groups = Map.groupBy(minutes, ({ openTimeMs }) => Math.floor(openTimeMs / stepMs) * stepMs);
  return longer.flatMap((candle) => {
    const all = groups.get(candle.openTimeMs) ?? [];
    if (all.length === 0 || !isWhole(candle.openTimeMs, stepMs, all, isEmpty)) return [];
    const traded = all.filter(({ volume }) => volume !== '0');
    const [sum] = rollUpCandles(traded.length === 0 ? all : traded, stepMs);
    return sum === undefined ? [] : [{ candle, sum }];
  });
}

function isWhole(openTimeMs: number, stepMs: number, minutes: readonly Candle[], isEmpty: (timeMs: number) => boolean): boolean {
  const there = new Set(minutes.map((minute) => minute.openTimeMs));
  for (let timeMs = openTimeMs; timeMs < openTimeMs + stepMs; timeMs += TIMEFRAME_MS['1m'])
    if (!there.has(timeMs) && !isEmpty(timeMs)) return false;
  return true;
}
