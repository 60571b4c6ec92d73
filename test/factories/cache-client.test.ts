import { expect, test } from 'vitest';
import { createCacheClient } from '#factories/cache-client.ts';
import { shippedConfig } from './shipped-config.ts';

test('the cache is the one of databases.yaml, and follows the clock', async () => {
  let nowMs = 0;
  const cache = createCacheClient(shippedConfig(), { nowMs: () => nowMs, sleepUntil: async () => {} });
  await cache.writeHashes([{ key: 'a', fields: { value: '1' } }], 10);
  expect(await cache.readHash('a')).toEqual({ value: '1' });
  nowMs = 10_000;
  expect(await cache.readHash('a')).toBeNull();
});
