import type { Config } from '#config/load.ts';
import { loadRecordingManifest } from '#config/recording.ts';
import { ConfigError } from '#core/errors.ts';
import type { RecordingManifest } from '#core/recording.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { openTimeSeriesDb } from '#factories/time-series-db.ts';
import { readRunningExchange, readRunningOwner, readStoreState, writeStoreState, type RunningExchange } from './data-folder.ts';
import { configuredSeries, createPlatform } from './platform.ts';
import { projectFile } from './project-files.ts';
import { iso } from './replay-plan.ts';
import { createStack } from './resource-stack.ts';
import type { ServiceContext, ServiceOptions } from './service-context.ts';
import { runTickLoop } from './tick-loop.ts';

export type TickServiceOptions = ServiceOptions & {
  readonly service: 'sync' | 'indicators';
  /** The real exchanges instead of a recorded one. */
  readonly isLive: boolean;
  /** One tick, then the end. */
  readonly isOnce: boolean;
};

/**
 * Sync or indicators alone, over a store and an exchange that run in other terminals (`tidemark store`, `tidemark exchange`). Resolves
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
    const platform = createPlatform(
      { config, parts, series, isReplay: recording !== null, restUrls: exchange?.urls ?? {}, onSeries: () => {} },
      { db },
    );
    stack.add('the connections to exchanges', () => platform.close());
    const firstTickMs = Math.floor(parts.clock.nowMs() / 60_000) * 60_000;
    claimState(options.dataDirectory, recording, firstTickMs);
    output.line(`${options.service} of ${platform.exchanges.join(', ')} from ${iso(firstTickMs)}; Ctrl-C ends it`);
    let failedMessages = 0;
    await runTickLoop({
      clock: parts.clock,
      exchanges: platform.exchanges,
      services: [platform[options.service]],
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

function runningExchange(directory: string): RunningExchange {
  const exchange = readRunningExchange(directory);
  if (exchange === null)
    throw new ConfigError(
      `no recorded exchange runs for the data folder "${directory}", expected one; start "tidemark exchange" in another terminal, or use --live`,
    );
  return exchange;
}

function virtualNow({ replay }: RunningExchange): number {
  return Math.floor(replay.startMs + (Date.now() - replay.startedAtMs) * replay.speed);
}

/** The configuration with the store of the process that holds the folder, and the environment that carries its password. */
function remoteStore(
  config: Config,
  directory: string,
): { readonly config: Config; readonly environment: Readonly<Record<string, string | undefined>> } {
  if (config.databases.clickhouse.mode === 'http') return { config, environment: process.env };
  const owner = readRunningOwner(directory);
  if (owner === null || owner.storePort === null || owner.writerPassword === null) {
    throw new ConfigError(`no store runs for the data folder "${directory}", expected one; start "tidemark store" in another terminal`);
  }
  if (owner.command === 'start')
    throw new ConfigError(
      `process ${owner.pid} (tidemark start) already runs every service on the data folder "${directory}"; choose another folder with --data DIR`,
    );
  const clickhouse = {
    ...config.databases.clickhouse,
    mode: 'http',
    url: `http://127.0.0.1:${owner.storePort}`,
    username: 'writer',
    passwordEnv: 'WRITER_PASSWORD',
  } as const;
  return { config: { ...config, databases: { ...config.databases, clickhouse } }, environment: { WRITER_PASSWORD: owner.writerPassword } };
}

/** A store is a replay of one recording or live, never both. */
function claimState(directory: string, recording: RecordingManifest | null, tickMs: number): void {
  const state = readStoreState(directory);
  const held = state === null ? null : state.kind === 'live' ? 'live data' : `a replay of "${state.recording}"`;
  const wanted = recording === null ? 'live data' : `a replay of "${recording.name}"`;
  if (held !== null && held !== wanted)
    throw new ConfigError(`the data folder "${directory}" holds ${held}, expected ${wanted}; choose another folder with --data DIR`);
  if (held === null)
    writeStoreState(
      directory,
      recording === null ? { kind: 'live' } : { kind: 'replay', recording: recording.name, fromMs: tickMs, tickMs },
    );
}
