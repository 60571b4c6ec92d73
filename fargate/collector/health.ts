import type { Exchange } from '#core/exchange.ts';
import type { CollectReport } from '#usecases/collect-trades.ts';

/** What a collector says of itself, for whoever watches its container. Times UTC ms. */
export type CollectorHealth = {
  readonly atMs: number;
  readonly isHealthy: boolean;
  /** In words, one for each exchange that is not well; empty when all are. */
  readonly problems: readonly string[];
};

/** No message of any kind, heartbeats included, for so long: the exchange does not reach us. */
const SILENT_MS = 15_000;

/**
 * Healthy is: each exchange has a socket open, sent something within 15 s, and has none of its markets still waiting for a first answer. Where
 * nothing but trades tells that an exchange is there, the open socket is all.
 */
export function healthOf({ exchanges }: Pick<CollectReport, 'exchanges'>, nowMs: number): CollectorHealth {
  const problems = (Object.entries(exchanges) as [Exchange, NonNullable<CollectReport['exchanges'][Exchange]>][]).flatMap(
    ([exchange, { feed }]) => {
      const problem = problemOf(feed, nowMs);
      return problem === null ? [] : [`${exchange}: ${problem}`];
    },
  );
  return { atMs: nowMs, isHealthy: problems.length === 0, problems };
}

function problemOf(
  { hasHeartbeats, openSockets, newestMessageMs, symbols }: NonNullable<CollectReport['exchanges'][Exchange]>['feed'],
  nowMs: number,
): string | null {
  if (openSockets === 0) return 'no socket is open';
  // A quiet market says nothing there, and one that never trades stays pending.
  if (!hasHeartbeats) return null;
  if (newestMessageMs === null) return 'nothing has arrived yet';
  if (nowMs - newestMessageMs > SILENT_MS) return `nothing has arrived for ${Math.round((nowMs - newestMessageMs) / 1000)} s`;
  const pending = [...symbols.values()].filter((state) => state === 'pending').length;
  return pending === 0 ? null : `${pending} of ${symbols.size} markets are not subscribed yet`;
}
