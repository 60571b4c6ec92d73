import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StreamRecord } from '#core/ports/stream-client.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { bucketOf } from '#domain/trades/bucket.ts';
import type { DroppedRun } from '#domain/trades/dropped-runs.ts';
import { parseTradeRecord } from '#domain/trades/trade-record.ts';
import { decompressZstd } from '#std/zstd.ts';
import { createTradePublisher, type PublishSettings } from '#usecases/publish-trades.ts';
import { checkedTrade, tradesFrom } from '../domain/trades/made-trades.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { handTimer } from '../std/hand-timer.ts';
import { drainingLosesNothing } from './drained-publisher.ts';

const settled = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};

/** A stream whose calls a test answers by hand, or that takes everything. */
function world(settings: Partial<PublishSettings> = {}, isManual = false) {
  const timer = handTimer();
  const logger = keepingLogger();
  const calls: (readonly StreamRecord[])[] = [];
  const taken: StreamRecord[] = [];
  const answers: { readonly accept: () => void; readonly refuse: () => void }[] = [];
  const dropped: DroppedRun[] = [];
  const stream = {
    async putRecords(records: readonly StreamRecord[]) {
      calls.push(records);
      if (isManual) {
        await new Promise<void>((resolve, reject) => {
          answers.push({ accept: resolve, refuse: () => reject(new Error('the stream is away')) });
        });
      }
      taken.push(...records);
    },
  };
  const publisher = createTradePublisher(
    { stream, timer, logger, onDropped: (runs) => void dropped.push(...runs) },
    { task: '1/1', settings: { flushMs: 200, recordTrades: 500, bufferTrades: 50_000, ...settings } },
  );
  const answer = async (what: 'accept' | 'refuse'): Promise<void> => {
    const next = answers.shift();
    if (next === undefined) throw new Error('no call waits for an answer');
    next[what]();
    await settled();
  };
  return { publisher, timer, logger, calls, taken, dropped, answer };
}

function recordOf({ data }: StreamRecord) {
  const record = parseTradeRecord(Buffer.from(decompressZstd(data, 10_000_000)).toString());
  if (typeof record === 'string' || record.refused.length > 0) throw new Error(JSON.stringify(record));
  return record;
}
const tradesOf = (records: readonly StreamRecord[]): CheckedTrade[] => records.flatMap((record) => [...recordOf(record).trades]);
const idsOf = (records: readonly StreamRecord[]): string[] => tradesOf(records).map(({ trade }) => trade.id);

describe('the publisher', () => {
  test('waits for company, and then sends the trades of a bucket as one record', async () => {
    const { publisher, timer, taken, calls } = world();
    publisher.offer(tradesFrom(1, 2));
    publisher.offer(tradesFrom(3, 1));
    timer.advance(199);
    await settled();
    expect(calls).toEqual([]);
    timer.advance(1);
    await settled();
    expect([taken.length, idsOf(taken)]).toEqual([1, ['1', '2', '3']]);
    expect(taken[0]?.partitionKey).toBe(bucketOf('kraken', checkedTrade().trade.symbol));
    expect(publisher.counts()).toMatchObject({ offered: 3, published: 3, records: 1, dropped: 0, held: 0, failedPuts: 0 });
    expect(timer.pending()).toBe(0);
  });

  test('does not wait when a record is full, and makes none larger than that', async () => {
    const { publisher, taken } = world({ recordTrades: 3 });
    publisher.offer(tradesFrom(1, 7));
    await settled();
    expect(taken.map((record) => recordOf(record).trades.length)).toEqual([3, 3, 1]);
    expect(idsOf(taken)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  });

  test('numbers its records and names its task', async () => {
    const { publisher, timer, taken } = world();
    for (const id of [1, 2]) {
      publisher.offer(tradesFrom(id, 1));
      timer.advance(200);
      await settled();
    }
    expect(taken.map((record) => recordOf(record).envelope)).toEqual([
      { task: '1/1', sequence: 0, count: 1 },
      { task: '1/1', sequence: 1, count: 1 },
    ]);
  });

  test('puts markets of different buckets into records of their own', async () => {
    const { publisher, timer, taken } = world();
    const symbols = ['BTC/USD', 'ETH/USD', 'SOL/USD'];
    publisher.offer(symbols.flatMap((symbol, i) => [checkedTrade({ symbol, id: `${i}` }), checkedTrade({ symbol, id: `1${i}` })]));
    timer.advance(200);
    await settled();
    for (const record of taken) {
      const markets = new Set(recordOf(record).trades.map(({ trade }) => bucketOf(trade.exchange, trade.symbol)));
      expect([...markets]).toEqual([record.partitionKey]);
    }
    expect(taken.length).toBeGreaterThan(1);
  });

  test('has one call under way at a time; what comes meanwhile goes with the next', async () => {
    const { publisher, timer, calls, answer, taken } = world({}, true);
    publisher.offer(tradesFrom(1, 1));
    timer.advance(200);
    await settled();
    publisher.offer(tradesFrom(2, 2));
    timer.advance(1000);
    await settled();
    expect([calls.length, publisher.counts().held]).toEqual([1, 3]);
    await answer('accept');
    timer.advance(200);
    await settled();
    await answer('accept');
    expect(idsOf(taken)).toEqual(['1', '2', '3']);
  });

  test('keeps what the stream refuses and tries it again, the very same bytes, less and less often, before anything newer', async () => {
    const { publisher, timer, calls, answer, taken, logger } = world({}, true);
    publisher.offer(tradesFrom(1, 1));
    timer.advance(200);
    await settled();
    for (const delayMs of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      await answer('refuse');
      publisher.offer(tradesFrom(1 + calls.length, 1));
      timer.advance(delayMs - 1);
      await settled();
      const before = calls.length;
      timer.advance(1);
      await settled();
      expect(calls.length).toBe(before + 1);
    }
    expect(new Set(calls.map((records) => records[0])).size).toBe(1);
    await answer('accept');
    timer.advance(200);
    await settled();
    await answer('accept');
    expect(idsOf(taken)).toEqual(Array.from({ length: 9 }, (_, i) => String(i + 1)));
    expect([publisher.counts().failedPuts, logger.lines.length]).toEqual([8, 8]);
  });

  test('drops the oldest that wait when its buffer is full, counts them, and tells which', async () => {
    const { publisher, timer, answer, dropped, taken } = world({ bufferTrades: 1000, recordTrades: 250 }, true);
    publisher.offer(tradesFrom(1, 250));
    await settled();
    for (let id = 251; id <= 1000; id += 250) publisher.offer(tradesFrom(id, 250));
    expect(dropped).toEqual([]);
    publisher.offer(tradesFrom(1001, 1));
    // The first 250 are under way; of the others the oldest percent goes at once, so that each further trade is no gap of its own.
    expect(dropped).toMatchObject([{ firstId: '251', lastId: '260', count: 10, fromMs: expect.any(Number), toMs: expect.any(Number) }]);
    publisher.offer(tradesFrom(1002, 300));
    expect(dropped).toMatchObject([{}, { firstId: '261', lastId: '551', count: 291 }]);
    expect(publisher.counts()).toMatchObject({ offered: 1301, dropped: 301, held: 1000 });
    while (publisher.counts().held > 0) {
      await answer('accept');
      timer.advance(200);
      await settled();
    }
    expect(idsOf(taken)).toEqual([...range(1, 250), ...range(552, 1301)]);
  });

  test('drains at once, and gives back nothing when the stream takes all', async () => {
    await drainingLosesNothing(createTradePublisher);
  });

  test('an empty one drains without a call', async () => {
    const { publisher, calls } = world();
    expect(await publisher.drain(4000)).toEqual([]);
    expect(calls).toEqual([]);
  });

  test('gives back what the stream did not take before the deadline, and ends', async () => {
    const { publisher, timer, answer, calls, dropped } = world({ recordTrades: 2, bufferTrades: 8 }, true);
    publisher.offer(tradesFrom(1, 2));
    await settled();
    publisher.offer(tradesFrom(3, 2));
    const left = publisher.drain(4000);
    await answer('refuse');
    timer.advance(100);
    await settled();
    await answer('accept');
    expect(calls.length).toBe(3);
    timer.advance(3900);
    expect(await left).toMatchObject([{ firstId: '3', lastId: '4', count: 2 }]);
    await answer('refuse');
    timer.advance(60_000);
    await settled();
    expect([calls.length, timer.pending()]).toEqual([3, 0]);
    publisher.offer(tradesFrom(9, 1));
    expect(dropped).toMatchObject([{ firstId: '9', lastId: '9', count: 1 }]);
  });

  test('does not wait out a pause when it drains', async () => {
    const { publisher, timer, answer, calls } = world({}, true);
    publisher.offer(tradesFrom(1, 1));
    timer.advance(200);
    await settled();
    await answer('refuse');
    const left = publisher.drain(4000);
    await settled();
    expect(calls.length).toBe(2);
    await answer('accept');
    expect(await left).toEqual([]);
  });

  test('delivers every trade that it did not drop, in order per market, whatever is refused', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('offer' as const),
        symbol: fc.constantFrom('BTC/USD', 'ETH/USD', 'SOL/USD', 'XRP/USD'),
        count: fc.integer({ min: 1, max: 12 }),
      }),
      fc.record({ kind: fc.constantFrom('accept' as const, 'refuse' as const) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { publisher, timer, taken, dropped, answer, calls } = world({ recordTrades: 5, bufferTrades: 40 }, true);
        let answered = 0;
        let next = 1;
        const offered: CheckedTrade[] = [];
        const reply = async (what: 'accept' | 'refuse') => {
          if (calls.length === answered) return;
          answered++;
          await answer(what);
        };
        for (const one of steps) {
          if (one.kind === 'offer') {
            const trades = tradesFrom(next, one.count, { symbol: one.symbol });
            next += one.count;
            offered.push(...trades);
            publisher.offer(trades);
          } else if (one.kind === 'wait') timer.advance(one.ms);
          else await reply(one.kind);
          await settled();
          expect(publisher.counts().held).toBeLessThanOrEqual(40);
        }
        while (publisher.counts().held > 0) {
          timer.advance(5000);
          await settled();
          await reply('accept');
        }
        const keyOf = ({ trade }: CheckedTrade) => `${trade.symbol}:${trade.id}`;
        const wasDropped = ({ trade }: CheckedTrade) =>
          dropped.some(
            ({ symbol, firstId, lastId }) =>
              symbol === trade.symbol && Number(trade.id) >= Number(firstId) && Number(trade.id) <= Number(lastId),
          );
        for (const symbol of new Set(offered.map(({ trade }) => trade.symbol))) {
          const wanted = offered.filter((trade) => trade.trade.symbol === symbol && !wasDropped(trade)).map(keyOf);
          expect(
            tradesOf(taken)
              .filter(({ trade }) => trade.symbol === symbol)
              .map(keyOf),
          ).toEqual(wanted);
        }
        expect(dropped.reduce((total, { count }) => total + count, 0)).toBe(publisher.counts().dropped);
      }),
      { seed: 3, numRuns: 150 },
    );
  });
});

function range(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
}
