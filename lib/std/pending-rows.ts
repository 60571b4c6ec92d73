export type PendingRows<T> = {
  /** Takes rows; a row replaces one of the same key that has not been written, unless that is newer. Never throws. */
  add(rows: readonly T[]): void;
  /** Writes what waits. Rejects with the writer's error; the rows then wait for the next call. */
  write(): Promise<void>;
  counts(): { readonly waiting: number; readonly written: number; readonly dropped: number };
};

/** Rows on their way to a store that may be away: at most `limit` wait, beyond that the oldest are dropped and counted. */
export function createPendingRows<T>(
  limit: number,
  keyOf: (row: T) => string,
  writeRows: (rows: readonly T[]) => Promise<void>,
  isNewer: (held: T, row: T) => boolean = () => false,
): PendingRows<T> {
  // A map keeps the order in which keys came.
  const waiting = new Map<string, T>();
  let written = 0;
  let dropped = 0;
  return {
    add(rows) {
      for (const row of rows) {
        const held = waiting.get(keyOf(row));
        if (held === undefined || !isNewer(held, row)) waiting.set(keyOf(row), row);
      }
      for (const key of waiting.keys()) {
        if (waiting.size <= limit) break;
        waiting.delete(key);
        dropped += 1;
      }
    },
    async write() {
      const taken = [...waiting];
      if (taken.length === 0) return;
      await writeRows(taken.map(([, row]) => row));
      written += taken.length;
      // What was replaced while it was written waits in its new form.
      for (const [key, row] of taken) if (waiting.get(key) === row) waiting.delete(key);
    },
    counts: () => ({ waiting: waiting.size, written, dropped }),
  };
}
