import type { SyncReport } from './sync-candles.ts';

export type SyncFreshness = {
  /** How long before the tick the exchange's newest closed minute ended; null when it has none. Quiet markets do not make it old. */
  readonly ageSeconds: number | null;
  /** Closed candles that are missing because they could not be fetched. Those that the exchange does not send are in `missing` alone. */
  readonly unfetched: number;
};

const MINUTE_MS = 60_000;

/** What an alarm needs to know of a tick: is the newest candle new, and does anything wait to be fetched? */
export function freshnessOf({ series, tickMs }: Pick<SyncReport, 'series' | 'tickMs'>): SyncFreshness {
  const newestMs = series.flatMap(({ series: { timeframe }, newestOpenTimeMs }) =>
    timeframe === '1m' && newestOpenTimeMs !== null ? [newestOpenTimeMs] : [],
  );
  const unfetched = series
    .filter(({ missingReason }) => missingReason === 'fetch_failed')
    .reduce((total, { missing }) => total + missing.reduce((sum, { candles }) => sum + candles, 0), 0);
  return { ageSeconds: newestMs.length === 0 ? null : Math.max(0, tickMs - MINUTE_MS - Math.max(...newestMs)) / 1000, unfetched };
}
