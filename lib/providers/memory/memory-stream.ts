import type { StreamClient, StreamRecord } from '#core/ports/stream-client.ts';

export type MemoryStream = StreamClient & {
  /** What is held now, oldest first. */
  records(): readonly StreamRecord[];
  /** How many were dropped since the start, because newer ones needed their place. */
  dropped(): number;
};

/** A stream in this process: for the laptop and for tests. Holds at most `maxRecords`; drops the oldest and counts them. */
export function createMemoryStream({ maxRecords }: { readonly maxRecords: number }): MemoryStream {
  // A map keeps the order of insertion and lets go of its first entry cheaply.
  const held = new Map<number, StreamRecord>();
  let next = 0;
  let dropped = 0;
  // Not slice(): that of a Buffer shares its memory.
  const copyOf = ({ partitionKey, data }: StreamRecord): StreamRecord => ({ partitionKey, data: new Uint8Array(data) });
  return {
    async putRecords(records) {
      for (const record of records) {
        held.set(next++, copyOf(record));
        if (held.size > maxRecords) held.delete(dropped++);
      }
    },
    records: () => Array.from(held.values(), copyOf),
    dropped: () => dropped,
    close: async () => {},
  };
}
