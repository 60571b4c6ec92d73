import { seriesKey } from '#core/series.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createStorageClient } from '#factories/storage-client.ts';
import { startStoreEndpoint } from '#factories/store-endpoint.ts';
import { archiveDirectoryOf, takeDataFolder, type DataFolder } from './data-folder.ts';
import { collectsLive, startLiveTrades } from './live-trades.ts';
import { openLive, openReplay, type MarketSource, type SourceOptions } from './market-source.ts';
import { startPageServer } from './page/page-server.ts';
import { createPlatform, makeWriterPassword, openStore } from './platform.ts';
import type { PlatformStatus } from './platform-status.ts';
import { refuseTakenPort } from './port-owner.ts';
import { projectFile } from './project-files.ts';
import { createStack, type ResourceStack } from './resource-stack.ts';
import { runPlatform, type RunningPlatform, type RunResult } from './run-platform.ts';
import type { ServiceContext, ServiceOptions } from './service-context.ts';

export type StartOptions = ServiceOptions &
  Omit<SourceOptions, 'log'> & {
    readonly pagePort: number;
    readonly storePort: number;
    readonly isLive: boolean;
    readonly isFresh: boolean;
  };

/** Runs the whole platform until its last tick or a signal. Throws `ConfigError` for bad use. */
export async function start(options: StartOptions, context: ServiceContext): Promise<RunResult> {
  const stack = createStack();
  try {
    const folder = takeDataFolder(options.dataDirectory, { command: 'start', fresh: options.isFresh });
    stack.add('the data folder', async () => folder.release());
    refuseTakenPort('--port', options.pagePort);
    refuseTakenPort('--store-port', options.storePort);
    const log = { level: options.logLevel, write: context.log };
    const state = folder.readState();
    const source = options.isLive ? openLive(context.config, { ...options, log }, state) : await openReplay({ ...options, log }, state);
    stack.add('the recorded exchange', () => source.close());
    return await startOver(source, folder, options, context, stack);
  } finally {
    await stack.close();
  }
}

async function startOver(
  source: MarketSource,
  folder: DataFolder,
  options: StartOptions,
  context: ServiceContext,
  stack: ResourceStack,
): Promise<RunResult> {
  const { config, output, signal } = context;
  const { parts, series, facts, firstTickMs } = source;
  const { db, engine } = await openStore(config, parts, folder.storeDirectory, facts.mode === 'replay');
  stack.add('the store', () => db.close());
  const cache = createCacheClient(config, { ...parts, environment: process.env });
  stack.add('the cache', () => cache.close());
  const directory = archiveDirectoryOf(folder.directory);
  const storage = createStorageClient(config, { ...parts, directory, environment: process.env });
  stack.add('the archive', () => storage.close());
  const writerPassword = makeWriterPassword();
  const endpoint = engine === null ? null : await startStoreEndpoint(config, engine, { port: options.storePort, writerPassword });
  if (endpoint !== null) stack.add('the store endpoint', () => endpoint.close());
  const running: RunningPlatform = { phase: 'starting', seriesDone: 0 };
  const platform = createPlatform(
    {
      config,
      parts,
      series,
      isReplay: facts.mode === 'replay',
      restUrls: source.restUrls,
      onSeries: () => void (running.seriesDone += 1),
      cache,
      storage,
    },
    { db },
  );
  stack.add('the connections to exchanges', () => platform.close());
  const page = await startPageServer({
    db,
    status: () => statusOf(source, running, platform.totals),
    prices: { cache, clock: parts.clock, markets: collectsLive(config, source) ? source.markets : [] },
    logger: parts.logger,
    port: options.pagePort,
    webDirectory: projectFile('web'),
  });
  stack.add('the page', () => page.close());
  folder.publish({ pagePort: page.port, storePort: endpoint?.port ?? null, writerPassword: endpoint === null ? null : writerPassword });

  // Only now is the folder claimed. Live data claim it with their first tick: a start without a network leaves nothing behind.
  if (facts.mode === 'replay') folder.writeState(source.stateAt(firstTickMs - 60_000));
  output.line(`Tidemark: ${source.title}`);
  output.line(`  ${source.detail}`);
  output.line(`  page   ${page.url}`);
  output.line(`  store  ${endpoint?.url ?? config.databases.clickhouse.url}   npm run -s tidemark -- sql "SELECT count() FROM candles_1m"`);
  if (collectsLive(config, source)) {
    const live = startLiveTrades({ config, source, db, cache, storage });
    stack.add('the live trades', async () => void (await live.close()));
    output.line(`  live   ${liveText(source)}`);
  } else if (facts.speed === 'max') output.line('  live   no live prices at --speed max; give a number to see them');
  const staysUp = facts.mode === 'replay' && options.untilMs === null;
  return await runPlatform({
    source,
    running,
    platform,
    output,
    signal,
    staysUp,
    onTick: (tickMs) => folder.writeState(source.stateAt(tickMs)),
  });
}

function statusOf(
  { facts, parts, series }: MarketSource,
  { phase }: RunningPlatform,
  totals: ReturnType<typeof createPlatform>['totals'],
): PlatformStatus {
  const bySeries = new Map(totals.series().map((one) => [seriesKey(one.series), one]));
  return {
    ...facts,
    nowMs: parts.clock.nowMs(),
    tickMs: totals.lastTickMs(),
    phase,
    series: series.map((one) => {
      const found = bySeries.get(seriesKey(one));
      const missing = found?.missing.reduce((total, hole) => total + hole.candles, 0) ?? 0;
      return { ...one, newestOpenTimeMs: found?.newestOpenTimeMs ?? null, missing };
    }),
    problems: totals.errors().toReversed(),
  };
}

/** Never made-up trades as if they were recorded ones. */
function liveText({ markets, isSynthetic, facts }: MarketSource): string {
  const made = markets.filter(({ exchange, symbol }) => isSynthetic(exchange, symbol)).length;
  const origin =
    facts.mode === 'live'
      ? ''
      : made === 0
        ? ', recorded'
        : `, ${made === markets.length ? 'all' : made} made up from recorded candles (synthetic)`;
  return `trades of ${markets.length} markets${origin}`;
}
