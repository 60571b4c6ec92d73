import { expect } from 'vitest';
import { createArchiveHandler } from '#lambdas/archive/handler.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { createMemoryStream } from '#providers/memory/memory-stream.ts';
import { createTradePublisher } from '#usecases/publish-trades.ts';
import { recordedTrades, type RecordedMarket } from '../domain/trades/recorded-trades.ts';
import { base64, streamEvent, streamRecord } from '../lambdas/archive/stream-event.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { handTimer } from '../std/hand-timer.ts';

/** Trades go the whole way: publisher, stream, archive function. Every batch is delivered twice, the second time cut differently. */
export async function archivedMarkets(...markets: readonly RecordedMarket[]) {
  const stream = createMemoryStream({ maxRecords: 100_000 });
  const publisher = createTradePublisher(
    { stream, timer: handTimer(), logger: keepingLogger(), onDropped: (runs) => expect(runs).toEqual([]) },
    { task: '1/1', settings: { flushMs: 200, recordTrades: 50, bufferTrades: 100_000 } },
  );
  const trades = markets.flatMap((market) => [...recordedTrades(market)]);
  for (let from = 0; from < trades.length; from += 37) publisher.offer(trades.slice(from, from + 37));
  expect(await publisher.drain(4000)).toEqual([]);
  const storage = createMemoryStorage();
  const handler = createArchiveHandler(async () => ({ storage, logger: keepingLogger() }));
  const records = stream.take(100_000).map(({ sequence, data }) => streamRecord(sequence, base64(data)));
  for (const size of [20, 33]) {
    for (let from = 0; from < records.length; from += size)
      expect(await handler(streamEvent(records.slice(from, from + size)))).toEqual({ batchItemFailures: [] });
  }
  return { storage, trades };
}
