import { describe, expect, test } from 'vitest';
import { ExchangeError } from '#core/errors.ts';
import type { TradeRequest } from '#core/ports/exchange-rest-api.ts';
import type { FeedEvent, FeedHealth } from '#core/trade-feed.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import type { CheckedTrade, Trade } from '#core/trade.ts';
import { parseTradeRecord } from '#domain/trades/trade-record.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { decompressZstd } from '#std/zstd.ts';
import { createTradeCollector, type CollectSettings } from '#usecases/collect-trades.ts';
import type { CollectedExchange } from '#usecases/collected-exchange.ts';
import { shippedConfig } from '../factories/shipped-config.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { handTimer } from '../std/hand-timer.ts';
import { decimal, symbolOf } from './fake-exchange.ts';

const START = Date.UTC(2026, 10, 22, 12);
const BTC = symbolOf('BTC/USD');
const ETH = symbolOf('ETH/USD');
const DAY = { fromMs: START - 86_400_000, untilMs: START + 86_400_000 };

const SETTINGS: CollectSettings = {
  flushMs: 200,
  recordTrades: 500,
  bufferTrades: 10_000,
  coalesceMs: 250,
  priceTtlSeconds: 300,
  repairTrades: 1000,
  drainMs: 4000,
  quality: shippedConfig().streaming.quality,
};

const HEALTH: FeedHealth = {
  hasHeartbeats: true,
  openSockets: 1,
  connects: 1,
  messages: 0,
  trades: 0,
  refusedPayloads: 0,
  droppedEvents: 0,
  newestMessageMs: null,
  newestTradeMs: null,
  symbols: new Map(),
};

/** A collector of one exchange whose feed, REST and time the test plays. */
function world({
  settings = {},
  isSynthetic = false,
  db = createMemoryTimeSeriesDb(),
  laterMs = 0,
  flush,
}: {
  settings?: Partial<CollectSettings>;
  isSynthetic?: boolean;
  db?: ReturnType<typeof createMemoryTimeSeriesDb>;
  laterMs?: number;
  flush?: (() => Promise<void>) | undefined;
} = {}) {
  const timer = handTimer();
  const clock = { nowMs: () => START + laterMs + timer.monotonicMs(), sleepUntil: async () => {} };
  const logger = keepingLogger();
  const cache = createMemoryCache(clock);
  const queue: FeedEvent[] = [];
  const records: CheckedTrade[] = [];
  const requests: TradeRequest[] = [];
  let wake: () => void = () => {};
  let kept: Trade[] = [];
  let restFailure: Error | null = null;
  let pagesBeforeFailure = 0;
  let cacheFailure: Error | null = null;
  let streamFailure: Error | null = null;
  let isStalled = false;
  let saysGoodbye = true;

  async function* events(_symbols: readonly string[], signal: AbortSignal): AsyncGenerator<FeedEvent> {
    signal.addEventListener('abort', () => wake());
    for (;;) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) yield event;
      if (signal.aborted && saysGoodbye) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const exchange: CollectedExchange = {
    exchange: 'kraken',
    symbols: [BTC, ETH],
    feed: { exchange: 'kraken', events, health: () => HEALTH },
    isSynthetic: () => isSynthetic,
    api: {
      exchange: 'kraken',
      loadMarkets: async (symbols) => ({ listed: symbols, unavailable: [] }),
      async fetchTrades(request) {
        requests.push(request);
        if (restFailure !== null && requests.length > pagesBeforeFailure) throw restFailure;
        const wanted = kept.filter(
          ({ id, symbol }) => symbol === request.symbol && BigInt(id) >= request.firstId && BigInt(id) <= request.lastId,
        );
        return { trades: wanted.slice(0, 3), refused: [], hasMore: wanted.length > 3 };
      },
    },
  };
  const stream = {
    async putRecords(all: readonly { readonly data: Uint8Array }[]) {
      if (isStalled) await never();
      if (streamFailure !== null) throw streamFailure;
      for (const { data } of all) {
        const record = parseTradeRecord(decompressZstd(data, 1 << 24).toString());
        if (typeof record === 'string') throw new Error(record);
        records.push(...record.trades);
      }
    },
  };
  const guarded = {
    advanceHashes: async (...args: Parameters<typeof cache.advanceHashes>) => {
      if (cacheFailure !== null) throw cacheFailure;
      return await cache.advanceHashes(...args);
    },
  };
  const collector = createTradeCollector(
    { cache: guarded, stream, db, clock, timer, logger, ...(flush === undefined ? {} : { flush }) },
    { task: '1/1', exchanges: [exchange], settings: { ...SETTINGS, ...settings } },
  );
  const abort = new AbortController();
  const running = collector.run(abort.signal);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    collector,
    db,
    logger,
    records,
    requests,
    keep: (...trades: Trade[]) => void (kept = trades),
    /** After so many further pages. */
    failRest(error: Error | null, afterPages = 0) {
      restFailure = error;
      pagesBeforeFailure = requests.length + afterPages;
    },
    failCache: (error: Error | null) => void (cacheFailure = error),
    failStream: (error: Error | null) => void (streamFailure = error),
    stallStream: () => void (isStalled = true),
    /** The feed goes on as if nobody had asked it to end, until it is told. */
    withoutGoodbye() {
      saysGoodbye = false;
      return () => {
        saysGoodbye = true;
        wake();
      };
    },
    async tell(...all: FeedEvent[]) {
      await settle();
      queue.push(...all);
      wake();
      await settle();
    },
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 250) {
        timer.advance(Math.min(250, left));
        await settle();
      }
    },
    price: (symbol: string) => cache.readHash(`latest_price:kraken:${symbol}`),
    /** Milliseconds that the end takes, in steps of 100; null when it has not come after so many. */
    async stopsWithin(ms: number, andThen: () => void = () => {}): Promise<number | null> {
      let isOver = false;
      void running.then(() => (isOver = true));
      abort.abort();
      await settle();
      for (let passed = 0; passed <= ms; passed += 100) {
        if (isOver) return passed;
        timer.advance(100);
        await settle();
        if (passed >= 2000) andThen();
      }
      return null;
    },
    async stop() {
      abort.abort();
      await settle();
      for (let turn = 0; turn < 60; turn += 1) {
        timer.advance(100);
        await settle();
      }
      return await running;
    },
  };
}

const trade = (id: number, given: Partial<Trade> = {}): Trade => ({
  exchange: 'kraken',
  symbol: BTC,
  id: String(id),
  price: decimal('100'),
  size: decimal('0.5'),
  side: 'buy',
  eventTimeMs: START + id,
  receivedAtMs: START + id + 1,
  ...given,
});
const trades = (...ids: number[]): FeedEvent => ({ kind: 'trades', isSnapshot: false, trades: ids.map((id) => trade(id)) });
const ids = (all: readonly { readonly trade: Trade }[]) => all.map((one) => Number(one.trade.id));

const never = async (): Promise<never> => await new Promise<never>(() => {});

/** A store that takes and answers nothing. */
function stalledDb(): ReturnType<typeof createMemoryTimeSeriesDb> {
  return {
    ...createMemoryTimeSeriesDb(),
    readTradeMinutes: never,
    readTradeGaps: never,
    insertTradeGaps: never,
    insertTradeMinutes: never,
  };
}

describe('a trade collector', () => {
  test('hands every new trade to the stream, in order, and the newest price to the cache', async () => {
    const { tell, pass, records, price } = world();
    await tell(trades(1, 2), { kind: 'trades', isSnapshot: false, trades: [trade(3, { price: decimal('101.5'), side: 'sell' })] });
    await pass(500);
    expect(ids(records)).toEqual([1, 2, 3]);
    expect(records[0]).toEqual({ trade: trade(1), source: 'stream', quality: 'good', reason: '' });
    expect(await price('BTC/USD')).toEqual({
      price: '101.5',
      size: '0.5',
      side: 'sell',
      event_time: String(START + 3),
      received_at: String(START + 4),
      source: 'stream',
      quality: 'good',
      trade_id: '3',
    });
  });

  test('publishes a suspicious trade with its flag, counts it, and leaves the latest price alone', async () => {
    const { tell, pass, records, price, collector } = world();
    await tell(trades(1, 2), { kind: 'trades', isSnapshot: false, trades: [trade(3, { price: decimal('1000') })] });
    await pass(500);
    expect(records.map(({ quality, reason }) => [quality, reason])).toEqual([
      ['good', ''],
      ['good', ''],
      ['suspicious', 'price jumped from the last good one'],
    ]);
    expect(collector.report().exchanges.kraken).toMatchObject({ accepted: 3, suspicious: 1, gaps: 0 });
    expect(await price('BTC/USD')).toMatchObject({ price: '100', trade_id: '2' });
  });

  test('T42: does not publish a first snapshot, but knows from it what comes next', async () => {
    const { tell, pass, records, collector } = world();
    await tell({ kind: 'trades', isSnapshot: true, trades: [trade(7), trade(8), trade(9)] }, trades(10, 12));
    await pass(500);
    expect(ids(records)).toEqual([10, 12]);
    expect(collector.report().exchanges.kraken).toMatchObject({ accepted: 2, gaps: 1, missing: 1 });
  });

  test('T42: takes from a later snapshot what it has missed, and nothing else', async () => {
    const { tell, pass, records, collector } = world();
    await tell(trades(1, 2), { kind: 'trades', isSnapshot: true, trades: [1, 2, 3, 4].map((id) => trade(id)) });
    await pass(500);
    expect(ids(records)).toEqual([1, 2, 3, 4]);
    expect(collector.report().exchanges.kraken?.repeated).toBe(2);
  });

  test('T34, T43: publishes a trade once, however often and in whatever order it comes, and the price never goes back', async () => {
    const { tell, pass, records, price } = world();
    await tell(trades(1, 2, 3), trades(2), trades(3, 4), trades(1));
    await pass(500);
    expect(ids(records)).toEqual([1, 2, 3, 4]);
    expect((await price('BTC/USD'))?.['trade_id']).toBe('4');
  });

  test('records a gap at once, fetches it from REST page by page, and says how it ended', async () => {
    const { tell, pass, records, requests, keep, db } = world();
    keep(...[3, 4, 5, 6, 7, 8].map((id) => trade(id)));
    await tell(trades(1, 2), { kind: 'interrupted', symbols: [BTC], cause: 'stalled', atMs: START }, trades(9));
    await pass(1000);
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toMatchObject([
      { firstId: 3n, lastId: 8n, fromMs: START + 2, toMs: START + 9, cause: 'stalled', state: 'open', repairedCount: 0 },
    ]);
    await pass(3000);
    expect(requests.map(({ firstId, lastId }) => [firstId, lastId])).toEqual([
      [3n, 8n],
      [6n, 8n],
    ]);
    expect(requests[1]?.fromMs).toBe(START + 5);
    expect(ids(records)).toEqual([1, 2, 9, 3, 4, 5, 6, 7, 8]);
    expect(records.at(-1)?.source).toBe('rest');
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toMatchObject([
      { firstId: 3n, lastId: 8n, cause: 'stalled', state: 'repaired', repairedCount: 6, repairedBy: 'rest' },
    ]);
  });

  test('a gap that the exchange cannot fill is lost, in part or as a whole; one it left out itself is unexplained', async () => {
    const { tell, pass, keep, db } = world();
    keep(trade(3));
    await tell(trades(1, 2, 5), trades(7));
    await pass(5000);
    const found = await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY });
    expect(found.map(({ firstId, state, cause, repairedCount }) => [firstId, state, cause, repairedCount])).toEqual([
      [3n, 'partly repaired', 'unexplained', 1],
      [6n, 'lost', 'unexplained', 0],
    ]);
  });

  test('fetches again after a failure, and leaves the gap open when the exchange never answers', async () => {
    const { tell, pass, keep, failRest, requests, db, collector } = world();
    keep(trade(2));
    failRest(new ExchangeError('kraken did not answer', { code: 'UNREACHABLE', exchange: 'kraken', retryable: true }));
    await tell(trades(1, 3));
    await pass(6000);
    expect(requests.length).toBeGreaterThan(1);
    failRest(null);
    await pass(20_000);
    expect((await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY }))[0]?.state).toBe('repaired');
    failRest(new ExchangeError('no such pair', { code: 'BAD_SYMBOL', exchange: 'kraken', retryable: false }));
    await tell(trades(5));
    await pass(5000);
    expect((await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY }))[1]?.state).toBe('open');
    expect(collector.report().exchanges.kraken).toMatchObject({ gaps: 2, missing: 2, repaired: 1 });
  });

  test('trades that come late over the stream close their gap without a request', async () => {
    const { tell, pass, requests, db } = world();
    await tell(trades(1, 4), trades(3), trades(2));
    await pass(5000);
    expect(requests).toEqual([]);
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toMatchObject([
      { state: 'repaired', repairedBy: 'stream', repairedCount: 2 },
    ]);
  });

  test('records a gap that is too long, and does not fetch it', async () => {
    const { tell, pass, requests, db } = world({ settings: { repairTrades: 5 } });
    await tell(trades(1, 8));
    await pass(10_000);
    expect([requests.length, (await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY }))[0]?.state]).toEqual([0, 'open']);
  });

  test('witnesses each closed minute in the store, beside the candles', async () => {
    const { tell, pass, db } = world();
    await tell({ kind: 'trades', isSnapshot: true, trades: [trade(0, { eventTimeMs: START - 1 })] }, trades(1, 2));
    await pass(61_000);
    await tell({ kind: 'trades', isSnapshot: false, trades: [trade(3, { eventTimeMs: START + 60_001 })] });
    await pass(4000);
    const minutes = await db.readTradeMinutes({ exchange: 'kraken', symbols: [BTC, ETH], ...DAY });
    expect(minutes).toMatchObject([
      { symbol: 'BTC/USD', openTimeMs: START, firstId: 1n, lastId: 2n, tradeCount: 2, volume: '1', isComplete: true, isSynthetic: false },
    ]);
    expect(await db.storedExtents('kraken')).toEqual([]);
  });

  const witnessed = (openTimeMs: number, firstId: bigint, lastId: bigint): TradeMinute => ({
    exchange: 'kraken',
    symbol: BTC,
    openTimeMs,
    firstId,
    lastId,
    tradeCount: Number(lastId - firstId) + 1,
    open: decimal('1'),
    high: decimal('1'),
    low: decimal('1'),
    close: decimal('1'),
    volume: decimal('1'),
    isComplete: true,
    isSynthetic: false,
    updatedAtMs: START,
  });

  test('goes on where an earlier run has stopped: what happened meanwhile is a gap, and is fetched', async () => {
    const db = createMemoryTimeSeriesDb();
    await db.insertTradeMinutes([witnessed(START - 180_000, 30n, 38n), witnessed(START - 60_000, 39n, 40n)]);
    const { tell, pass, keep, records } = world({ db });
    keep(trade(41), trade(42));
    await tell(trades(43));
    await pass(5000);
    expect(ids(records)).toEqual([43, 41, 42]);
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toMatchObject([
      { firstId: 41n, lastId: 42n, cause: 'restart', state: 'repaired' },
    ]);
  });

  test('fetches what an earlier run has left missing', async () => {
    const db = createMemoryTimeSeriesDb();
    const first = world({ db });
    first.failStream(new Error('away'));
    await first.tell({ kind: 'trades', isSnapshot: true, trades: [trade(0, { eventTimeMs: START - 1 })] }, trades(1, 2, 3));
    await first.pass(65_000);
    await first.stop();
    const second = world({ db, laterMs: 80_000 });
    second.keep(trade(1), trade(2), trade(3));
    await second.tell({ kind: 'trades', isSnapshot: false, trades: [trade(4, { eventTimeMs: START + 80_001 })] });
    await second.pass(5000);
    expect(ids(second.records)).toEqual([4, 1, 2, 3]);
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toMatchObject([{ state: 'repaired', repairedCount: 3 }]);
  });

  test('stores no minute before its trades are delivered: a crash leaves the next run where to begin', async () => {
    const db = createMemoryTimeSeriesDb();
    await db.insertTradeMinutes([witnessed(START - 60_000, 1n, 10n)]);
    const crashing = world({ db });
    crashing.failStream(new Error('away'));
    await crashing.tell(trades(11, 12));
    await crashing.pass(61_000);
    await crashing.tell({ kind: 'trades', isSnapshot: false, trades: [trade(13, { eventTimeMs: START + 60_001 })] });
    await crashing.pass(9000);
    expect(await db.readTradeMinutes({ exchange: 'kraken', symbols: [BTC], ...DAY })).toHaveLength(1);
    // It ends here, without a word. What it held is gone.
    const next = world({ db, laterMs: 80_000 });
    next.keep(trade(11), trade(12), trade(13, { eventTimeMs: START + 60_001 }));
    await next.tell({ kind: 'trades', isSnapshot: false, trades: [trade(14, { eventTimeMs: START + 80_001 })] });
    await next.pass(5000);
    expect(ids(next.records)).toEqual([14, 11, 12, 13]);
  });

  test('a crash before the first minute was stored is no new beginning: what was lost in it is missing', async () => {
    const db = createMemoryTimeSeriesDb();
    const crashing = world({ db });
    await crashing.tell(trades(21, 22));
    await crashing.pass(1000);
    // It ends here, without a word: nobody has stored a minute, and the stream may have lost what it held.
    const next = world({ db, laterMs: 5000 });
    next.keep(trade(21), trade(22), trade(23));
    await next.tell({ kind: 'trades', isSnapshot: false, trades: [trade(24, { eventTimeMs: START + 5000 })] });
    await next.pass(5000);
    expect(ids(next.records)).toEqual([24, 21, 22, 23]);
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toMatchObject([
      { firstId: 21n, lastId: 23n, cause: 'restart', state: 'repaired' },
    ]);
  });

  test('a gap has not ended before what has filled it is delivered: a crash leaves it open', async () => {
    const db = createMemoryTimeSeriesDb();
    await db.insertTradeMinutes([witnessed(START - 60_000, 1n, 10n)]);
    const crashing = world({ db });
    crashing.failStream(new Error('away'));
    crashing.keep(trade(11), trade(12));
    await crashing.tell(trades(13));
    await crashing.pass(6000);
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toMatchObject([{ firstId: 11n, state: 'open' }]);
    const next = world({ db, laterMs: 8000 });
    next.keep(trade(11), trade(12), trade(13));
    await next.tell({ kind: 'trades', isSnapshot: false, trades: [trade(14, { eventTimeMs: START + 8000 })] });
    await next.pass(5000);
    expect(ids(next.records)).toEqual([14, 11, 12, 13]);
  });

  test('a gap that an earlier run left open ends with the one that covers it', async () => {
    const db = createMemoryTimeSeriesDb();
    await db.insertTradeMinutes([witnessed(START - 60_000, 1n, 10n)]);
    const open = { exchange: 'kraken', symbol: BTC, cause: 'stalled', state: 'open', repairedCount: 0, repairedBy: '' } as const;
    const at = { fromMs: START, toMs: START + 10, detectedAtMs: START, updatedAtMs: START };
    await db.insertTradeGaps([{ ...open, ...at, firstId: 12n, lastId: 13n }]);
    const { tell, pass, keep } = world({ db, laterMs: 1000 });
    keep(...[11, 12, 13, 14].map((id) => trade(id)));
    await tell(trades(15));
    await pass(5000);
    const found = await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY });
    expect(found.map(({ firstId, lastId, state, repairedCount }) => [firstId, lastId, state, repairedCount])).toEqual([
      [11n, 14n, 'repaired', 4],
      [12n, 13n, 'repaired', 2],
    ]);
  });

  test('a repair that fails halfway stays open, and says how much has come', async () => {
    const { tell, pass, keep, failRest, requests, db } = world();
    keep(...[2, 3, 4, 5, 6].map((id) => trade(id)));
    failRest(new ExchangeError('no such pair', { code: 'BAD_SYMBOL', exchange: 'kraken', retryable: false }), 1);
    await tell(trades(1, 7));
    await pass(10_000);
    expect(requests).toHaveLength(2);
    const [found] = await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY });
    expect([found?.state, found?.repairedCount]).toEqual(['open', 3]);
  });

  test('what is fetched of a made-up market is called made up too', async () => {
    const { tell, pass, keep, records } = world({ isSynthetic: true });
    keep(trade(2));
    await tell(trades(1, 3));
    await pass(5000);
    expect(records.map(({ trade: { id }, source }) => [id, source])).toEqual([
      ['1', 'synthetic'],
      ['3', 'synthetic'],
      ['2', 'synthetic'],
    ]);
  });

  test('T50: a cache that is away costs nothing but prices: the stream goes on, and the newest price is written afterwards', async () => {
    const { tell, pass, records, price, failCache, collector, logger } = world();
    failCache(new Error('the cache is away'));
    for (let id = 1; id <= 2000; id += 1) await tell(trades(id));
    await pass(2000);
    expect([records.length, collector.report().prices.waiting]).toEqual([2000, 1]);
    expect(logger.lines.filter(({ event }) => event.includes('does not take the latest prices'))).toHaveLength(1);
    failCache(null);
    await pass(500);
    expect((await price('BTC/USD'))?.['trade_id']).toBe('2000');
  });

  test('T50: a stream that is away for long costs the oldest trades, each of them recorded as missing and fetched again', async () => {
    const { tell, pass, records, keep, failStream, db, collector } = world({ settings: { bufferTrades: 1000 } });
    const all = Array.from({ length: 1500 }, (_, index) => trade(index + 1));
    keep(...all);
    failStream(new Error('the stream is away'));
    await tell({ kind: 'trades', isSnapshot: false, trades: all });
    await pass(1000);
    expect(collector.report().published.dropped).toBeGreaterThanOrEqual(500);
    failStream(null);
    await pass(180_000);
    expect(new Set(ids(records))).toEqual(new Set(all.map(({ id }) => Number(id))));
    expect((await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY }))[0]).toMatchObject({
      cause: 'buffer full',
      state: 'repaired',
    });
    // What was fetched once more is not counted twice.
    expect((await db.readTradeMinutes({ exchange: 'kraken', symbols: [BTC], ...DAY })).map(({ tradeCount }) => tradeCount)).toEqual([1500]);
  });

  test('refuses what cannot be: trades from the future or of long ago', async () => {
    const { tell, pass, records, collector } = world();
    await tell({
      kind: 'trades',
      isSnapshot: false,
      trades: [trade(1, { eventTimeMs: START + 3_600_000 }), trade(2, { eventTimeMs: START - 3_600_000 }), trade(3)],
    });
    await tell(
      { kind: 'payload refused', reason: 'not a trade', excerpt: '{', atMs: START },
      { kind: 'symbol refused', symbol: ETH, reason: 'unknown', atMs: START },
    );
    await pass(500);
    expect([ids(records), collector.report().exchanges.kraken?.refused]).toEqual([[3], 3]);
  });

  test('says that trades were made up', async () => {
    const { tell, pass, records, price, db } = world({ isSynthetic: true });
    await tell(trades(1));
    await pass(65_000);
    expect([records[0]?.source, (await price('BTC/USD'))?.['source']]).toEqual(['synthetic', 'synthetic']);
    expect((await db.readTradeMinutes({ exchange: 'kraken', symbols: [BTC], ...DAY }))[0]?.isSynthetic).toBe(true);
  });

  test('when it is stopped it hands over what it holds, and reports it', async () => {
    const { tell, records, price, stop, db } = world();
    await tell(trades(1, 3));
    const report = await stop();
    expect([ids(records), report.left, (await price('BTC/USD'))?.['trade_id']]).toEqual([[1, 3], 0, '3']);
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toHaveLength(1);
    expect(report).toMatchObject({ exchanges: { kraken: { accepted: 2, gaps: 1 } }, published: { published: 2 }, rows: { waiting: 0 } });
  });

  test('begins without the store when that gives no answer for five seconds, and takes the trades that came meanwhile', async () => {
    const { tell, pass, records, logger } = world({ db: stalledDb() });
    await tell(trades(1, 2));
    await pass(4900);
    expect(records).toEqual([]);
    await pass(800);
    expect(ids(records)).toEqual([1, 2]);
    expect(JSON.stringify(logger.lines)).toContain('what earlier runs have left');
  });

  test.each<[string, (given: ReturnType<typeof world>) => (() => void) | undefined, Parameters<typeof world>[0]]>([
    ['the store', () => undefined, { db: stalledDb() }],
    [
      'the stream',
      ({ stallStream }) => {
        stallStream();
        return undefined;
      },
      {},
    ],
    ['the archive behind the stream', () => undefined, { flush: never }],
    ['a socket', ({ withoutGoodbye }) => withoutGoodbye(), {}],
    ['everything at once', ({ stallStream, withoutGoodbye }) => (stallStream(), withoutGoodbye()), { db: stalledDb(), flush: never }],
  ])('when it is stopped while %s stalls, it ends within five seconds', async (_what, stall, given) => {
    const collector = world({ ...given, settings: { drainMs: 2000 } });
    await collector.pass(5500);
    const goodbye = stall(collector);
    await collector.tell(trades(1, 2, 3));
    const endedAfter = await collector.stopsWithin(5000, goodbye);
    expect(endedAfter).not.toBeNull();
  });

  test('when it is stopped while the stream is away, what is left is counted and recorded', async () => {
    const { tell, stop, failStream, db } = world();
    failStream(new Error('away'));
    await tell(trades(1, 2, 3));
    expect((await stop()).left).toBe(3);
    expect(await db.readTradeGaps({ exchange: 'kraken', symbols: [BTC], ...DAY })).toMatchObject([
      { firstId: 1n, lastId: 3n, cause: 'buffer full', state: 'open' },
    ]);
  });
});
