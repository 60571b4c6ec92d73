export type CacheEntry = { readonly key: string; readonly fields: Readonly<Record<string, string>> };

/**
 * A hash that only moves forward. `orderMs` and then `orderId` (decimal digits compared as numbers, anything else as text) say which of two
 * is the newer one; they are stored in the fields `event_time` and `trade_id`.
 */
export type OrderedCacheEntry = CacheEntry & { readonly orderMs: number; readonly orderId: string };

/** Short-lived values that readers want fast (Redis or its like). Never the only copy of anything. */
export interface CacheClient {
  /** Replaces each hash as a whole; every key ends after `ttlSeconds`. One round trip for all entries. */
  writeHashes(entries: readonly CacheEntry[], ttlSeconds: number): Promise<void>;
  /**
   * Replaces each hash whose stored order is lower, or that does not exist; leaves the others as they are, their TTL included. The
   * comparison happens where the values are, so that several writers cannot undo each other. Resolves to how many were replaced.
   */
  advanceHashes(entries: readonly OrderedCacheEntry[], ttlSeconds: number): Promise<number>;
  /** The hash, or null when there is none or its time is over. */
  readHash(key: string): Promise<Readonly<Record<string, string>> | null>;
  close(): Promise<void>;
}
