import { describe, expect, test } from 'vitest';
import { createArchiveHandler } from '#lambdas/archive/handler.ts';
import { startArchiveLoop } from '#local/archive-loop.ts';
import { tradeRecordText } from '#domain/trades/trade-record.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { createMemoryStream } from '#providers/memory/memory-stream.ts';
import { compressZstd } from '#std/zstd.ts';
import { tradesFrom } from '../domain/trades/made-trades.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { handTimer } from '../std/hand-timer.ts';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

function world() {
  const timer = handTimer();
  const logger = keepingLogger();
  const memory = createMemoryStream({ maxRecords: 1000 });
  const storage = createMemoryStorage();
  let isAway = false;
  const guarded = {
    ...storage,
    putObject: async (key: string, body: Uint8Array) => {
      if (isAway) throw new Error('the storage is away');
      await storage.putObject(key, body);
    },
  };
  const handler = createArchiveHandler(async () => ({ storage: guarded, logger }));
  const stop = startArchiveLoop({ memory, handler, timer, logger, windowMs: 60_000 });
  const put = async (firstId: number): Promise<void> =>
    await memory.putRecords([
      { partitionKey: 'b01', data: compressZstd(tradeRecordText({ task: '1/1', sequence: firstId }, tradesFrom(firstId, 3)), 1) },
    ]);
  const keys = async (): Promise<string[]> => {
    const found = [];
    for await (const key of storage.listObjects('')) found.push(key);
    return found;
  };
  return { timer, logger, memory, put, keys, stop, goAway: (away: boolean) => void (isAway = away) };
}

describe('the archive of a laptop', () => {
  test('is written once in each window, one object for all records of it, and what is archived leaves the stream', async () => {
    const { timer, memory, put, keys } = world();
    await put(1);
    await put(4);
    timer.advance(59_999);
    await settle();
    expect(await keys()).toEqual([]);
    timer.advance(1);
    await settle();
    expect(await keys()).toEqual([expect.stringMatching(/^trades\/exchange=kraken\/date=2023-11-17\/hour=12\/\d{13}-0-1\.ndjson\.zst$/)]);
    expect(memory.records()).toEqual([]);
  });

  test('keeps what a storage that is away does not take, and writes it in the next window', async () => {
    const { timer, memory, put, keys, goAway } = world();
    goAway(true);
    await put(1);
    timer.advance(60_000);
    await settle();
    expect([await keys(), memory.records().length]).toEqual([[], 1]);
    goAway(false);
    timer.advance(60_000);
    await settle();
    expect([(await keys()).length, memory.records().length]).toEqual([1, 0]);
  });

  test('is written when the process stops; what cannot be written then is said to be lost', async () => {
    const first = world();
    await first.put(1);
    await first.stop();
    expect(await first.keys()).toHaveLength(1);
    const second = world();
    second.goAway(true);
    await second.put(1);
    await second.stop();
    expect(second.logger.lines.filter(({ event }) => event.includes('lost with this process'))).toHaveLength(1);
  });
});
