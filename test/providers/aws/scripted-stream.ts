import { SinkError } from '#core/errors.ts';
import type { StreamRecord } from '#core/ports/stream-client.ts';
import type { RecordFailure } from '#providers/aws/put-in-order.ts';

/** Small, fast and seeded: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Plan = 'accept' | 'partial' | 'throttled' | 'lost before' | 'lost after';

/** Decides each call's fate; what it accepts goes to the log, in an order of its own choosing, as Kinesis may. */
export function createScriptedStream(seed: number) {
  const chance = seeded(seed);
  const log: StreamRecord[] = [];
  const count = { calls: 0, partial: 0, throttled: 0, lost: 0, refused: 0, leastFailed: Infinity, mostFailed: 0 };

  const plan = (): Plan => {
    const draw = chance();
    if (draw < 0.5) return 'partial';
    // Rare, because each halves the calls, and full ones are wanted too.
    if (draw < 0.51) return 'throttled';
    if (draw < 0.56) return 'lost before';
    return draw < 0.61 ? 'lost after' : 'accept';
  };

  const partial = (records: readonly StreamRecord[]): readonly (RecordFailure | null)[] => {
    // How many fail, from 1 to all but one; who fails is drawn.
    let failing = records.length === 1 ? 1 : 1 + Math.floor(chance() * (records.length - 1));
    count.partial++;
    count.leastFailed = Math.min(count.leastFailed, failing);
    count.mostFailed = Math.max(count.mostFailed, failing);
    const code = chance() < 0.01 ? 'ProvisionedThroughputExceededException' : 'InternalFailure';
    return records.map((_, index) => {
      const fails = chance() < failing / (records.length - index);
      if (fails) failing--;
      return fails ? { code, message: 'so it is' } : null;
    });
  };

  return {
    log,
    count,
    send(records: readonly StreamRecord[]): readonly (RecordFailure | null)[] | 'throttled' | 'lost' {
      count.calls++;
      const fate = plan();
      if (fate === 'throttled') {
        count.throttled++;
        return 'throttled';
      }
      if (fate === 'lost before') {
        count.lost++;
        return 'lost';
      }
      const failures = fate === 'partial' ? partial(records) : records.map(() => null);
      count.refused += failures.filter((failure) => failure !== null).length;
      // Backwards: PutRecords promises no order within a call.
      for (let i = records.length - 1; i >= 0; i--) if (failures[i] === null) log.push(records[i] as StreamRecord);
      if (fate !== 'lost after') return failures;
      count.lost++;
      return 'lost';
    },
  };
}

/** What a consumer keeps of the log: each record once, where it first came. */
function consumed(log: readonly StreamRecord[]): ReadonlyMap<string, readonly number[]> {
  const seen = new Set<number>();
  const byKey = new Map<string, number[]>();
  for (const { partitionKey, data } of log) {
    const id = Buffer.from(data.buffer, data.byteOffset, 4).readUInt32LE();
    if (seen.has(id)) continue;
    seen.add(id);
    const ids = byKey.get(partitionKey) ?? [];
    ids.push(id);
    byKey.set(partitionKey, ids);
  }
  return byKey;
}

export const KEYS = Array.from({ length: 500 }, (_, i) => `k${i}`);

/** Record `id` of batch after batch: its key is drawn, so that keys repeat within a batch or not at all. */
export function batchOf(firstId: number, size: number, keyOf: (index: number) => string): StreamRecord[] {
  return Array.from({ length: size }, (_, index) => {
    const data = Buffer.alloc(4);
    data.writeUInt32LE(firstId + index);
    return { partitionKey: keyOf(index), data };
  });
}

/** Puts a batch as its owner does: again and again, whole, until it is in. Returns how often it had to be put again. */
export async function putUntilIn(
  put: (records: readonly StreamRecord[]) => Promise<void>,
  batch: readonly StreamRecord[],
): Promise<number> {
  for (let again = 0; ; again++) {
    try {
      await put(batch);
      return again;
    } catch (error) {
      if (!(error instanceof SinkError) || !error.retryable) throw error;
    }
  }
}

export function judge(log: readonly StreamRecord[], total: number) {
  const byKey = consumed(log);
  let outOfOrder = 0;
  let distinct = 0;
  for (const ids of byKey.values()) {
    distinct += ids.length;
    for (let i = 1; i < ids.length; i++) if ((ids[i] ?? 0) < (ids[i - 1] ?? 0)) outOfOrder++;
  }
  return { lost: total - distinct, outOfOrder };
}

/** What the port of a stream gets from one that refuses, throttles and loses answers as it likes. */
export function scriptedSend(scripted: ReturnType<typeof createScriptedStream>) {
  return async (records: readonly StreamRecord[]): Promise<readonly (RecordFailure | null)[]> => {
    const answer = scripted.send(records);
    if (answer === 'throttled') throw new SinkError('ProvisionedThroughputExceededException', { code: 'STREAM', retryable: true });
    if (answer === 'lost') throw new SinkError('the connection was reset', { code: 'STREAM', retryable: true });
    return answer;
  };
}
