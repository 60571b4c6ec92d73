import { loadRecordingManifest } from '#config/recording.ts';
import { ConfigError } from '#core/errors.ts';
import type { RecordingManifest } from '#core/recording.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { createHostParts, type HostParts } from '#factories/host-parts.ts';
import { startStoreEndpoint } from '#factories/store-endpoint.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import type { ConsoleOutput } from './console-output.ts';
import { takeDataFolder, type DataFolder, type StoreState } from './data-folder.ts';
import { startPageServer } from './page-server.ts';
import { configuredSeries, createPlatform, makeWriterPassword, openStore } from './platform.ts';
import type { PlatformStatus } from './platform-status.ts';
import { projectFile } from './project-files.ts';
import { iso, planReplay, type ReplayPlan } from './replay-plan.ts';
import { runPlatform, type RunningPlatform, type RunResult } from './run-platform.ts';
import { createStack } from './resource-stack.ts';
import type { ServiceContext, ServiceOptions } from './service-context.ts';

export type StartOptions = ServiceOptions & {
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  readonly speed: number | 'max';
  readonly recordingsDirectory: string;
  readonly pagePort: number;
  readonly storePort: number;
  readonly isLive: boolean;
  readonly isFresh: boolean;
};

/** Runs the whole platform until its last tick or a signal. Throws `ConfigError` for bad use. */
export async function start(options: StartOptions, context: ServiceContext): Promise<RunResult> {
  const recording = options.isLive ? null : loadRecordingManifest(options.recordingsDirectory);
  const folder = takeDataFolder(options.dataDirectory, { command: 'start', fresh: options.isFresh });
  const stack = createStack();
  stack.add('the data folder', async () => folder.release());
  try {
    return await startIn(folder, recording, options, context, stack);
  } finally {
    await stack.close();
  }
}

async function startIn(folder: DataFolder, recording: RecordingManifest | null, options: StartOptions, context: ServiceContext, stack: ReturnType<typeof createStack>): Promise<RunResult> {
  const { config } = context;
  const plan = recording === null ? null : planOf(recording, folder, options);
  if (plan === null) refuseReplayData(folder);
  const parts = createHostParts('tidemark', {
    level: options.logLevel,
    write: context.log,
    ...(plan === null ? {} : { replay: { startMs: plan.firstTickMs, speed: options.speed } }),
  });
  const exchange = recording === null ? null : await startRecordedExchange({ recording, clock: parts.clock });
  if (exchange !== null) stack.add('the recorded exchange', () => exchange.close());
  const { db, engine } = await openStore(config, parts, folder.storeDirectory, plan !== null);
  stack.add('the store', () => db.close());
  folder.writeState(stateBefore(recording, plan));
  const writerPassword = makeWriterPassword();
  const endpoint = engine === null ? null : await startStoreEndpoint(config, engine, { port: options.storePort, writerPassword });
  if (endpoint !== null) stack.add('the store endpoint', () => endpoint.close());

  const series = recording?.series ?? configuredSeries(config);
  const running: RunningPlatform = { phase: 'starting', seriesDone: 0, platform: null };
  const platform = createPlatform({ config, parts, series, restUrls: exchange?.urls ?? {}, onSeries: () => void (running.seriesDone += 1) }, { db });
  running.platform = platform;
  stack.add('the connections to exchanges', () => platform.close());
  const facts = { mode: plan === null ? 'live' : 'replay', recording: recording?.name ?? null, speed: plan === null ? null : options.speed } as const;
  const page = await startPageServer({ db, status: () => statusOf(running, parts, series, facts), port: options.pagePort, webDirectory: projectFile('web') });
  stack.add('the page', () => page.close());
  folder.publish({ pagePort: page.port, storePort: endpoint?.port ?? null, writerPassword: endpoint === null ? null : writerPassword });
  announce(context.output, { plan, recording, options, page: page.url, store: endpoint?.url ?? config.databases.clickhouse.url });

  return await runPlatform({
    running,
    platform,
    parts,
    seriesCount: series.length,
    output: context.output,
    signal: context.signal,
    firstTickMs: plan?.firstTickMs ?? Math.floor(parts.clock.nowMs() / 60_000) * 60_000,
    lastTickMs: plan?.lastTickMs ?? options.untilMs,
    staysUp: plan !== null && options.untilMs === null,
    facts,
    onTick: (tickMs) => {
      if (plan !== null && recording !== null) folder.writeState({ kind: 'replay', recording: recording.name, fromMs: plan.fromMs, tickMs });
    },
  });
}

function planOf(recording: RecordingManifest, folder: DataFolder, { fromMs, untilMs }: StartOptions): ReplayPlan {
  const { name, replayFromMs, replayUntilMs } = recording;
  return planReplay({ recording: name, replayFromMs, replayUntilMs, fromMs, untilMs, state: folder.readState() });
}

function stateBefore(recording: RecordingManifest | null, plan: ReplayPlan | null): StoreState {
  return recording === null || plan === null ? { kind: 'live' } : { kind: 'replay', recording: recording.name, fromMs: plan.fromMs, tickMs: plan.firstTickMs - 60_000 };
}

function refuseReplayData(folder: DataFolder): void {
  const state = folder.readState();
  if (state?.kind === 'replay') {
    throw new ConfigError(`the data folder "${folder.directory}" holds a replay of "${state.recording}", expected live data or none; choose another folder with --data DIR, or remove its data with --fresh`);
  }
}

function statusOf(
  { phase, platform }: RunningPlatform,
  { clock }: HostParts,
  series: readonly Series[],
  facts: Pick<PlatformStatus, 'mode' | 'recording' | 'speed'>,
): PlatformStatus {
  const totals = new Map(platform?.totals.series().map((one) => [seriesKey(one.series), one]));
  return {
    ...facts,
    nowMs: clock.nowMs(),
    tickMs: platform?.totals.lastTickMs() ?? null,
    phase,
    series: series.map((one) => {
      const found = totals.get(seriesKey(one));
      const missing = found?.missing.reduce((total, hole) => total + hole.candles, 0) ?? 0;
      return { ...one, newestOpenTimeMs: found?.newestOpenTimeMs ?? null, missing };
    }),
    problems: [...(platform?.totals.errors() ?? [])].reverse(),
  };
}

type Announcement = { readonly plan: ReplayPlan | null; readonly recording: RecordingManifest | null; readonly options: StartOptions; readonly page: string; readonly store: string };

function announce(output: ConsoleOutput, { plan, recording, options, page, store }: Announcement): void {
  if (plan === null || recording === null) output.line('Tidemark: live market data of the exchanges in config/exchanges.yaml');
  else {
    const speed = options.speed === 'max' ? 'as fast as this machine can' : `${options.speed} times real time`;
    output.line(`Tidemark: ${recording.description} (recorded market data)`);
    output.line(`  replay  ${plan.isResumed ? 'goes on at' : 'from'} ${iso(plan.firstTickMs)} to ${iso(plan.lastTickMs)}, ${speed}`);
  }
  output.line(`  page    ${page}`);
  output.line(`  store   ${store}  (or: npm run -s tidemark -- sql "SELECT count() FROM candles_1m")`);
}
