import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Exchange } from '#core/exchange.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { liveOf } from '#local/market-source.ts';
import { projectFile } from '#local/project-files.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import type { SocketFault } from '#recorded-exchange/socket-faults.ts';
import { startTradeLoad } from './collector-load.ts';
import type { SoakFigures, SoakSetting } from './soaked-collector.ts';

// Whether the collector's memory and handles stay as they are: `npm run soak -- [--minutes 30]`. It collects the trades that are made up from
// the shipped recording, in which a day passes in minutes, of three exchanges that misbehave every 20 s, and 2,000 trades a second of a
// fourth that does not. Exit code 1 when in the second half the heap (after a collection) or the resident set rises by more than below, or
// when at the end there are more handles than in the middle.

const MOST_HEAP_RISE_MIB = 8;
const MOST_RSS_RISE_MIB = 24;
/** Sockets that one exchange may just be opening, and timers. */
const MOST_MORE_HANDLES = 12;
const LOAD_TRADES_PER_SECOND = 2000;
const LOAD_SYMBOLS = ['SOL/USDT', 'XRP/USDT', 'ADA/USDT', 'DOGE/USDT', 'AVAX/USDT', 'LINK/USDT', 'DOT/USDT', 'LTC/USDT'];
const FAULT_EVERY_MS = 20_000;
const SAMPLE_EVERY_MS = 10_000;
const MIB = 2 ** 20;

type Sample = SoakFigures & { readonly atMs: number };

const minutes = Number(process.argv[process.argv.indexOf('--minutes') + 1] ?? 30) || 30;
const recording = loadRecordingManifest(projectFile('recordings'));
const { replayFromMs, replayUntilMs } = recording;
// One minute is left over at the end: without trades nothing would be measured.
const speed = Math.floor((replayUntilMs - replayFromMs) / ((minutes + 1) * 60_000));
const { clock, timer } = createHostParts('exchange', { replay: { startMs: replayFromMs, speed, runsFree: true } });
const exchange = await startRecordedExchange({ recording, clock, timer });
const loadMarkets = LOAD_SYMBOLS.map((symbol) => ({ exchange: 'binance' as const, symbol: symbolOf(symbol) }));
const load = await startTradeLoad(loadMarkets, () => Math.floor(clock.nowMs()));
// Its share of all trades, were there three exchanges.
load.pace(LOAD_TRADES_PER_SECOND / 0.7);

const setting: SoakSetting = {
  markets: [...liveOf(recording).markets, ...loadMarkets],
  restUrls: { ...exchange.urls, binance: 'http://127.0.0.1:9' },
  webSocketUrls: { ...exchange.webSocketUrls, binance: load.urls.binance },
  speed,
  virtualMs: clock.nowMs(),
  atMs: Date.now(),
};
const child = fork(join(import.meta.dirname, 'soaked-collector.ts'), [], {
  execArgv: [...process.execArgv, '--expose-gc'],
  env: { ...process.env, SOAK_SETTING: JSON.stringify(setting), TIDEMARK_STREAMING__STREAM__MAX_RECORDS: '1000' },
});

try {
  console.log(`${setting.markets.length} markets for ${minutes} minutes, recorded time ${speed} times real time, ${process.version}`);
  const samples = await watch(child);
  child.send('end');
  const [{ left }] = (await once(child, 'message')) as [{ readonly left: number }];
  console.log(`stopped; ${left} trades could not be handed over`);
  process.exitCode = judge(samples) ? 0 : 1;
} finally {
  child.kill();
  load.close();
  await exchange.close();
}

async function watch(collector: ChildProcess): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const startedAt = performance.now();
  let faults = 0;
  let nextFaultMs = FAULT_EVERY_MS;
  for (let elapsedMs = 0; elapsedMs < minutes * 60_000; elapsedMs = performance.now() - startedAt) {
    await new Promise((resolve) => void setTimeout(resolve, SAMPLE_EVERY_MS));
    const sample = { ...(await ask(collector)), atMs: performance.now() - startedAt };
    samples.push(sample);
    if (samples.length % (60_000 / SAMPLE_EVERY_MS) === 0) show(sample, faults);
    // The last minute is left in peace, so that everything can be repaired.
    if (sample.atMs < nextFaultMs || sample.atMs > (minutes - 1) * 60_000) continue;
    nextFaultMs += FAULT_EVERY_MS;
    misbehave(faults++);
  }
  return samples;
}

async function ask(collector: ChildProcess): Promise<SoakFigures> {
  const answer = once(collector, 'message', { signal: AbortSignal.timeout(30_000) });
  collector.send('figures');
  return (await answer)[0] as SoakFigures;
}

/** One venue after the other, one fault after the other. */
function misbehave(turn: number): void {
  const venues = Object.entries(exchange.sockets) as [Exchange, NonNullable<(typeof exchange.sockets)[Exchange]>][];
  const [name, sockets] = venues[turn % venues.length] ?? [];
  const symbols = setting.markets.filter((market) => market.exchange === name).map(({ symbol }) => symbol);
  const faults: readonly (readonly SocketFault[])[] = [
    [{ kind: 'stall' }],
    [{ kind: 'cut', at: 'now', count: 1 }],
    symbols.map((symbol) => ({ kind: 'lose trades', symbol, count: 5 })),
    [{ kind: 'repeat messages', count: 20 }],
    [{ kind: 'send frames', frames: ['{"half', 'null', '[]', '{"channel":"unknown"}'] }],
    [{ kind: 'announce shutdown' }],
    [
      { kind: 'refuse handshake', status: 503, count: 2 },
      { kind: 'cut', at: 'now', count: 1 },
    ],
  ];
  for (const fault of faults[turn % faults.length] ?? []) sockets?.faults.inject(fault);
}

function show(sample: Sample, faults: number): void {
  const { accepted, gaps, repaired, interruptions, refused, dropped, held, rowsWritten, rowsWaiting, prices } = sample;
  const kinds = Object.entries(sample.handles).map(([kind, count]) => `${kind} ${count}`);
  console.log(
    `${(sample.atMs / 60_000).toFixed(0).padStart(3)} min  RSS ${mib(sample.rssBytes)}  heap ${mib(sample.heapBytes)}  external ${mib(sample.externalBytes)} MiB  ` +
      `${accepted} trades, ${prices} prices, ${faults} faults, ${interruptions} interruptions, ${gaps} gaps, ${repaired} repaired, ${refused} refused, ` +
      `${dropped} dropped, ${held} held, rows ${rowsWritten} + ${rowsWaiting}; ${kinds.join(', ')}`,
  );
}

function judge(samples: readonly Sample[]): boolean {
  const half = samples.slice(Math.floor(samples.length / 2));
  const hours = ((half.at(-1)?.atMs ?? 0) - (half[0]?.atMs ?? 0)) / 3_600_000;
  const [heap, rss] = [slope(half, ({ heapBytes }) => heapBytes / MIB), slope(half, ({ rssBytes }) => rssBytes / MIB)];
  const count = ({ handles }: Sample): number => Object.values(handles).reduce((sum, one) => sum + one, 0);
  const least = Math.min(...half.map(count));
  const more = half.slice(-6).reduce((few, sample) => Math.min(few, count(sample)), Number.POSITIVE_INFINITY) - least;
  const isFlat = heap * hours <= MOST_HEAP_RISE_MIB && rss * hours <= MOST_RSS_RISE_MIB && more <= MOST_MORE_HANDLES;
  console.log(
    `second half: heap ${heap.toFixed(1)} MiB/h (rises by ${(heap * hours).toFixed(1)} MiB, at most ${MOST_HEAP_RISE_MIB}), ` +
      `RSS ${rss.toFixed(1)} MiB/h (rises by ${(rss * hours).toFixed(1)} MiB, at most ${MOST_RSS_RISE_MIB}), ` +
      `${more} more handles at its end (at most ${MOST_MORE_HANDLES}): ${isFlat ? 'flat' : 'GROWS'}`,
  );
  return isFlat;
}

/** Of the least-squares line through the samples, a hour. */
function slope(samples: readonly Sample[], valueOf: (sample: Sample) => number): number {
  const points = samples.map((sample) => ({ x: sample.atMs / 3_600_000, y: valueOf(sample) }));
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  return mean(({ x, y }) => (x - meanX) * (y - meanY)) / mean(({ x }) => (x - meanX) ** 2);
}

function symbolOf(text: string): MarketSymbol {
  const symbol = parseMarketSymbol(text);
  if (symbol === undefined) throw new RangeError(`"${text}" is not a symbol`);
  return symbol;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1).padStart(6);
}
