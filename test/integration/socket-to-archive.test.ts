import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { loadConfig } from '#config/load.ts';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Exchange } from '#core/exchange.ts';
import type { SocketFault } from '#recorded-exchange/socket-faults.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { liveOf } from '#local/market-source.ts';
import { startLiveTrades } from '#local/live-trades.ts';
import { createFileStorage } from '#providers/files/file-storage.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { readArchive } from '#usecases/read-archive.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';
import { seededRandom } from '../providers/websocket/virtual-time.ts';

// The whole way: a recorded exchange, real sockets, the collector, the stream, the archive function, files, and back. What must come out
// is read from the recording by this test itself.

const RECORDINGS = 'recordings/trades';
const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

type Case = {
  readonly recording: string;
  readonly exchange: Exchange;
  readonly symbols: readonly string[];
  readonly fromText: string;
  readonly stepMs: number;
};

const CASES: readonly Case[] = [
  {
    recording: 'binance-2024-08-08',
    fromText: '2024-08-08T23:54:00Z',
    exchange: 'binance',
    symbols: ['BTC/USDT', 'ETH/USDT'],
    stepMs: 10_000,
  },
  {
    recording: 'coinbase-2026-08-09',
    fromText: '2026-08-09T21:05:48.240Z',
    exchange: 'coinbase',
    symbols: ['BTC/USD', 'ETH/USD'],
    stepMs: 2000,
  },
  { recording: 'kraken-2023-11', fromText: '2023-11-17T00:00:00Z', exchange: 'kraken', symbols: ['BTC/USDT'], stepMs: 1_800_000 },
];

const lines = (path: string): string[] =>
  gunzipSync(readFileSync(join(RECORDINGS, path)))
    .toString()
    .split('\n')
    .filter(Boolean);
const byId = (a: string, b: string): number => Number(a.split(' ')[0]) - Number(b.split(' ')[0]);
/** One text a trade: id, price, size, side of the taker; figures without zeros at the end. */
const text = (id: unknown, price: unknown, size: unknown, side: string): string => [id, Number(price), Number(size), side].join(' ');

/** What was recorded, by symbol, in order of ids. */
function recordedTrades({ recording, symbols }: Case): Map<string, string[]> {
  const found = new Map<string, string[]>(symbols.map((symbol) => [symbol, []]));
  const messages = (path: string) => lines(`${recording}/${path}`).map((line) => JSON.parse(JSON.parse(line).data));
  if (recording.startsWith('binance'))
    for (const symbol of symbols)
      for (const { data } of messages(`ws/binance_${symbol.replace('/', '-')}.ndjson.gz`))
        found.get(symbol)?.push(text(data.t, data.p, data.q, data.m === true ? 'sell' : 'buy'));
  if (recording.startsWith('coinbase')) {
    const events = messages('ws/coinbase.ndjson.gz').flatMap((message) => message.events);
    for (const one of events.filter(({ type }) => type === 'update').flatMap(({ trades }) => trades))
      found.get(one.product_id.replace('-', '/'))?.push(text(one.trade_id, one.price, one.size, one.side === 'BUY' ? 'sell' : 'buy'));
  }
  if (recording.startsWith('kraken'))
    for (const line of lines(`${recording}/trades/kraken_BTC-USDT.csv.gz`).slice(1)) {
      const [, id, , side = '', price, amount] = line.split(',');
      found.get('BTC/USDT')?.push(text(id, price, amount, side));
    }
  for (const trades of found.values()) trades.sort(byId);
  return found;
}

/** Faults by the step of the replay at which they begin. */
type Plan = (step: number, symbols: readonly string[]) => readonly SocketFault[];

const NO_FAULTS: Plan = () => [];
const FAULTS: Plan = (step, symbols) => {
  const all = symbols.map(symbolOf);
  if (step % 8 === 2) return all.map((symbol) => ({ kind: 'lose trades', symbol, count: 3 }));
  if (step % 8 === 4) return [{ kind: 'repeat messages', count: 5 }];
  // A client gives a connection up that breaks ten frames in a minute.
  if (step === 5) return [{ kind: 'send frames', frames: ['{"half', 'null', '[]', '{"channel":"unknown"}'] }];
  // The end is left in peace: nothing would show that its last trades are missing.
  if (step === 7 || step === 15) return [{ kind: 'cut', at: 'now', count: 1 }];
  return [];
};

async function collect(one: Case, plan: Plan) {
  const { recording: name, exchange, symbols, fromText, stepMs } = one;
  const recording = loadRecordingManifest(join(RECORDINGS, name));
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-archive-'));
  directories.push(directory);
  let now = Date.parse(fromText);
  const clock = { nowMs: () => now, sleepUntil: async (timeMs: number) => void (now = Math.max(now, timeMs)) };
  const timer = createSystemTimer();
  const server = await startRecordedExchange({ recording, clock, timer });
  const sockets = server.sockets[exchange];
  if (sockets === undefined) throw new Error('no WebSocket');
  const logger = keepingLogger();
  const db = createMemoryTimeSeriesDb();
  // A gap has ended when what filled it is archived: soon, so that the end is not hurried.
  const config = loadConfig('config', { TIDEMARK_STREAMING__ARCHIVE__WINDOW_SECONDS: '1' });
  const storage = createFileStorage({ directory, timer, deadlineMs: 10_000 });
  const live = startLiveTrades({
    config,
    source: {
      parts: { clock, timer, random: seededRandom(3), logger },
      // Days pass in seconds: trades are read long after their time.
      facts: { mode: 'replay', recording: name, speed: 100_000 },
      ...liveOf(recording),
      restUrls: server.urls,
      webSocketUrls: server.webSocketUrls,
    },
    db,
    cache: createMemoryCache(clock),
    storage,
  });
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) await new Promise((resolve) => setImmediate(resolve));
  };
  const feed = () => live.report().exchanges[exchange]?.feed;
  const isSubscribed = (): boolean => [...(feed()?.symbols.values() ?? [])].filter((state) => state === 'live').length === symbols.length;
  await until(isSubscribed);
  const expected = recordedTrades(one);
  for (let step = 0; now < recording.replayUntilMs; step += 1) {
    const interruptions = live.report().exchanges[exchange]?.interruptions ?? 0;
    const faults = plan(step, symbols);
    for (const fault of faults) sockets.faults.inject(fault);
    // Without a later trade nothing would show that some are missing: time stands still until the connection is back.
    if (faults.some(({ kind }) => kind === 'cut'))
      await until(() => (live.report().exchanges[exchange]?.interruptions ?? 0) > interruptions);
    await until(isSubscribed);
    now = Math.min(now + stepMs, recording.replayUntilMs);
    sockets.pump();
  }
  const count = [...expected.values()].reduce((sum, trades) => sum + trades.length, 0);
  await until(() => (live.report().exchanges[exchange]?.accepted ?? 0) >= count);
  await until(() => live.report().exchanges[exchange]?.openGaps === 0);
  const gapsOf = async () => await db.readTradeGaps({ exchange, symbols: symbols.map(symbolOf), fromMs: 0, untilMs: now + 1e9 });
  while ((await gapsOf()).some(({ state }) => state === 'open')) await new Promise((resolve) => setImmediate(resolve));
  const report = await live.close();
  await server.close();
  const out = new Map<string, string[]>();
  const window = { fromMs: recording.replayFromMs, untilMs: recording.replayUntilMs + 3_600_000 };
  for (const symbol of symbols) {
    const trades: string[] = [];
    const problems: unknown[] = [];
    const query = { exchange, symbols: [symbolOf(symbol)], ...window };
    for await (const hour of readArchive({ storage }, query, (problem) => void problems.push(problem)))
      for (const { trade } of hour.trades) trades.push(text(trade.id, trade.price, trade.size, trade.side));
    expect(problems).toEqual([]);
    out.set(symbol, trades);
  }
  return { expected, out, report, gaps: await gapsOf() };
}

describe('every recorded trade goes in at the socket and comes out of the archive exactly once, in order', () => {
  test.each(CASES)('$recording', async (one) => {
    const { expected, out, report, gaps } = await collect(one, NO_FAULTS);
    expect(out).toEqual(expected);
    expect(report.exchanges[one.exchange]).toMatchObject({ refused: 0, interruptions: 0 });
    // Only the source of the Kraken trades has lost some itself: every 1,000th.
    expect(gaps.map(({ state, firstId, lastId }) => [state, lastId - firstId])).toEqual(
      one.exchange === 'kraken' ? Array.from({ length: 26 }, () => ['lost', 0n]) : [],
    );
  });

  test.each(CASES)('$recording, while trades are lost and repeated, frames are broken and connections cut', async (one) => {
    const { expected, out, report, gaps } = await collect(one, FAULTS);
    expect(out).toEqual(expected);
    const seen = report.exchanges[one.exchange];
    expect([seen?.interruptions ?? 0, seen?.repaired ?? 0, seen?.refused ?? 0].every((count) => count > 0)).toBe(true);
    expect(gaps.filter(({ state }) => state !== 'repaired').length).toBe(one.exchange === 'kraken' ? 26 : 0);
    expect(report.left).toBe(0);
  });
});
