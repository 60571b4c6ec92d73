import type { Config } from '#config/load.ts';
import { loadRecordingManifest } from '#config/recording.ts';
import { ConfigError } from '#core/errors.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createExchangeRestApi } from '#factories/exchange-rest-api.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { backfillCandles } from '#usecases/backfill-candles.ts';
import type { BackfillProgress, BackfillReport } from '#usecases/backfill-types.ts';
import { configuredSeries } from './platform.ts';
import { iso } from './replay-plan.ts';
import { createStack } from './resource-stack.ts';
import type { ServiceContext, ServiceOptions } from './service-context.ts';
import { claimState, runningExchange, virtualNow } from './service-parts.ts';
import { openOwnOrRemoteStore } from './writable-store.ts';

export type BackfillOptions = ServiceOptions & {
  readonly series: Series;
  /** First open time, inclusive, and the end, exclusive; UTC ms. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** The real exchanges instead of a recorded one. */
  readonly isLive: boolean;
};

/**
 * Candles of a past window, of a recorded exchange that runs in another terminal or of a real one, into the store of the data folder. Resolves
 * with the exit code: 0 when each candle is stored or explained, else 1. Throws `ConfigError` for a window or a market that is none.
 */
export async function runBackfill(options: BackfillOptions, context: ServiceContext): Promise<0 | 1> {
  const { config, output, signal, log } = context;
  const { series, fromMs, untilMs, dataDirectory } = options;
  refuseBadWindow(options);
  const exchange = options.isLive ? null : runningExchange(dataDirectory);
  const recording = exchange === null ? null : loadRecordingManifest(exchange.recordings);
  const known = recording?.series ?? configuredSeries(config);
  refuseUnknown(series, known, recording !== null);
  const replay = exchange === null ? {} : { replay: { startMs: virtualNow(exchange), speed: exchange.replay.speed, runsFree: true } };
  const parts = createHostParts('backfill', { ...replay, level: options.logLevel, write: log });
  refuseLost(options, config, parts.clock.nowMs());
  const stack = createStack();
  try {
    const store = { dataDirectory, command: 'backfill', isReplay: recording !== null, mayBeBesideStart: options.isLive };
    const db = await openOwnOrRemoteStore(store, config, parts, stack);
    claimState(dataDirectory, recording, Math.floor(parts.clock.nowMs() / 60_000) * 60_000);
    const cache = createCacheClient(config, { ...parts, environment: process.env });
    stack.add('the cache', () => cache.close());
    const restUrl = exchange?.urls[series.exchange];
    const api = createExchangeRestApi(config, series.exchange, { ...parts, environment: process.env, cache, restUrl });
    stack.add('the connections to exchanges', () => api.close());
    const peers = known.filter((one) => one.exchange === series.exchange && one.timeframe === series.timeframe).map(({ symbol }) => symbol);
    output.line(`backfill of ${seriesKey(series)} from ${iso(fromMs)} to ${iso(untilMs)}; Ctrl-C ends it, and the next run goes on`);
    const startedMs = performance.now();
    const onProgress = (progress: BackfillProgress): void => output.status(progressText(progress, performance.now() - startedMs));
    const report = await backfillCandles(
      { api, db, clock: parts.clock, onProgress },
      { series, peers, fromMs, untilMs, settings: config.sync, signal },
    );
    for (const line of reportLines(report)) output.line(line);
    return report.missing === 0 ? 0 : 1;
  } finally {
    await stack.close();
  }
}

function refuseBadWindow({ series, fromMs, untilMs }: BackfillOptions): void {
  const stepMs = TIMEFRAME_MS[series.timeframe];
  for (const [option, timeMs] of [['--from', fromMs] as const, ['--to', untilMs] as const]) {
    if (timeMs % stepMs !== 0)
      throw new ConfigError(
        `${option} "${iso(timeMs)}" is not on the grid of ${series.timeframe}, expected a whole step of it; correct it`,
      );
  }
  if (untilMs <= fromMs)
    throw new ConfigError(`--to "${iso(untilMs)}" is not behind --from "${iso(fromMs)}", expected a later time; correct it`);
}

/** A store of live data would drop the candles again. */
function refuseLost({ fromMs, isLive }: BackfillOptions, config: Config, nowMs: number): void {
  const { ttlDays } = config.databases.clickhouse;
  const keptFromMs = nowMs - ttlDays * 86_400_000;
  if (isLive && ttlDays > 0 && fromMs < keptFromMs)
    throw new ConfigError(
      `--from "${iso(fromMs)}" is older than the store keeps (ttl_days ${ttlDays}), expected ${iso(keptFromMs)} or later; correct it, or set ttl_days in databases.yaml`,
    );
}

/** Of a series that nobody syncs nobody would keep the ledger. */
function refuseUnknown(series: Series, known: readonly Series[], isReplay: boolean): void {
  if (known.some((one) => seriesKey(one) === seriesKey(series))) return;
  const source = isReplay ? 'the recording' : 'the configuration';
  const names = known.filter(({ exchange, timeframe }) => exchange === series.exchange && timeframe === series.timeframe);
  const expected = names.length === 0 ? 'an exchange and timeframe that it has' : `one of ${names.map(({ symbol }) => symbol).join(', ')}`;
  throw new ConfigError(
    `--symbol "${series.symbol}" in ${series.timeframe} at ${series.exchange} is not in ${source}, expected ${expected}; correct it`,
  );
}

/** `1,200 of 5,000 candles (24%), 400/s, 10 s left`. */
export function progressText({ done, total, requests }: BackfillProgress, elapsedMs: number): string {
  const rate = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0;
  const left = rate > 0 ? `${Math.ceil((total - done) / rate).toLocaleString('en-US')} s left` : 'time left unknown';
  const percent = Math.floor((done / total) * 100);
  return `${count(done)} of ${count(total)} candles (${percent}%), ${count(requests)} requests, ${count(Math.round(rate))}/s, ${left}`;
}

/** What the window is now, for a person. */
export function reportLines(report: BackfillReport): readonly string[] {
  const { candles, stored, fromTrades, alreadyThere, changed, refused, present, explained, missing, requests, failure } = report;
  const reasons = Object.entries(explained).map(([reason, candlesOf]) => `  ${reason.padEnd(16)} ${count(candlesOf)}`);
  const first = report.firstMissingMs === null ? '' : `, the first at ${iso(report.firstMissingMs)}`;
  return [
    `${count(candles)} candles wanted: ${count(present)} are stored, ${count(candles - present - missing)} explained, ${count(missing)} missing${first}`,
    `${count(stored)} stored now, ${count(alreadyThere)} already there, ${count(changed)} changed, ${count(refused)} rows refused, ${count(requests)} requests`,
    ...(fromTrades === 0
      ? []
      : [`${count(fromTrades)} of those stored now are made from the exchange's public trades: it no longer serves its own candles`]),
    ...(reasons.length === 0 ? [] : ['explained in the ledger of gaps:', ...reasons]),
    ...(failure === null ? [] : [`ended early by ${failure.code}: ${failure.message}; run it again to go on`]),
    ...(report.isStopped ? ['stopped; run it again to go on'] : []),
    ...(missing > 0 && failure === null && !report.isStopped
      ? ['The exchange did not send them, and no candle of it lies on both sides: its history may begin or end there.']
      : []),
  ];
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
