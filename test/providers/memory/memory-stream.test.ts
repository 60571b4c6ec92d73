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
});
