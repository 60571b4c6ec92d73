import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Redis } from 'ioredis';
import { loadConfig, type Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { ExchangeWebSocket } from '#core/ports/exchange-web-socket.ts';
import type { FeedEvent } from '#core/trade-feed.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { createTradeQuality } from '#domain/quality/trade-quality.ts';
import { latestPriceEntry } from '#domain/trades/latest-price.ts';
import { tradeLine } from '#domain/trades/trade-record.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createExchangeRestApi } from '#factories/exchange-rest-api.ts';
import { createExchangeWebSocket } from '#factories/exchange-web-socket.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { openStreamClient } from '#factories/stream-client.ts';
import { projectFile } from '#local/project-files.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { every } from '#std/every.ts';
import { createFifo } from '#std/fifo.ts';
import { createMarketBook } from '#usecases/collect-market-book.ts';
import { createTradeCollector, type CollectReport } from '#usecases/collect-trades.ts';
import type { CollectedExchange } from '#usecases/collected-exchange.ts';
import { createLatencyHistogram, type LatencySummary } from './latency-histogram.ts';

// The process whose limits tools/bench-collector.ts looks for; it is told what to do over IPC. `ours` is the collector as it ships: its
// configuration, factories and use case. `naive` has the same sockets, parsers, checks and books, and then one SET and one record a trade;
// `pipelined` too, with the SETs of a turn in one pipeline.

/** What was seen since the last such message. */
export type LoadFigures = {
  readonly decision: LatencySummary;
  readonly cache: LatencySummary;
  readonly cpuMicroseconds: number;
  readonly rssBytes: number;
  readonly accepted: number;
  /** Of queues and buffers that were full, and trades that were refused or flagged. */
  readonly dropped: number;
  readonly refused: number;
  readonly suspicious: number;
};

type Pipeline = { readonly counts: () => Pick<LoadFigures, 'accepted' | 'dropped' | 'refused' | 'suspicious'> };

const decision = createLatencyHistogram();
const cached = createLatencyHistogram();
const config = loadConfig(projectFile('config'), process.env);
const parts = createHostParts('bench', { level: 'error', write: (line) => void process.stderr.write(`${line}\n`) });
const { clock, timer, logger } = parts;
const urls = JSON.parse(process.env['BENCH_SOCKETS'] ?? '{}') as Partial<Record<Exchange, string>>;
const exchanges = Object.entries(config.exchanges).map(([name, entry]) => collectedExchange(name as Exchange, entry?.symbols ?? []));
const variant = process.argv[2];
const pipeline = variant === 'ours' ? startOurs(config) : startNaive(config, variant === 'pipelined');
let usedBefore = process.cpuUsage();

process.on('message', (message) => {
  if (message === 'figures') process.send?.(figures());
  if (message === 'is subscribed') process.send?.(exchanges.every(({ feed }) => isSubscribed(feed)));
  if (message === 'end') process.exit(0);
});

function figures(): LoadFigures {
  const { user, system } = process.cpuUsage(usedBefore);
  usedBefore = process.cpuUsage();
  const taken = { decision: decision.take(), cache: cached.take() };
  return { ...taken, cpuMicroseconds: user + system, rssBytes: process.memoryUsage.rss(), ...pipeline.counts() };
}

function collectedExchange(exchange: Exchange, symbols: CollectedExchange['symbols']): CollectedExchange {
  const feed = createExchangeWebSocket(config, exchange, { ...parts, wsUrl: urls[exchange] });
  const api = createExchangeRestApi(config, exchange, { ...parts, environment: {}, restUrl: 'http://127.0.0.1:9' });
  return { exchange, symbols, feed: withDecisionTimes(feed), api, isSynthetic: () => false };
}

function isSubscribed(feed: ExchangeWebSocket): boolean {
  const { symbols } = feed.health();
  return symbols.size > 0 && [...symbols.values()].every((state) => state === 'live');
}

/** Whoever asks for the next event is done with the one before: its price was offered to the writer and its record to the publisher. */
function withDecisionTimes(feed: ExchangeWebSocket): ExchangeWebSocket {
  return {
    ...feed,
    events(symbols, signal) {
      const source = feed.events(symbols, signal)[Symbol.asyncIterator]();
      let previous: FeedEvent | undefined;
      return {
        [Symbol.asyncIterator]: () => ({
          next() {
            if (previous?.kind === 'trades') noteAll(previous.trades);
            const next = source.next();
            void next.then(({ value }) => (previous = value as FeedEvent | undefined));
            return next;
          },
        }),
      };
    },
  };
}

function noteAll(trades: readonly { readonly eventTimeMs: number }[]): void {
  const nowMs = Date.now();
  for (const { eventTimeMs } of trades) decision.note(nowMs - eventTimeMs);
}

function startOurs({ streaming }: Config): Pipeline {
  const cache = createCacheClient(config, { clock, timer, environment: process.env });
  const { stream } = openStreamClient(config, { clock, timer });
  const collector = createTradeCollector(
    { cache: withCacheTimes(cache), stream, db: createMemoryTimeSeriesDb(), ...parts },
    { task: '1/1', exchanges, settings: { ...streaming.collector, quality: streaming.quality } },
  );
  void collector.run(new AbortController().signal);
  return {
    counts() {
      const report = collector.report();
      const { accepted, refused, suspicious } = sumsOf(report);
      return { accepted, refused, suspicious, dropped: report.published.dropped + droppedEvents() };
    },
  };
}

function sumsOf({ exchanges: all }: CollectReport): Pick<LoadFigures, 'accepted' | 'refused' | 'suspicious'> {
  const sums = { accepted: 0, refused: 0, suspicious: 0 };
  for (const { accepted, refused, suspicious } of Object.values(all)) {
    sums.accepted += accepted;
    sums.refused += refused;
    sums.suspicious += suspicious;
  }
  return sums;
}

function droppedEvents(): number {
  return exchanges.reduce((sum, { feed }) => sum + feed.health().droppedEvents, 0);
}

function withCacheTimes(cache: CacheClient): Pick<CacheClient, 'advanceHashes'> {
  return {
    async advanceHashes(entries, ttlSeconds) {
      const advanced = await cache.advanceHashes(entries, ttlSeconds);
      const nowMs = Date.now();
      for (const { orderMs } of entries) cached.note(nowMs - orderMs);
      return advanced;
    },
  };
}

function startNaive({ streaming }: Config, isPipelined: boolean): Pipeline {
  const quality = createTradeQuality(streaming.quality);
  const prices = isPipelined ? createPipelinedPrices() : createNaivePrices();
  const publisher = createNaivePublisher();
  const books = exchanges.map((one) => {
    const ports = { ...one, ...parts, quality, publisher, prices, onGaps: () => {}, onLine: () => {} };
    return { feed: one, book: createMarketBook(ports, streaming.collector) };
  });
  for (const { feed, book } of books) void follow(feed, (event) => book.take(event));
  every(timer, 1000, async () => {
    for (const { book } of books) book.takeClosedMinutes(clock.nowMs() - 3000);
  });
  return {
    counts() {
      const all = books.map(({ book }) => book.counts());
      const sum = (field: 'accepted' | 'refused' | 'suspicious'): number => all.reduce((total, one) => total + one[field], 0);
      const dropped = prices.dropped() + publisher.dropped() + droppedEvents();
      return { accepted: sum('accepted'), refused: sum('refused'), suspicious: sum('suspicious'), dropped };
    },
  };
}

async function follow({ feed, symbols }: CollectedExchange, take: (event: FeedEvent) => void): Promise<void> {
  for await (const event of feed.events(symbols, new AbortController().signal)) take(event);
}

type NaivePrices = { readonly offer: (checked: CheckedTrade) => void; readonly dropped: () => number };

/** A SET for each trade, sent at once and not waited for, as many as the buffer holds under way. */
function createNaivePrices(): NaivePrices {
  const { cache } = config.databases;
  const { priceTtlSeconds, bufferTrades } = config.streaming.collector;
  const redis = new Redis(cache.url, { protocol: 2, enableReadyCheck: false, disableClientInfo: true });
  let held = 0;
  let dropped = 0;
  const write = async (checked: CheckedTrade): Promise<void> => {
    const { key, fields } = latestPriceEntry(checked);
    await redis.set(key, JSON.stringify(fields), 'EX', priceTtlSeconds);
    held -= 1;
    cached.note(Date.now() - checked.trade.eventTimeMs);
  };
  return {
    offer(checked) {
      if (held >= bufferTrades) {
        dropped += 1;
        return;
      }
      held += 1;
      void write(checked);
    },
    dropped: () => dropped,
  };
}

/** The same, those of one turn of the event loop in one pipeline. */
function createPipelinedPrices(): NaivePrices {
  const { cache } = config.databases;
  const { priceTtlSeconds, bufferTrades } = config.streaming.collector;
  const redis = new Redis(cache.url, { protocol: 2, enableReadyCheck: false, disableClientInfo: true });
  let waiting: CheckedTrade[] = [];
  let held = 0;
  let dropped = 0;
  const write = async (): Promise<void> => {
    const taken = waiting;
    waiting = [];
    const commands = redis.pipeline();
    for (const { key, fields } of taken.map(latestPriceEntry)) commands.set(key, JSON.stringify(fields), 'EX', priceTtlSeconds);
    await commands.exec();
    held -= taken.length;
    const nowMs = Date.now();
    for (const { trade } of taken) cached.note(nowMs - trade.eventTimeMs);
  };
  return {
    offer(checked: CheckedTrade): void {
      if (held >= bufferTrades) {
        dropped += 1;
        return;
      }
      if (waiting.length === 0) setImmediate(() => void write());
      waiting.push(checked);
      held += 1;
    },
    dropped: () => dropped,
  };
}

const MAX_CALL_RECORDS = 500;

/** A record for each trade, at most 500 in a call, one call after the other, over the client that the collector uses too. */
function createNaivePublisher() {
  const { stream, collector } = config.streaming;
  const client = new KinesisClient({ maxAttempts: 1, requestHandler: new NodeHttpHandler({ connectionTimeout: stream.deadlineMs }) });
  const waiting = createFifo<CheckedTrade>();
  let isSending = false;
  let isScheduled = false;
  let dropped = 0;
  const send = async (): Promise<void> => {
    isSending = true;
    do {
      const records = waiting.take(MAX_CALL_RECORDS).map((one) => ({ PartitionKey: one.trade.symbol, Data: Buffer.from(tradeLine(one)) }));
      // oxlint-disable-next-line no-await-in-loop -- one call at a time keeps the order
      await client.send(new PutRecordsCommand({ StreamName: stream.name, Records: records }));
    } while (waiting.size() >= MAX_CALL_RECORDS);
    isSending = false;
    if (waiting.size() > 0) schedule();
  };
  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    timer.after(collector.flushMs, () => {
      isScheduled = false;
      if (!isSending && waiting.size() > 0) void send();
    });
  };
  return {
    offer(trades: readonly CheckedTrade[]): void {
      for (const trade of trades)
        if (waiting.size() < collector.bufferTrades) waiting.push(trade);
        else dropped += 1;
      if (isSending || waiting.size() === 0) return;
      if (waiting.size() >= MAX_CALL_RECORDS) void send();
      else schedule();
    },
    dropped: () => dropped,
  };
}

if (process.send === undefined) logger.error('this process is started by tools/bench-collector.ts; run npm run bench:collector');
