export type CacheEntry = { readonly key: string; readonly fields: Readonly<Record<string, string>> };

/** Short-lived values that readers want fast (Redis or its like). Never the only copy of anything. */
export interface CacheClient {
  /** Replaces each hash as a whole; every key ends after `ttlSeconds`. One round trip for all entries. */
  writeHashes(entries: readonly CacheEntry[], ttlSeconds: number): Promise<void>;
  /** The hash, or null when there is none or its time is over. */
  readHash(key: string): Promise<Readonly<Record<string, string>> | null>;
  close(): Promise<void>;
}
