import type { Clock } from '#core/ports/clock.ts';
import type { StreamClient, StreamRecord } from '#core/ports/stream-client.ts';

/** A record as its reader gets it. Sequences grow by one, from 0; a dropped record leaves a hole. */
type ReceivedRecord = StreamRecord & { readonly sequence: number; readonly arrivedAtMs: number };

export type MemoryStream = StreamClient & {
  /** What is held now, oldest first. */
  records(): readonly StreamRecord[];
  /** How many were dropped since the start, because newer ones needed their place. */
  dropped(): number;
  /** The oldest records, at most so many, oldest first. They stay until they are acknowledged: the same again after a failure. */
  take(maxRecords: number): readonly ReceivedRecord[];
  /** Lets go of every record up to this sequence, inclusive. */
  acknowledge(throughSequence: number): void;
  /** Of everything that was put until now: whether it has been acknowledged, whenever that is asked. */
  checkpoint(): () => boolean;
};

export type MemoryStreamOptions = {
  readonly maxRecords: number;
  /** Stamps arrival times; without it they are 0. */
  readonly clock?: Pick<Clock, 'nowMs'>;
};

/** A stream in this process: for the laptop and for tests. Holds at most `maxRecords`; drops the oldest and counts them. */
export function createMemoryStream({ maxRecords, clock }: MemoryStreamOptions): MemoryStream {
  // A map keeps the order of insertion and lets go of its first entry cheaply.
  const held = new Map<number, ReceivedRecord>();
  let next = 0;
  let dropped = 0;
  let acknowledged = -1;
  // Not slice(): that of a Buffer shares its memory.
  const copyOf = ({ partitionKey, data }: StreamRecord): StreamRecord => ({ partitionKey, data: new Uint8Array(data) });
  const dropOldest = (): void => {
    const [oldest] = held.keys();
    if (oldest !== undefined) held.delete(oldest);
    dropped++;
  };
  return {
    async putRecords(records) {
      const arrivedAtMs = clock?.nowMs() ?? 0;
      for (const record of records) {
        const sequence = next++;
        held.set(sequence, { ...copyOf(record), sequence, arrivedAtMs });
        if (held.size > maxRecords) dropOldest();
      }
    },
    records: () => Array.from(held.values(), copyOf),
    dropped: () => dropped,
    take: (count) => Array.from(held.values().take(count), (record) => ({ ...record, data: new Uint8Array(record.data) })),
    acknowledge(throughSequence) {
      acknowledged = Math.max(acknowledged, throughSequence);
      for (const sequence of held.keys()) {
        if (sequence > throughSequence) return;
        held.delete(sequence);
      }
    },
    checkpoint() {
      const last = next - 1;
      return () => acknowledged >= last;
    },
    close: async () => {},
  };
}
