import type { Config } from '#config/load.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';

const PROVIDERS = {
  memory: createMemoryCache,
} as const satisfies Record<Config['databases']['cache']['provider'], (clock: Clock) => CacheClient>;

export function createCacheClient(config: Config, clock: Clock): CacheClient {
  return PROVIDERS[config.databases.cache.provider](clock);
}
