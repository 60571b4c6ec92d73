import type { CandleGap } from '#core/candle-gap.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';

/** Open times of the minutes without a candle of which the ledger says that nothing was traded in them. */
export function quietMinutes(gaps: readonly CandleGap[]): ReadonlySet<number> {
  const quiet = new Set<number>();
  for (const { series, reason, state, fromMs, untilMs } of gaps)
    if (series.timeframe === '1m' && reason === 'no_trades' && state === 'explained')
      for (let timeMs = fromMs; timeMs < untilMs; timeMs += TIMEFRAME_MS['1m']) quiet.add(timeMs);
  return quiet;
}
