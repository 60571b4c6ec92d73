import type { PlatformStatus, SeriesStatus } from '#local/platform-status.ts';
import { duration, utcMinute } from './format.ts';

export type FreshnessState = 'waiting' | 'fresh' | 'stale' | 'ended' | 'lost';

export type Freshness = { readonly state: FreshnessState; readonly text: string };

const TICK_MS = 60_000;
const STALE_TICKS = 3;

export const CONNECTION_LOST: Freshness = { state: 'lost', text: 'connection lost, retrying' };

/** What to say about the newest candle of the series shown: never an old candle as if it were new. Ages are in the platform's time. */
export function freshnessOf(status: PlatformStatus, series: SeriesStatus | undefined, timeframeMs: number): Freshness {
  const newestMs = series?.newestOpenTimeMs ?? null;
  if (series === undefined || newestMs === null) return { state: 'waiting', text: `no candle yet \u00b7 ${status.phase}` };
  const ageMs = status.nowMs - (newestMs + timeframeMs);
  const age = ageMs <= 0 ? 'just closed' : `closed ${duration(ageMs)} ago${status.mode === 'replay' ? ' in replay time' : ''}`;
  const facts = `newest candle ${utcMinute(newestMs)} UTC \u00b7 ${age} \u00b7 ${missingText(series.missing)}`;
  if (status.phase === 'recording ended' || status.phase === 'stopping') return { state: 'ended', text: `${status.phase} \u00b7 ${facts}` };
  const reason = status.phase === 'running' ? staleReason(status, newestMs, timeframeMs) : null;
  return reason === null ? { state: 'fresh', text: facts } : { state: 'stale', text: `stale: ${reason} \u00b7 ${facts}` };
}

function staleReason({ nowMs, tickMs }: PlatformStatus, newestMs: number, timeframeMs: number): string | null {
  const sinceTickMs = tickMs === null ? 0 : nowMs - tickMs;
  if (sinceTickMs > STALE_TICKS * TICK_MS) return `no tick for ${duration(sinceTickMs)}`;
  const overdueMs = nowMs - (newestMs + 2 * timeframeMs);
  return overdueMs > STALE_TICKS * TICK_MS ? `the next candle is overdue by ${duration(overdueMs)}` : null;
}

function missingText(missing: number): string {
  if (missing === 0) return 'none missing';
  return missing === 1 ? '1 candle missing' : `${missing} candles missing`;
}
