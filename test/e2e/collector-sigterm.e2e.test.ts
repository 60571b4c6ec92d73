import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CreateStreamCommand, GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import kinesalite from 'kinesalite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openCollector } from '#fargate/collector/collector.ts';
import { loadConfig } from '#config/load.ts';
import { loadRecordingManifest } from '#config/recording.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { parseTradeRecord } from '#domain/trades/trade-record.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { startStoreEndpoint, type StoreEndpoint } from '#factories/store-endpoint.ts';
import type { OpenedTimeSeriesDb } from '#factories/time-series-db.ts';
import { openStore } from '#local/platform.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryStream } from '#providers/memory/memory-stream.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { startRecordedExchange, type RecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { decompressZstd } from '#std/zstd.ts';
import { useAwsEnvironment } from '../providers/aws/aws-environment.ts';
import { startRedisServer, type RedisServer } from '../providers/redis/redis-server.ts';
import { seededRandom } from '../providers/websocket/virtual-time.ts';
import { decimal, symbolOf } from '../usecases/fake-exchange.ts';
import { endCommands, ROOT, run, temporaryFolder, until, type RunningCommand } from './support/command.ts';
import { makeTradesOfNow } from './support/trades-of-now.ts';

// Campaign F7: a collector under load is told to end at 40 moments drawn by lot. 8 of them are real processes, the container's main over
// ClickHouse's HTTP, Redis and Kinesis; 32 are the same collector in this process. Sockets, REST and time are real in both.

const PROCESS_ROUNDS = 8;
const LANES = 4;
const ROUNDS_PER_LANE = 8;
const MOST_END_MS = 10_000;
const STEP_MS = 10;
const WRITER_PASSWORD = 'between-tests-only';
const MARKETS = [
  { symbol: 'BTC/USD', firstId: 1_000_000 },
  { symbol: 'ETH/USD', firstId: 2_000_000 },
];
const { clock, timer, random, logger } = createHostParts('test', { level: 'error', write: (line) => void process.stderr.write(line) });
const MAX_RECORD_BYTES = 1 << 24;

let exchange: RecordedExchange;
let fromMs = 0;
beforeAll(async () => {
  const folder = temporaryFolder();
  fromMs = clock.nowMs();
  makeTradesOfNow(folder, MARKETS, { fromMs, stepMs: STEP_MS, seconds: 300 });
  exchange = await startRecordedExchange({ recording: loadRecordingManifest(folder), clock, timer });
});
afterEach(endCommands);
afterAll(async () => await exchange.close());

/** As if an earlier run had stopped just before the first trade: from there on none may be missing. */
function stoppedBefore(): TradeMinute[] {
  return MARKETS.map(({ symbol, firstId }) => ({
    exchange: 'kraken',
    symbol: symbolOf(symbol),
    openTimeMs: fromMs - (fromMs % 60_000) - 60_000,
    firstId: BigInt(firstId - 1),
    lastId: BigInt(firstId - 1),
    tradeCount: 1,
    open: decimal(3000),
    high: decimal(3000),
    low: decimal(3000),
    close: decimal(3000),
    volume: decimal(1),
    isComplete: false,
    isSynthetic: false,
    updatedAtMs: fromMs,
  }));
}

function tradesOf(data: Uint8Array): readonly CheckedTrade[] {
  const record = parseTradeRecord(Buffer.from(decompressZstd(data, MAX_RECORD_BYTES)).toString());
  if (typeof record === 'string' || record.refused.length > 0) throw new Error(`a record cannot be read: ${JSON.stringify(record)}`);
  return record.trades;
}

/** The last id that has happened by now, of a market with this first id. */
const newestId = (firstId: number): number => firstId + Math.floor((clock.nowMs() - fromMs) / STEP_MS) - 1;

/** What a consumer has: ids of each market, each once. */
function createConsumer() {
  const ids = new Map(MARKETS.map(({ symbol }) => [symbol, new Set<number>()]));
  return {
    take: (trades: readonly CheckedTrade[]) => {
      for (const { trade } of trades) ids.get(trade.symbol)?.add(Number(trade.id));
    },
    /** How many of the ids from the first to this many later are not there. */
    missing: (count: number): number =>
      MARKETS.reduce(
        (sum, { symbol, firstId }) =>
          sum + Array.from({ length: count }, (_, index) => ids.get(symbol)?.has(firstId + index)).filter((has) => has !== true).length,
        0,
      ),
  };
}

describe('the collector, told to end under load', () => {
  test(`${LANES * ROUNDS_PER_LANE} times in this process: hands over every trade it has received, and the next run fetches what came after`, async () => {
    const lanes = Array.from({ length: LANES }, (_, lane) => lane);
    const rounds = (await Promise.all(lanes.map(runLane))).flat();
    expect(rounds).toHaveLength(LANES * ROUNDS_PER_LANE);
    for (const { tookMs, left, dropped, received, handedOver } of rounds) {
      expect(tookMs).toBeLessThanOrEqual(MOST_END_MS);
      expect({ left, dropped, handedOver }).toEqual({ left: 0, dropped: 0, handedOver: received });
    }
    // Most of them came while trades did.
    expect(rounds.filter(({ received }) => received > 0).length).toBeGreaterThan(rounds.length / 2);
  });

  async function runLane(lane: number) {
    const dice = seededRandom(lane + 1);
    const db = createMemoryTimeSeriesDb();
    await db.insertTradeMinutes(stoppedBefore());
    const consumer = createConsumer();
    const rounds = [];
    for (let round = 0; round < ROUNDS_PER_LANE; round += 1) rounds.push(await endAt(clock.nowMs() + dice.next() * 400));
    // The last run fetches what the others have not seen.
    const wanted = newestId(0);
    await runUntil((taken) => {
      taken();
      return consumer.missing(wanted) === 0;
    });
    expect(consumer.missing(wanted)).toBe(0);
    return rounds;

    async function endAt(timeMs: number) {
      return await runUntil(() => clock.nowMs() >= timeMs);
    }
    async function runUntil(isDue: (take: () => void) => boolean) {
      const memory = createMemoryStream({ maxRecords: 100_000, clock });
      let streamed = 0;
      const take = (): void => {
        for (const { sequence, data } of memory.take(10_000)) {
          const trades = tradesOf(data);
          streamed += trades.filter(({ source }) => source === 'stream').length;
          consumer.take(trades);
          memory.acknowledge(sequence);
        }
      };
      const { collector, close } = openCollector({
        config: loadConfig('config', { TIDEMARK_STREAMING__COLLECTOR__REPAIR_TRADES: '100000' }),
        parts: { clock, timer, random, logger },
        markets: MARKETS.map(({ symbol }) => ({ exchange: 'kraken', symbol: symbolOf(symbol) })),
        db,
        cache: createMemoryCache(clock),
        stream: memory,
        restUrls: exchange.urls,
        webSocketUrls: exchange.webSocketUrls,
      });
      const abort = new AbortController();
      const running = collector.run(abort.signal);
      await until('the moment to end', () => isDue(take));
      const endedMs = timer.monotonicMs();
      abort.abort();
      const { left, published, exchanges } = await running;
      const tookMs = timer.monotonicMs() - endedMs;
      await close();
      take();
      return { tookMs, left, dropped: published.dropped, received: exchanges.kraken?.feed.trades ?? 0, handedOver: streamed };
    }
  }

  test(`${PROCESS_ROUNDS} times as the container's process: exits with 0 in time, and nothing of the trades is lost over all runs`, async () => {
    const sinks = await startSinks();
    try {
      const consumer = createConsumer();
      const dice = seededRandom(99);
      const ends = [];
      for (let round = 0; round < PROCESS_ROUNDS; round += 1) {
        const collector = sinks.startCollector();
        await collector.line(/"collecting"/);
        const dueMs = clock.nowMs() + dice.next() * 1500;
        await collector.reaches('the moment to end', () => clock.nowMs() >= dueMs);
        ends.push(await ended(collector));
        consumer.take(await sinks.readStream());
      }
      for (const { tookMs, ...end } of ends) {
        expect(tookMs).toBeLessThanOrEqual(MOST_END_MS);
        expect(end).toMatchObject({ code: 0, signal: null, stderr: '', left: 0, dropped: 0, held: 0 });
        expect(end.published).toBe(end.offered);
      }
      expect(ends.filter(({ offered }) => offered > 0).length).toBeGreaterThan(PROCESS_ROUNDS / 2);

      const last = sinks.startCollector();
      await last.line(/"collecting"/);
      const wanted = newestId(0);
      await last.reaches('all trades that had happened', async () => {
        consumer.take(await sinks.readStream());
        return consumer.missing(wanted) === 0;
      });
      await sinks.expectLatestPrice();
      expect(await ended(last)).toMatchObject({ code: 0, stderr: '', left: 0, dropped: 0 });
      consumer.take(await sinks.readStream());
      expect(consumer.missing(wanted)).toBe(0);
    } finally {
      await sinks.close();
    }
  });
});

type Stopped = Readonly<Record<'offered' | 'published' | 'dropped' | 'held' | 'left', number>>;

async function ended(collector: RunningCommand) {
  const atMs = timer.monotonicMs();
  collector.kill('SIGTERM');
  const { code, signal, stdout, stderr } = await collector.ended;
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const stopped = JSON.parse(last) as Stopped;
  return { tookMs: timer.monotonicMs() - atMs, code, signal, stderr, ...stopped };
}

/** What the container needs around it, all on 127.0.0.1: ClickHouse over HTTP, Redis, Kinesis. */
async function startSinks() {
  const config = loadConfig('config', {});
  const store: OpenedTimeSeriesDb = await openStore(config, { clock, timer, random, logger }, temporaryFolder(), false);
  if (store.engine === null) throw new Error('the store has no engine');
  const endpoint: StoreEndpoint = await startStoreEndpoint(config, store.engine, { port: 0, writerPassword: WRITER_PASSWORD });
  await store.db.insertTradeMinutes(stoppedBefore());
  const redis: RedisServer = await startRedisServer();
  const kinesis = kinesalite({ createStreamMs: 0 });
  kinesis.listen(0, '127.0.0.1');
  await once(kinesis, 'listening');
  useAwsEnvironment(`http://127.0.0.1:${(kinesis.address() as AddressInfo).port}`);
  const client = new KinesisClient({ requestHandler: new NodeHttpHandler() });
  await client.send(new CreateStreamCommand({ StreamName: 'tidemark-trades', ShardCount: 1 }));
  const first = { StreamName: 'tidemark-trades', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' } as const;
  let iterator: string | undefined;
  const environment = {
    TIDEMARK_EXCHANGES__BINANCE__ENABLED: 'false',
    TIDEMARK_EXCHANGES__COINBASE__ENABLED: 'false',
    TIDEMARK_EXCHANGES__KRAKEN__SYMBOLS: `[${MARKETS.map(({ symbol }) => symbol).join(', ')}]`,
    TIDEMARK_EXCHANGES__KRAKEN__REST_URL: exchange.urls.kraken ?? '',
    TIDEMARK_EXCHANGES__KRAKEN__WS_URL: exchange.webSocketUrls.kraken ?? '',
    TIDEMARK_DATABASES__CLICKHOUSE__MODE: 'http',
    TIDEMARK_DATABASES__CLICKHOUSE__URL: endpoint.url,
    TIDEMARK_DATABASES__CLICKHOUSE__USERNAME: 'writer',
    CLICKHOUSE_PASSWORD: WRITER_PASSWORD,
    TIDEMARK_DATABASES__CACHE__PROVIDER: 'redis',
    TIDEMARK_DATABASES__CACHE__URL: redis.url,
    TIDEMARK_STREAMING__STREAM__PROVIDER: 'kinesis',
    TIDEMARK_STREAMING__COLLECTOR__REPAIR_TRADES: '100000',
  };
  return {
    startCollector: () => run(process.execPath, [join(ROOT, 'fargate/collector/main.ts')], { environment }),
    /** What came since the last time. */
    async readStream(): Promise<readonly CheckedTrade[]> {
      iterator ??= (await client.send(new GetShardIteratorCommand(first))).ShardIterator;
      const found: CheckedTrade[] = [];
      for (let count = 1; count > 0;) {
        const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
        const records = page.Records ?? [];
        found.push(...records.flatMap(({ Data }) => tradesOf(Data ?? new Uint8Array())));
        iterator = page.NextShardIterator;
        count = records.length;
      }
      return found;
    },
    async expectLatestPrice() {
      for (const { symbol } of MARKETS) expect(await redis.command('HGET', `latest_price:kraken:${symbol}`, 'quality')).toBe('good');
    },
    async close() {
      client.destroy();
      kinesis.close();
      await redis.stop();
      await endpoint.close();
      await store.db.close();
    },
  };
}
