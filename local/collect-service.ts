import { enabledMarkets } from '#config/enabled-markets.ts';
import { loadRecordingManifest } from '#config/recording.ts';
import type { RecordingManifest } from '#core/recording.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createStorageClient } from '#factories/storage-client.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { marketsOfTask } from '#usecases/markets-of-task.ts';
import type { CollectReport } from '#usecases/collect-trades.ts';
import { archiveDirectoryOf } from './data-folder.ts';
import { startLiveTrades, type LiveTradesOptions } from './live-trades.ts';
import { liveOf } from './market-source.ts';
import { iso } from './replay-plan.ts';
import { createStack } from './resource-stack.ts';
import type { ServiceContext, ServiceOptions } from './service-context.ts';
import { untilAborted } from './stop-signal.ts';
import { claimState, runningExchange, virtualNow } from './service-parts.ts';
import { openOwnOrRemoteStore } from './writable-store.ts';

export type CollectServiceOptions = ServiceOptions & {
  /** The real exchanges instead of a recorded one. */
  readonly isLive: boolean;
  /** Ends by itself after so many seconds of real time; null goes on until stopped. */
  readonly seconds: number | null;
};

const STATUS_EVERY_MS = 2000;

/**
 * The collector alone: live trades of the real exchanges, or of a recorded one that runs in another terminal (`tidemark exchange`), to the
 * cache, the stream and the archive. Uses the store of `tidemark store` where one runs for the data folder, and one of its own otherwise.
 * Resolves with the exit code: 1 when trades were left that no sink took, or when nothing arrived at all.
 */
export async function runCollectService(options: CollectServiceOptions, context: ServiceContext): Promise<0 | 1> {
  const { config, output, signal } = context;
  const { source, recording } = openSource(options, context);
  const { parts } = source;
  const stack = createStack();
  try {
    const store = { dataDirectory: options.dataDirectory, command: 'collect', isReplay: recording !== null };
    const db = await openOwnOrRemoteStore(store, config, parts, stack);
    claimState(options.dataDirectory, recording, Math.floor(parts.clock.nowMs() / 60_000) * 60_000);
    const cache = createCacheClient(config, { ...parts, environment: process.env });
    stack.add('the cache', () => cache.close());
    const directory = archiveDirectoryOf(options.dataDirectory);
    const storage = createStorageClient(config, { ...source.parts, directory, environment: process.env });
    stack.add('the archive', () => storage.close());
    const live = startLiveTrades({ config, source, db, cache, storage });
    const { task, tasks } = config.streaming.collector;
    const own = marketsOfTask(source.markets, task, tasks).length;
    output.line(`collecting trades of ${own} markets (task ${task} of ${tasks}) from ${iso(parts.clock.nowMs())}; Ctrl-C ends it`);
    const status = (): string => [iso(parts.clock.nowMs()), summaryOf(live.report()), ...unconnected(live.report())].join('  ');
    await shownUntilStopped(signal, options.seconds, () => output.status(status()));
    const report = await live.close();
    const left = report.left > 0 ? `, ${count(report.left)} could not be handed over` : '';
    output.line(`${signal.aborted ? 'stopped' : 'done'}: ${summaryOf(report)}${left}`);
    const isUnreached = totalsOf(report).messages === 0;
    if (isUnreached) output.line('No exchange could be reached. Check the network; the log (stderr) says what went wrong.');
    return isUnreached || report.left > 0 ? 1 : 0;
  } finally {
    await stack.close();
  }
}

type Source = { readonly source: LiveTradesOptions['source']; readonly recording: RecordingManifest | null };

function openSource(options: CollectServiceOptions, { config, log }: ServiceContext): Source {
  const host = { level: options.logLevel, write: log };
  if (options.isLive) {
    const facts = { mode: 'live', recording: null, speed: null } as const;
    const markets = enabledMarkets(config);
    const parts = createHostParts('collector', host);
    return { recording: null, source: { parts, facts, markets, isSynthetic: () => false, restUrls: {}, webSocketUrls: {} } };
  }
  const exchange = runningExchange(options.dataDirectory);
  const recording = loadRecordingManifest(exchange.recordings);
  const { speed } = exchange.replay;
  const parts = createHostParts('collector', { ...host, replay: { startMs: virtualNow(exchange), speed, runsFree: true } });
  const facts = { mode: 'replay', recording: recording.name, speed } as const;
  return { recording, source: { parts, facts, ...liveOf(recording), restUrls: exchange.urls, webSocketUrls: exchange.webSocketUrls } };
}

async function shownUntilStopped(signal: AbortSignal, seconds: number | null, show: () => void): Promise<void> {
  const shown = setInterval(show, STATUS_EVERY_MS);
  // A signal's own timer keeps no process alive that was stopped before.
  await untilAborted(seconds === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]));
  clearInterval(shown);
}

type Totals = {
  trades: number;
  gaps: number;
  missing: number;
  repaired: number;
  suspicious: number;
  refused: number;
  messages: number;
};

function totalsOf({ exchanges }: CollectReport): Totals {
  const totals: Totals = { trades: 0, gaps: 0, missing: 0, repaired: 0, suspicious: 0, refused: 0, messages: 0 };
  for (const one of Object.values(exchanges)) {
    totals.trades += one.accepted;
    totals.gaps += one.gaps;
    totals.missing += one.missing;
    totals.repaired += one.repaired;
    totals.suspicious += one.suspicious;
    totals.refused += one.refused;
    totals.messages += one.feed.messages;
  }
  return totals;
}

/** One line for people. */
function summaryOf(report: CollectReport): string {
  const { trades, gaps, missing, repaired, suspicious, refused } = totalsOf(report);
  const facts = [
    `${count(trades)} trades`,
    `${count(report.prices.written)} prices written`,
    `${count(gaps)} gaps (${count(repaired)} of ${count(missing)} missing trades fetched)`,
    `${count(suspicious)} suspicious`,
    `${count(refused)} refused`,
    ...(report.published.dropped > 0 ? [`${count(report.published.dropped)} dropped`] : []),
  ];
  return facts.join(', ');
}

function unconnected({ exchanges }: CollectReport): string[] {
  return Object.entries(exchanges).flatMap(([exchange, { feed }]) => (feed.openSockets === 0 ? [`${exchange} is not connected`] : []));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
