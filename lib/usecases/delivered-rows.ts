export type DeliveredRows<Row> = {
  /** Takes rows whose trades have been offered to the stream by now. */
  add(rows: readonly Row[]): void;
  /** Those whose trades are out, in the order in which they were added; each once. */
  take(): readonly Row[];
  counts(): { readonly waiting: number; readonly dropped: number };
};

type Waiting<Row> = { readonly mark: number; readonly rows: readonly Row[]; isSafe: (() => boolean) | null };

const MAX_WAITING = 2000;

/**
 * Rows on their way to the store that say of trades that they are there: minutes, behind whose newest the next run begins, and gaps that have
 * ended. None may be stored before its trades are safe: those of a later crash would be neither delivered nor looked for. `offered` and `settled`
 * count trades of the publisher, `checkpoint` asks the stream whether what it has taken until now would survive this process. What waits too long
 * is dropped and counted: the next run finds it out again.
 */
export function createDeliveredRows<Row>(
  publisher: { readonly offered: () => number; readonly settled: () => number },
  checkpoint: () => () => boolean,
): DeliveredRows<Row> {
  let waiting: Waiting<Row>[] = [];
  let dropped = 0;
  return {
    add(rows) {
      if (rows.length === 0) return;
      waiting.push({ mark: publisher.offered(), rows, isSafe: null });
      if (waiting.length <= MAX_WAITING) return;
      dropped += waiting[0]?.rows.length ?? 0;
      waiting = waiting.slice(1);
    },
    take() {
      const settled = publisher.settled();
      for (const one of waiting) if (one.mark <= settled) one.isSafe ??= checkpoint();
      const firstUnsafe = waiting.findIndex(({ isSafe }) => isSafe?.() !== true);
      const safe = firstUnsafe === -1 ? waiting : waiting.slice(0, firstUnsafe);
      waiting = waiting.slice(safe.length);
      return safe.flatMap(({ rows }) => rows);
    },
    counts: () => ({ waiting: waiting.reduce((sum, { rows }) => sum + rows.length, 0), dropped }),
  };
}
