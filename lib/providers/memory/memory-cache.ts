import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';

type Held = { readonly fields: Readonly<Record<string, string>>; readonly endsAtMs: number };

/** A cache in this process: for the laptop and for tests. Time to live follows the clock, so it is virtual in a replay. */
export function createMemoryCache(clock: Clock): CacheClient {
  const held = new Map<string, Held>();
  return {
    async writeHashes(entries, ttlSeconds) {
      const endsAtMs = clock.nowMs() + ttlSeconds * 1000;
      for (const { key, fields } of entries) held.set(key, { fields: { ...fields }, endsAtMs });
    },
    async readHash(key) {
      const found = held.get(key);
      if (found === undefined) return null;
      if (found.endsAtMs > clock.nowMs()) return { ...found.fields };
      held.delete(key);
      return null;
    },
    async close() {
      held.clear();
    },
  };
}
