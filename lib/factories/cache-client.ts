import type { Config } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createRedisCache } from '#providers/redis/redis-cache.ts';
import { createSystemRandom } from '#providers/system/system-random.ts';

export type CacheClientOptions = {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

type Make = (config: Config, options: CacheClientOptions) => CacheClient;

const PROVIDERS = {
  memory: (_config, { clock }) => createMemoryCache(clock),
  redis(config, { timer, environment }) {
    const { url, username, deadlineMs } = config.databases.cache;
    return createRedisCache({
      url,
      username,
      password: redisPassword(config, environment),
      deadlineMs,
      timer,
      random: createSystemRandom(),
    });
  },
} as const satisfies Record<Config['databases']['cache']['provider'], Make>;

/** The cache that `databases.cache.provider` names. Nothing is connected yet. */
export function createCacheClient(config: Config, options: CacheClientOptions): CacheClient {
  return PROVIDERS[config.databases.cache.provider](config, options);
}

/** A server without passwords is usual on a laptop; a user without one is not. */
function redisPassword(config: Config, environment: CacheClientOptions['environment']): string {
  const { username, passwordEnv } = config.databases.cache;
  const password = environment[passwordEnv];
  if (password === undefined && username !== '') {
    throw new ConfigError(
      `environment: ${passwordEnv} is not set, expected the password of Redis user "${username}" (config/databases.yaml: cache.password_env); set it`,
    );
  }
  return password ?? '';
}
