import type { Clock } from '#core/ports/clock.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { cacheClientContract } from '../../contracts/cache-client.contract.ts';

cacheClientContract('the memory cache', async () => {
  let nowMs = Date.UTC(2023, 2, 11);
  const clock: Clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
  return {
    cache: createMemoryCache(clock),
    passSeconds: async (seconds) => {
      nowMs += seconds * 1000;
    },
  };
});
