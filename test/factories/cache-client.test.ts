import { describe, expect, test } from 'vitest';
import { createCacheClient } from '#factories/cache-client.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { shippedConfig } from './shipped-config.ts';

const timer = createSystemTimer();
const REDIS = { TIDEMARK_DATABASES__CACHE__PROVIDER: 'redis', TIDEMARK_DATABASES__CACHE__URL: 'redis://127.0.0.1:1' };

describe('the cache', () => {
  test('is the one of databases.yaml, and follows the clock', async () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
    const cache = createCacheClient(shippedConfig(), { clock, timer, environment: {} });
    await cache.writeHashes([{ key: 'a', fields: { value: '1' } }], 10);
    expect(await cache.readHash('a')).toEqual({ value: '1' });
    nowMs = 10_000;
    expect(await cache.readHash('a')).toBeNull();
  });

  const clock = { nowMs: () => 0, sleepUntil: async () => {} };

  test('is a Redis server when databases.yaml says so', async () => {
    const cache = createCacheClient(shippedConfig(REDIS), { clock, timer, environment: {} });
    await expect(cache.readHash('a')).rejects.toThrow(/^the cache could not be asked for a hash: .*ECONNREFUSED/);
    await cache.close();
  });

  test('wants a password for a named user, and says where it comes from', () => {
    const config = shippedConfig({ ...REDIS, TIDEMARK_DATABASES__CACHE__USERNAME: 'collector' });
    expect(() => createCacheClient(config, { clock, timer, environment: {} })).toThrow(
      'environment: REDIS_PASSWORD is not set, expected the password of Redis user "collector" (config/databases.yaml: cache.password_env); set it',
    );
  });
});
