import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#config/load.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { openReplay } from '#local/market-source.ts';
import { createPlatform, openStore } from '#local/platform.ts';
import { projectFile } from '#local/project-files.ts';
import { runTickLoop, type TickService } from '#local/tick-loop.ts';

// How many virtual minutes of the eleven recorded markets (33 series) the platform replays in a minute at --speed max, and where the time
// goes. `npm run bench:replay -- [virtual minutes, default 600]`; quoted in the README.

const MINUTES = Number(process.argv[2] ?? 600);
const FROM_MS = Date.UTC(2023, 2, 11);

const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
const config = loadConfig(projectFile('config'), process.env);
const log = { level: 'error', write: (line: string) => void process.stderr.write(`${line}\n`) } as const;
const source = await openReplay(
  { fromMs: FROM_MS, untilMs: null, speed: 'max', recordingsDirectory: projectFile('recordings'), faultsFile: null, log },
  null,
);
const opened = await openStore(config, source.parts, join(directory, 'store'), true);
const store = { statements: 0, ms: 0 };
if (opened.engine !== null) measureStatements(opened.engine.writer);
const cache = createCacheClient(config, { ...source.parts, environment: process.env });
const platform = createPlatform(
  {
    config,
    parts: source.parts,
    series: source.series,
    isReplay: true,
    restUrls: source.restUrls,
    onSeries: () => {},
    cache,
    storage: createMemoryStorage(),
  },
  opened,
);
const phases = { sync: 0, indicators: 0 };
const loop = {
  clock: source.parts.clock,
  exchanges: platform.exchanges,
  signal: new AbortController().signal,
  onTick: (tickMs: number) => platform.totals.addTick(tickMs),
};

try {
  // The first tick backfills: it is not a tick like the others.
  await runTickLoop({ ...loop, services: [platform.sync, platform.catchUp], firstTickMs: FROM_MS, lastTickMs: FROM_MS });
  Object.assign(store, { statements: 0, ms: 0 });
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const services = [timed('sync', platform.sync), timed('indicators', platform.indicators)];
  await runTickLoop({ ...loop, services, firstTickMs: FROM_MS + 60_000, lastTickMs: FROM_MS + MINUTES * 60_000 });
  report((performance.now() - startedAt) / MINUTES, process.cpuUsage(cpu));
} finally {
  await platform.close();
  await cache.close();
  await source.close();
  await opened.db.close();
  rmSync(directory, { recursive: true, force: true });
}

function report(msPerMinute: number, cpu: NodeJS.CpuUsage): void {
  const perTick = (ms: number): string => (ms / MINUTES).toFixed(1);
  console.log(`${MINUTES} virtual minutes, 11 markets in ${config.sync.timeframes.join(', ')}, ${process.version}`);
  console.log(
    `${Math.round(60_000 / msPerMinute)} virtual minutes a minute (${msPerMinute.toFixed(1)} ms a tick, ${perTick((cpu.user + cpu.system) / 1000)} ms of CPU)`,
  );
  console.log(`  sync, 3 exchanges at once        ${perTick(phases.sync)} ms a tick`);
  console.log(`  indicators, 3 exchanges at once  ${perTick(phases.indicators)} ms a tick`);
  console.log(
    `  the store: ${(store.statements / MINUTES).toFixed(1)} statements a tick; from asking to answer, waiting in its queue included, ${perTick(store.ms)} ms a tick`,
  );
  console.log(`  ${platform.totals.summary()}`);
}

/** The time in which at least one exchange is in the service. */
function timed(phase: keyof typeof phases, service: TickService): TickService {
  let running = 0;
  let startedAt = 0;
  return {
    ...service,
    async handler(event) {
      if (running++ === 0) startedAt = performance.now();
      try {
        return await service.handler(event);
      } finally {
        if (--running === 0) phases[phase] += performance.now() - startedAt;
      }
    },
  };
}

function measureStatements(client: NonNullable<typeof opened.engine>['writer']): void {
  for (const method of ['query', 'insert', 'exec', 'command'] as const) {
    const original = client[method].bind(client) as (params: never) => Promise<unknown>;
    Object.assign(client, {
      [method]: async (params: never) => {
        const startedAt = performance.now();
        try {
          return await original(params);
        } finally {
          store.statements += 1;
          store.ms += performance.now() - startedAt;
        }
      },
    });
  }
}
