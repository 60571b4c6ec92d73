import { describe, expect, test } from 'vitest';
import { openCollector } from '#fargate/collector/collector.ts';
import { createArchiveHandler } from '#lambdas/archive/handler.ts';
import { loadConfig } from '#config/load.ts';
import { loadRecordingManifest } from '#config/recording.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { startArchiveLoop } from '#local/archive-loop.ts';
import { liveOf } from '#local/market-source.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { createMemoryStream } from '#providers/memory/memory-stream.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { readArchive } from '#usecases/read-archive.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { seededRandom } from '../providers/websocket/virtual-time.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';

const FROM = Date.parse('2024-08-08T23:54:15Z');
const UNTIL = Date.parse('2024-08-08T23:55:15Z');
const SYMBOLS = ['BTC/USDT', 'ETH/USDT'].map(symbolOf);

/** Some collectors over one exchange, one stream, one cache and one archive, each with its task of so many. */
async function run(
  tasks: readonly (readonly [task: number, tasks: number])[],
  during: (collectors: readonly AbortController[]) => Promise<void> = async () => {},
) {
  const recording = loadRecordingManifest('recordings/trades/binance-2024-08-08');
  let now = FROM;
  const clock = { nowMs: () => now, sleepUntil: async () => {} };
  const timer = createSystemTimer();
  const server = await startRecordedExchange({ recording, clock, timer });
  const logger = keepingLogger();
  const [cache, db, storage] = [createMemoryCache(clock), createMemoryTimeSeriesDb(), createMemoryStorage()];
  const memory = createMemoryStream({ maxRecords: 100_000, clock });
  const stopArchive = startArchiveLoop({
    memory,
    handler: createArchiveHandler(async () => ({ storage, logger })),
    timer,
    logger,
    windowMs: 60_000,
  });
  const collectors = tasks.map(([task, of]) => {
    const config = loadConfig('config', {
      TIDEMARK_STREAMING__COLLECTOR__TASK: String(task),
      TIDEMARK_STREAMING__COLLECTOR__TASKS: String(of),
    });
    const parts = { clock, timer, random: seededRandom(task), logger };
    const source = { ...liveOf(recording), restUrls: server.urls, webSocketUrls: server.webSocketUrls };
    const opened = openCollector({ ...source, config, parts, db, cache, stream: memory, speed: 1000 });
    const abort = new AbortController();
    return { ...opened, abort, running: opened.collector.run(abort.signal) };
  });
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) await new Promise((resolve) => setImmediate(resolve));
  };
  const feeds = () => collectors.flatMap(({ collector }) => Object.values(collector.report().exchanges).map(({ feed }) => feed));
  await until(() => feeds().every(({ symbols }) => symbols.size > 0 && [...symbols.values()].every((state) => state === 'live')));
  const sockets = server.sockets.binance;
  now += 30_000;
  sockets?.pump();
  await during(collectors.map(({ abort }) => abort));
  now = UNTIL;
  sockets?.pump();
  const marker = new Map<string, number>();
  for (const symbol of SYMBOLS) marker.set(symbol, await lastTradeId(server.urls.binance ?? '', symbol));
  const seen = async (symbol: string) => Number((await cache.readHash(`latest_price:binance:${symbol}`))?.['trade_id'] ?? 0);
  for (const symbol of SYMBOLS)
    while ((await seen(symbol)) < (marker.get(symbol) ?? 0)) await new Promise((resolve) => setImmediate(resolve));
  for (const { abort } of collectors) abort.abort();
  const reports = await Promise.all(collectors.map(({ running }) => running));
  await stopArchive();
  await Promise.all(collectors.map((one) => one.close()));
  await server.close();
  const archived: number[][] = [];
  let duplicates = 0;
  for (const symbol of SYMBOLS) {
    const ids: number[] = [];
    for await (const hour of readArchive(
      { storage },
      { exchange: 'binance', symbols: [symbol], fromMs: FROM, untilMs: UNTIL + 1 },
      (problem) => expect(problem).toBeNull(),
    )) {
      ids.push(...hour.trades.map(({ trade }) => Number(trade.id)));
      duplicates += hour.duplicates;
    }
    archived.push(ids);
  }
  return {
    reports,
    archived,
    duplicates,
    marker: SYMBOLS.map((symbol) => marker.get(symbol) ?? 0),
    markets: collectors.map(({ markets }) => markets),
  };
}

async function lastTradeId(url: string, symbol: string): Promise<number> {
  const answer = await fetch(`${url}/api/v3/historicalTrades?symbol=${symbol.replace('/', '')}&limit=1`);
  return ((await answer.json()) as { id: number }[])[0]?.id ?? 0;
}

/** From the first to the last, none missing, none twice. */
const isUnbroken = (ids: readonly number[], last: number): boolean =>
  ids.length > 100 && ids.every((id, index) => id === (ids[0] ?? 0) + index) && ids.at(-1) === last;

describe('several collectors', () => {
  test('that have the same markets deliver every trade twice to the stream, and once to whoever reads the archive', async () => {
    const { archived, duplicates, marker, reports } = await run([
      [1, 1],
      [1, 1],
    ]);
    expect(archived.map((ids, index) => isUnbroken(ids, marker[index] ?? 0))).toEqual([true, true]);
    const published = reports.map(({ published: counts }) => counts.published);
    expect(published[0]).toBe(published[1]);
    expect(archived.flat().length + duplicates).toBeLessThanOrEqual((published[0] ?? 0) * 2);
    expect(archived.flat().length).toBe(published[0]);
  });

  test('that have the same markets leave no hole when one of them is stopped', async () => {
    const { archived, marker, reports } = await run(
      [
        [1, 1],
        [1, 1],
      ],
      async ([first]) => first?.abort(),
    );
    expect(archived.map((ids, index) => isUnbroken(ids, marker[index] ?? 0))).toEqual([true, true]);
    expect((reports[0]?.published.published ?? 0) < (reports[1]?.published.published ?? 0)).toBe(true);
  });

  test('that share the markets deliver every trade once', async () => {
    const { archived, duplicates, marker, reports, markets } = await run([
      [1, 2],
      [2, 2],
    ]);
    expect([markets.reduce((sum, count) => sum + count, 0), duplicates]).toEqual([2, 0]);
    expect(archived.map((ids, index) => isUnbroken(ids, marker[index] ?? 0))).toEqual([true, true]);
    expect(reports.reduce((sum, { published }) => sum + published.published, 0)).toBe(archived.flat().length);
  });
});
