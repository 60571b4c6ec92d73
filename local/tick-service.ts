import { loadRecordingManifest } from '#config/recording.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { createStorageClient } from '#factories/storage-client.ts';
import { openTimeSeriesDb } from '#factories/time-series-db.ts';
import { archiveDirectoryOf } from './data-folder.ts';
import { configuredSeries, createPlatform } from './platform.ts';
import { projectFile } from './project-files.ts';
import { iso } from './replay-plan.ts';
import { createStack } from './resource-stack.ts';
import { claimState, remoteStore, runningExchange, virtualNow } from './service-parts.ts';
import type { ServiceContext, ServiceOptions } from './service-context.ts';
import { runTickLoop } from './tick-loop.ts';

export type TickServiceOptions = ServiceOptions & {
  readonly service: 'sync' | 'indicators' | 'verify';
  /** The real exchanges instead of a recorded one. */
  readonly isLive: boolean;
  /** One tick, then the end. */
  readonly isOnce: boolean;
};

/**
 * Sync, indicators or verify alone, over a store and an exchange that run in other terminals (`tidemark store`, `tidemark exchange`). Resolves
 * with the exit code.
 */
export async function runTickService(options: TickServiceOptions, context: ServiceContext): Promise<0 | 1> {
  const { config, output, signal, log } = context;
  const exchange = options.isLive ? null : runningExchange(options.dataDirectory);
  const recording = exchange === null ? null : loadRecordingManifest(exchange.recordings);
  const replay = exchange === null ? {} : { replay: { startMs: virtualNow(exchange), speed: exchange.replay.speed, runsFree: true } };
  const parts = createHostParts(options.service, { ...replay, level: options.logLevel, write: log });
  const stack = createStack();
  try {
    const { config: remote, environment } = remoteStore(config, options.dataDirectory);
    const { db } = await openTimeSeriesDb(remote, {
      timer: parts.timer,
      schemaDirectory: projectFile('schema/clickhouse'),
      storeDirectory: '',
      keepsForever: recording !== null,
      environment,
    });
    stack.add('the store', () => db.close());
    const series = recording?.series ?? configuredSeries(config);
    const cache = createCacheClient(config, { ...parts, environment: process.env });
    stack.add('the cache', () => cache.close());
    const directory = archiveDirectoryOf(options.dataDirectory);
    const storage = createStorageClient(config, { ...parts, directory, environment: process.env });
    stack.add('the archive', () => storage.close());
    const platform = createPlatform(
      { config, parts, series, isReplay: recording !== null, restUrls: exchange?.urls ?? {}, onSeries: () => {}, cache, storage },
      { db },
    );
    stack.add('the connections to exchanges', () => platform.close());
    const firstTickMs = Math.floor(parts.clock.nowMs() / 60_000) * 60_000;
    claimState(options.dataDirectory, recording, firstTickMs);
    output.line(`${options.service} of ${platform.exchanges.join(', ')} from ${iso(firstTickMs)}; Ctrl-C ends it`);
    const { atMinute: _always, ...now } = platform[options.service];
    let failedMessages = 0;
    await runTickLoop({
      clock: parts.clock,
      exchanges: platform.exchanges,
      // Once means now, also for what runs once an hour.
      services: [options.isOnce ? now : platform[options.service]],
      firstTickMs,
      lastTickMs: options.isOnce ? firstTickMs : null,
      signal,
      onTick(tickMs, failed) {
        failedMessages += failed;
        platform.totals.addTick(tickMs);
        output.status(`${iso(tickMs)}  ${platform.totals.summary()}`);
      },
    });
    output.line(`${signal.aborted ? 'stopped' : 'done'}: ${platform.totals.summary()}`);
    return failedMessages + platform.totals.errors().length === 0 || signal.aborted ? 0 : 1;
  } finally {
    await stack.close();
  }
}
