import { expect } from 'vitest';
import type { StreamRecord } from '#core/ports/stream-client.ts';
import { parseTradeRecord } from '#domain/trades/trade-record.ts';
import { decompressZstd } from '#std/zstd.ts';
import type { createTradePublisher } from '#usecases/publish-trades.ts';
import { tradesFrom } from '../domain/trades/made-trades.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { handTimer } from '../std/hand-timer.ts';

/** Fails when a publisher that is told to end has trades left that the stream would have taken, or a timer that keeps the process alive. */
export async function drainingLosesNothing(create: typeof createTradePublisher): Promise<void> {
  const timer = handTimer();
  const taken: StreamRecord[] = [];
  const publisher = create(
    { stream: { putRecords: async (records) => void taken.push(...records) }, timer, logger: keepingLogger(), onDropped: () => {} },
    { task: '1/1', settings: { flushMs: 200, recordTrades: 500, bufferTrades: 50_000 } },
  );
  publisher.offer(tradesFrom(1, 5));
  expect(await publisher.drain(4000)).toEqual([]);
  const records = taken.map(({ data }) => parseTradeRecord(Buffer.from(decompressZstd(data, 10_000_000)).toString()));
  expect(records.reduce((sum, record) => sum + (typeof record === 'string' ? 0 : record.trades.length), 0)).toBe(5);
  expect(timer.pending()).toBe(0);
}
