import { describe, expect, test } from 'vitest';
import { loadConfig } from '#config/load.ts';
import { SinkError } from '#core/errors.ts';
import { createArchiveHandler } from '#lambdas/archive/handler.ts';
import { startArchiveLoop } from '#local/archive-loop.ts';
import { createBinanceFeed } from '#providers/binance/binance-feed.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { createMemoryStream } from '#providers/memory/memory-stream.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { createLiveFeed } from '#providers/websocket/live-feed.ts';
import type { OpenSocket, SocketHandlers } from '#providers/websocket/open-socket.ts';
import { createTradeCollector } from '#usecases/collect-trades.ts';
import { readArchive } from '#usecases/read-archive.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { seededRandom, settle, START_MS, virtualTime } from '../providers/websocket/virtual-time.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';

// Campaign F13: from a hundred times the usual number of messages to the archive, in virtual time. Memory and times of the machine are what
// `npm run bench:collector` and `npm run soak` print; here it is counts.

const SYMBOLS = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'XRP/USDT', 'ADA/USDT', 'DOGE/USDT'].map(symbolOf);
const USUAL_PER_SECOND = 60;
const BURST_SECONDS = 60;
const STEP_MS = 10;
const SINCE_TOO_LONG_MS = 1000;

/** Opens at once, acknowledges, and says what the test says. */
function tellingSocket(): { readonly openSocket: OpenSocket; say(text: string): void } {
  let listener: SocketHandlers | undefined;
  return {
    openSocket(_url, handlers) {
      listener = handlers;
      queueMicrotask(handlers.onOpen);
      const end = (): void => handlers.onEnd({ reason: 'closed', httpStatus: undefined, retryAfterMs: undefined });
      const send = (text: string): void =>
        queueMicrotask(() => handlers.onText(JSON.stringify({ result: null, id: (JSON.parse(text) as { id: number }).id })));
      return { send, ping: handlers.onPong, close: end, terminate: end };
    },
    say: (text) => listener?.onText(text),
  };
}

function world() {
  const time = virtualTime();
  const { timer, clock } = time;
  const logger = keepingLogger();
  const { streaming } = loadConfig('config', {});
  const socket = tellingSocket();
  const protocol = createBinanceFeed('binance');
  const feed = createLiveFeed({ protocol, clock, timer, random: seededRandom(1), logger, openSocket: socket.openSocket });
  const cache = createMemoryCache(clock);
  const db = createMemoryTimeSeriesDb();
  const memory = createMemoryStream({ maxRecords: streaming.stream.maxRecords, clock });
  const storage = createMemoryStorage();
  const stopArchive = startArchiveLoop({
    memory,
    handler: createArchiveHandler(async () => ({ storage, logger })),
    timer,
    logger,
    windowMs: 10_000,
  });
  let isStreamAway = false;
  const stream = {
    async putRecords(records: Parameters<typeof memory.putRecords>[0]) {
      if (isStreamAway) throw new SinkError('the stream is away', { code: 'STREAM', retryable: true });
      await memory.putRecords(records);
    },
  };
  // Nothing may be repaired: what is lost here stays lost.
  const api = { exchange: 'binance', loadMarkets: neverAsked, fetchTrades: neverAsked } as const;
  const collector = createTradeCollector(
    { cache, db, stream, clock, timer, logger },
    {
      task: '1/1',
      exchanges: [{ exchange: 'binance', symbols: SYMBOLS, feed, api, isSynthetic: () => false }],
      settings: { ...streaming.collector, repairTrades: 0, quality: streaming.quality },
    },
  );
  const abort = new AbortController();
  const running = collector.run(abort.signal);
  const newest = new Map(SYMBOLS.map((symbol) => [symbol, 0]));
  let next = 0;
  let mostHeld = 0;
  let mostRecords = 0;

  const trade = (): void => {
    const symbol = SYMBOLS[next++ % SYMBOLS.length]!;
    const id = newest.get(symbol)! + 1;
    newest.set(symbol, id);
    const name = symbol.replace('/', '');
    const nowMs = clock.nowMs();
    socket.say(
      `{"stream":"${name.toLowerCase()}@trade","data":{"e":"trade","E":${nowMs},"s":"${name}","t":${id},"p":"100.${10 + (id % 7)}000000","q":"0.01000000","T":${nowMs},"m":true,"M":true}}`,
    );
  };
  return {
    db,
    memory,
    newest,
    bufferTrades: streaming.collector.bufferTrades,
    goAway: (isAway: boolean) => void (isStreamAway = isAway),
    most: () => ({ held: mostHeld, records: mostRecords }),
    /** So many trades a second for so long, a few at each step; `onSecond` after each second. */
    async run(seconds: number, perSecond: number, onSecond: (second: number) => Promise<void> = async () => {}): Promise<void> {
      await settle();
      for (let step = 1, sent = 0; step <= (seconds * 1000) / STEP_MS; step += 1) {
        for (; sent < Math.floor((step * perSecond * STEP_MS) / 1000); sent += 1) trade();
        time.advance(STEP_MS);
        await settle();
        mostHeld = Math.max(mostHeld, collector.report().published.held);
        if ((step * STEP_MS) % 1000 === 0) {
          mostRecords = Math.max(mostRecords, memory.records().length);
          await onSecond((step * STEP_MS) / 1000);
        }
      }
    },
    /** How old the latest price of each market is, ms. */
    async priceAges(): Promise<number[]> {
      const hashes = await Promise.all(SYMBOLS.map((symbol) => cache.readHash(`latest_price:binance:${symbol}`)));
      return hashes.map((hash) => clock.nowMs() - Number(hash?.['event_time']));
    },
    latestIds: async () =>
      await Promise.all(SYMBOLS.map(async (symbol) => Number((await cache.readHash(`latest_price:binance:${symbol}`))?.['trade_id']))),
    async stop() {
      abort.abort();
      const report = await running;
      await stopArchive();
      const archived = new Map<string, number[]>();
      const query = { exchange: 'binance', symbols: SYMBOLS, fromMs: START_MS, untilMs: START_MS + 3_600_000 } as const;
      const onProblem = ({ key, reason }: { readonly key: string; readonly reason: string }): never => {
        throw new Error(`${key}: ${reason}`);
      };
      for await (const { symbol, trades } of readArchive({ storage }, query, onProblem))
        archived.set(
          symbol,
          trades.map(({ trade: { id } }) => Number(id)),
        );
      return { report, archived };
    },
  };
}

const neverAsked = (): never => {
  throw new Error('nobody should ask the exchange for trades');
};

const idsUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('a burst of 100 times the usual: 360,000 messages in a minute', () => {
  test('loses no trade and holds little of it, and the latest prices keep up', async () => {
    const { run, stop, priceAges, latestIds, newest, most, memory } = world();
    await run(5, USUAL_PER_SECOND);
    const ages: number[] = [];
    await run(BURST_SECONDS, USUAL_PER_SECOND * 100, async () => void ages.push(...(await priceAges())));
    await run(5, USUAL_PER_SECOND);
    ages.push(...(await priceAges()));
    await run(1, 0);
    expect(Math.max(...ages)).toBeLessThanOrEqual(SINCE_TOO_LONG_MS);
    expect(await latestIds()).toEqual([...newest.values()]);

    const { report, archived } = await stop();
    const sent = [...newest.values()].reduce((sum, count) => sum + count, 0);
    expect(sent).toBe(360_000 + 10 * USUAL_PER_SECOND);
    expect(report.published).toMatchObject({ offered: sent, published: sent, dropped: 0, failedPuts: 0, held: 0 });
    expect(report.exchanges.binance).toMatchObject({ accepted: sent, refused: 0, suspicious: 0, repeated: 0, gaps: 0 });
    expect(report.exchanges.binance?.feed).toMatchObject({ droppedEvents: 0, messages: sent + 1 });
    for (const [symbol, count] of newest) expect(archived.get(symbol)).toEqual(idsUpTo(count));
    // What waits is what comes within one flush (200 ms), and in the stream within one window of the archive.
    expect(most().held).toBeLessThan(USUAL_PER_SECOND * 100 * 0.3);
    expect(most().records).toBeLessThan(2000);
    expect(memory.dropped()).toBe(0);
  });

  test('with the stream away for 20 s of it: the buffer stays within its limit, and every trade it has dropped is in a gap', async () => {
    const { run, stop, newest, most, db, goAway, bufferTrades, latestIds } = world();
    await run(30, USUAL_PER_SECOND * 100, async (second) => goAway(second >= 5 && second < 25));
    await run(6, USUAL_PER_SECOND);
    await run(1, 0);
    expect(await latestIds()).toEqual([...newest.values()]);
    const { report, archived } = await stop();
    const sent = [...newest.values()].reduce((sum, count) => sum + count, 0);
    const { offered, published, dropped, held } = report.published;
    expect(most().held).toBe(bufferTrades);
    expect([offered, published + dropped, held, report.left]).toEqual([sent, sent, 0, 0]);
    expect(dropped).toBeGreaterThan(60_000);
    const gaps = await db.readTradeGaps({ exchange: 'binance', symbols: SYMBOLS, fromMs: 0, untilMs: START_MS + 3_600_000 });
    expect(new Set(gaps.map(({ cause }) => cause))).toEqual(new Set(['buffer full']));
    for (const [symbol, count] of newest) {
      const missing = gaps
        .filter((gap) => gap.symbol === symbol)
        .flatMap(({ firstId, lastId }) => idsUpTo(Number(lastId - firstId) + 1).map((index) => Number(firstId) + index - 1));
      expect([...(archived.get(symbol) ?? []), ...missing].sort((a, b) => a - b)).toEqual(idsUpTo(count));
    }
  });
});
