import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamRecord } from '#core/ports/stream-client.ts';
import { createKinesisStream } from '#providers/aws/kinesis-stream.ts';
import { createPutInOrder } from '#providers/aws/put-in-order.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { useAwsEnvironment } from './aws-environment.ts';
import { batchOf, createScriptedStream, judge, KEYS, putUntilIn, scriptedSend, seeded } from './scripted-stream.ts';

describe('F14: a stream that refuses, throttles and loses answers', () => {
  test('gets 10,000 batches of 500: none lost, none twice after the consumer, each key in order', { timeout: 60_000 }, async () => {
    const scripted = createScriptedStream(14);
    const waits: number[] = [];
    const put = createPutInOrder({
      send: scriptedSend(scripted),
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
