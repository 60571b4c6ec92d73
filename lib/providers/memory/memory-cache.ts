import type { CacheClient, CacheEntry } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import { compareTradeIds } from '#core/trade-id.ts';

type Held = { readonly fields: Readonly<Record<string, string>>; readonly endsAtMs: number };

/** A cache in this process: for the laptop and for tests. Time to live follows the clock, so it is virtual in a replay. */
export function createMemoryCache(clock: Clock): CacheClient {
  const held = new Map<string, Held>();

  const write = ({ key, fields }: CacheEntry, ttlSeconds: number): void => {
    held.set(key, { fields: { ...fields }, endsAtMs: clock.nowMs() + ttlSeconds * 1000 });
  };
  const read = (key: string): Readonly<Record<string, string>> | null => {
    const found = held.get(key);
    if (found === undefined) return null;
    if (found.endsAtMs > clock.nowMs()) return found.fields;
    held.delete(key);
    return null;
  };

  return {
    async writeHashes(entries, ttlSeconds) {
      for (const entry of entries) write(entry, ttlSeconds);
    },
    async advanceHashes(entries, ttlSeconds) {
      let replaced = 0;
      for (const { key, fields, orderMs, orderId } of entries) {
        if (!isNewer(orderMs, orderId, read(key))) continue;
        write({ key, fields: { ...fields, event_time: String(orderMs), trade_id: orderId } }, ttlSeconds);
        replaced++;
      }
      return replaced;
    },
    async readHash(key) {
      const fields = read(key);
      return fields === null ? null : { ...fields };
    },
    async close() {
      held.clear();
    },
  };
}

/** What is stored without a readable order is older than anything. */
function isNewer(orderMs: number, orderId: string, stored: Readonly<Record<string, string>> | null): boolean {
  const storedMs = stored?.['event_time'];
  const storedId = stored?.['trade_id'];
  if (storedMs === undefined || storedId === undefined || !/^\d+$/.test(storedMs)) return true;
  if (orderMs !== Number(storedMs)) return orderMs > Number(storedMs);
  return compareTradeIds(orderId, storedId) > 0;
}
