import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SinkError } from '#core/errors.ts';
import type { StreamRecord } from '#core/ports/stream-client.ts';
import { createKinesisStream } from '#providers/aws/kinesis-stream.ts';
import { createPutInOrder, type RecordFailure } from '#providers/aws/put-in-order.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { useAwsEnvironment } from './aws-environment.ts';

/** Small, fast and seeded: mulberry32. */
function seeded(seed: number): () => number {
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
function createScriptedStream(seed: number) {
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

const KEYS = Array.from({ length: 500 }, (_, i) => `k${i}`);

/** Record `id` of batch after batch: its key is drawn, so that keys repeat within a batch or not at all. */
function batchOf(firstId: number, size: number, keyOf: (index: number) => string): StreamRecord[] {
  return Array.from({ length: size }, (_, index) => {
    const data = Buffer.alloc(4);
    data.writeUInt32LE(firstId + index);
    return { partitionKey: keyOf(index), data };
  });
}

/** Puts a batch as its owner does: again and again, whole, until it is in. Returns how often it had to be put again. */
async function putUntilIn(put: (records: readonly StreamRecord[]) => Promise<void>, batch: readonly StreamRecord[]): Promise<number> {
  for (let again = 0; ; again++) {
    try {
      await put(batch);
      return again;
    } catch (error) {
      if (!(error instanceof SinkError) || !error.retryable) throw error;
    }
  }
}

function judge(log: readonly StreamRecord[], total: number) {
  const byKey = consumed(log);
  let outOfOrder = 0;
  let distinct = 0;
  for (const ids of byKey.values()) {
    distinct += ids.length;
    for (let i = 1; i < ids.length; i++) if ((ids[i] ?? 0) < (ids[i - 1] ?? 0)) outOfOrder++;
  }
  return { lost: total - distinct, outOfOrder };
}

describe('F14: a stream that refuses, throttles and loses answers', () => {
  test('gets 10,000 batches of 500: none lost, none twice after the consumer, each key in order', { timeout: 60_000 }, async () => {
    const scripted = createScriptedStream(14);
    const waits: number[] = [];
    const put = createPutInOrder({
      async send(records) {
        const answer = scripted.send(records);
        if (answer === 'throttled') throw new SinkError('ProvisionedThroughputExceededException', { code: 'STREAM', retryable: true });
        if (answer === 'lost') throw new SinkError('the connection was reset', { code: 'STREAM', retryable: true });
        return answer;
      },
      timer: {
        monotonicMs: () => 0,
        after(delayMs, action) {
          waits.push(delayMs);
          queueMicrotask(action);
          return () => {};
        },
      },
      random: { next: seeded(15) },
      maxAttempts: 5,
      firstBackoffMs: 100,
      lastBackoffMs: 2000,
    });
    // Judged in portions: each continues where the one before ended, and the log does not grow without end.
    let lost = 0;
    let outOfOrder = 0;
    let putAgain = 0;
    let nextId = 0;
    for (let portion = 0; portion < 100; portion++) {
      const before = nextId;
      for (let batch = 0; batch < 100; batch++) {
        // Mostly a record a key, as the publisher sends; every tenth batch with keys that repeat.
        const keyOf = batch % 10 === 0 ? (index: number) => KEYS[(index * 7) % 200] ?? '' : (index: number) => KEYS[index] ?? '';
        putAgain += await putUntilIn(put, batchOf(nextId, 500, keyOf));
        nextId += 500;
      }
      const verdict = judge(scripted.log, nextId - before);
      lost += verdict.lost;
      outOfOrder += verdict.outOfOrder;
      scripted.log.length = 0;
    }
    expect({ records: nextId, lost, outOfOrder }).toEqual({ records: 5_000_000, lost: 0, outOfOrder: 0 });
    // Each kind of fault was there, and in its extremes.
    expect(scripted.count.partial).toBeGreaterThan(10_000);
    expect(scripted.count.throttled).toBeGreaterThan(200);
    expect(scripted.count.lost).toBeGreaterThan(1000);
    expect([scripted.count.leastFailed, scripted.count.mostFailed]).toEqual([1, 499]);
    expect(putAgain).toBeGreaterThan(0);
    expect(Math.max(...waits.slice(0, 100_000))).toBeLessThanOrEqual(2000);
  });

  test('never gets two records of a key in one call, never more than 500 records or 5 MiB', async () => {
    const calls: (readonly StreamRecord[])[] = [];
    const put = createPutInOrder({
      async send(records) {
        calls.push(records);
        return records.map(() => null);
      },
      timer: { monotonicMs: () => 0, after: () => () => {} },
      random: { next: () => 0 },
      maxAttempts: 5,
      firstBackoffMs: 1,
      lastBackoffMs: 1,
    });
    await put(batchOf(0, 1200, (index) => `key ${index % 900}`));
    const large = (size: number) => ({ partitionKey: `large ${size}`, data: new Uint8Array(size) });
    await put([large(3_000_000), large(2_000_000), large(1_000_000), large(6_000_000)]);
    expect(calls.map((records) => records.length)).toEqual([500, 500, 200, 2, 1, 1]);
    for (const records of calls) expect(new Set(records.map(({ partitionKey }) => partitionKey)).size).toBe(records.length);
  });

  test('gets fewer records a call while it throttles, and more again afterwards', async () => {
    const sizes: number[] = [];
    let throttledCalls = 3;
    const put = createPutInOrder({
      async send(records) {
        sizes.push(records.length);
        const code = throttledCalls-- > 0 ? 'ProvisionedThroughputExceededException' : null;
        return records.map((_, index) => (code !== null && index % 2 === 1 ? { code, message: '' } : null));
      },
      timer: { monotonicMs: () => 0, after: (_delayMs, action) => (queueMicrotask(action), () => {}) },
      random: { next: () => 0 },
      maxAttempts: 5,
      firstBackoffMs: 1,
      lastBackoffMs: 1,
    });
    await put(batchOf(0, 1000, (index) => `key ${index}`));
    expect(sizes.slice(0, 6)).toEqual([500, 250, 125, 62, 87, 112]);
  });

  describe('over real HTTP', () => {
    const scripted = createScriptedStream(16);
    const server = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const body = JSON.parse(Buffer.concat(chunks).toString()) as { Records: { PartitionKey: string; Data: string }[] };
        const records = body.Records.map(({ PartitionKey, Data }) => ({ partitionKey: PartitionKey, data: Buffer.from(Data, 'base64') }));
        const answer = scripted.send(records);
        if (answer === 'lost') {
          request.socket.destroy();
          return;
        }
        response.writeHead(answer === 'throttled' ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
        if (answer === 'throttled') {
          response.end(JSON.stringify({ __type: 'ProvisionedThroughputExceededException', message: 'slower' }));
          return;
        }
        const results = answer.map((failure, i) =>
          failure === null
            ? { SequenceNumber: String(i), ShardId: 'shardId-000000000000' }
            : { ErrorCode: failure.code, ErrorMessage: failure.message },
        );
        response.end(JSON.stringify({ FailedRecordCount: answer.filter((failure) => failure !== null).length, Records: results }));
      })();
    });
    beforeAll(async () => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });

    test('100 batches of 500 arrive the same way', async () => {
      useAwsEnvironment(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const stream = createKinesisStream({
        name: 'trades',
        timer: createSystemTimer(),
        random: { next: seeded(17) },
        deadlineMs: 10_000,
        firstBackoffMs: 1,
        lastBackoffMs: 2,
      });
      for (let batch = 0; batch < 100; batch++)
        await putUntilIn(
          (records) => stream.putRecords(records),
          batchOf(batch * 500, 500, (index) => KEYS[index] ?? ''),
        );
      expect(judge(scripted.log, 50_000)).toEqual({ lost: 0, outOfOrder: 0 });
      expect(scripted.count.partial).toBeGreaterThan(50);
      await stream.close();
    });
  });
});
