import { describe, expect, test } from 'vitest';
import { createMemoryStream } from '#providers/memory/memory-stream.ts';
import { streamClientContract } from '../../contracts/stream-client.contract.ts';

streamClientContract('the memory stream', async () => {
  const stream = createMemoryStream({ maxRecords: 10_000 });
  return { stream, read: async (key) => stream.records().flatMap(({ partitionKey, data }) => (partitionKey === key ? [data] : [])) };
});

describe('the memory stream', () => {
  const put = async (maxRecords: number, counts: readonly number[]) => {
    const stream = createMemoryStream({ maxRecords });
    let next = 0;
    for (const count of counts)
      await stream.putRecords(Array.from({ length: count }, () => ({ partitionKey: 'kraken', data: Uint8Array.of(next++) })));
    return { dropped: stream.dropped(), held: stream.records().map(({ data }) => data[0]) };
  };

  test.each<[string, readonly number[], number, readonly number[]]>([
    ['holds all while they fit', [2, 1], 0, [0, 1, 2]],
    ['drops the oldest and counts it', [2, 2], 1, [1, 2, 3]],
    ['drops over several calls', [3, 3, 1], 4, [4, 5, 6]],
    ['keeps the newest of a call that is larger than itself', [10], 7, [7, 8, 9]],
  ])('%s', async (_what, counts, dropped, held) => {
    expect(await put(3, counts)).toEqual({ dropped, held });
  });

  test('may hold a single record', async () => {
    expect(await put(1, [5, 5])).toEqual({ dropped: 9, held: [9] });
  });

  test('hands out copies', async () => {
    const stream = createMemoryStream({ maxRecords: 3 });
    await stream.putRecords([{ partitionKey: 'kraken', data: Uint8Array.of(1) }]);
    stream.records()[0]?.data.fill(9);
    expect(stream.records()).toEqual([{ partitionKey: 'kraken', data: Uint8Array.of(1) }]);
  });

  const of = (records: ReturnType<ReturnType<typeof createMemoryStream>['take']>) =>
    records.map(({ sequence, data }) => [sequence, data[0]]);

  test('hands the oldest records to its reader again and again, until they are acknowledged', async () => {
    const stream = createMemoryStream({ maxRecords: 10 });
    await stream.putRecords([5, 6, 7].map((byte) => ({ partitionKey: 'b01', data: Uint8Array.of(byte) })));
    expect([of(stream.take(2)), of(stream.take(2))]).toEqual(
      Array.from({ length: 2 }, () => [
        [0, 5],
        [1, 6],
      ]),
    );
    stream.acknowledge(1);
    stream.acknowledge(0);
    expect([of(stream.take(2)), stream.records().length, stream.dropped()]).toEqual([[[2, 7]], 1, 0]);
    stream.acknowledge(2);
    expect(stream.take(2)).toEqual([]);
  });

  test('leaves holes in the sequences for what it dropped, also after acknowledgements', async () => {
    const stream = createMemoryStream({ maxRecords: 2 });
    const put = (byte: number) => stream.putRecords([{ partitionKey: 'b01', data: Uint8Array.of(byte) }]);
    await put(1);
    stream.acknowledge(0);
    for (const byte of [2, 3, 4]) await put(byte);
    expect([of(stream.take(9)), stream.dropped()]).toEqual([
      [
        [2, 3],
        [3, 4],
      ],
      1,
    ]);
  });

  test('stamps arrivals by the clock, and hands copies to its reader', async () => {
    const stream = createMemoryStream({ maxRecords: 2, clock: { nowMs: () => 17 } });
    await stream.putRecords([{ partitionKey: 'b01', data: Uint8Array.of(1) }]);
    stream.take(1)[0]?.data.fill(9);
    expect(stream.take(1)).toEqual([{ partitionKey: 'b01', data: Uint8Array.of(1), sequence: 0, arrivedAtMs: 17 }]);
  });
});
