import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import type { SharedMemory } from '#providers/ccxt/exchange-pause.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';

export type ExchangeRestApiParts = {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** Where proxies are named. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Carries pauses and the last good list of markets to other processes; without it they are known in this one only. */
  readonly cache?: SharedMemory | undefined;
  /** A recorded exchange's, goes before the configured one. */
  readonly restUrl?: string | undefined;
};

/** REST access to one exchange. */
export function createExchangeRestApi(config: Config, exchange: Exchange, parts: ExchangeRestApiParts): ExchangeRestApi {
  return createCcxtRestApi({
    ...parts,
    exchange,
    restUrl: parts.restUrl ?? config.exchanges[exchange]?.restUrl,
    cache: parts.cache ?? createMemoryCache(parts.clock),
    deadlineMs: config.sync.requestDeadlineMs,
  });
}
