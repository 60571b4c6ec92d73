import { openCollector } from '#fargate/collector/collector.ts';
import { loadConfig } from '#config/load.ts';
import type { CollectorOptions } from '#fargate/collector/collector.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { openStreamClient } from '#factories/stream-client.ts';
import { projectFile } from '#local/project-files.ts';

// The collector that tools/soak-collector.ts watches, in a process of its own. Cache and stream are in memory and bounded; rows of gaps and
// minutes are counted and let go, because a store in memory would grow.

/** What the process is given in its environment, as JSON. */
export type SoakSetting = Pick<Required<CollectorOptions>, 'markets' | 'restUrls' | 'webSocketUrls' | 'speed'> & {
  /** Virtual time at the machine's time `atMs`. */
  readonly virtualMs: number;
  readonly atMs: number;
};

/** After a collection of garbage. */
export type SoakFigures = {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** What keeps the process alive, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  readonly accepted: number;
  readonly gaps: number;
  readonly repaired: number;
  readonly interruptions: number;
  readonly refused: number;
  readonly dropped: number;
  readonly held: number;
  readonly rowsWritten: number;
  readonly rowsWaiting: number;
  readonly prices: number;
};

const setting = JSON.parse(process.env['SOAK_SETTING'] ?? '{}') as SoakSetting;
const config = loadConfig(projectFile('config'), process.env);
const startMs = setting.virtualMs + (Date.now() - setting.atMs) * setting.speed;
const parts = createHostParts('soak', {
  level: 'error',
  write: (line) => void process.stderr.write(`${line}\n`),
  replay: { startMs, speed: setting.speed, runsFree: true },
});
const rows: CollectorOptions['db'] = {
  insertTradeGaps: async () => {},
  insertTradeMinutes: async () => {},
  insertTradeLines: async () => {},
  readTradeLines: async () => [],
  readTradeGaps: async () => [],
  readTradeMinutes: async () => [],
};
const cache = createCacheClient(config, { ...parts, environment: process.env });
const { stream } = openStreamClient(config, parts);
const opened = openCollector({ config, parts, ...setting, db: rows, cache, stream, isSynthetic: () => true });
const abort = new AbortController();
const running = opened.collector.run(abort.signal);

function figures(): SoakFigures {
  globalThis.gc?.();
  const { rss: rssBytes, heapUsed: heapBytes, external: externalBytes } = process.memoryUsage();
  const { exchanges, published, prices, rows: written } = opened.collector.report();
  const all = Object.values(exchanges);
  const sum = (field: 'accepted' | 'gaps' | 'repaired' | 'interruptions' | 'refused'): number =>
    all.reduce((total, one) => total + one[field], 0);
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return {
    rssBytes,
    heapBytes,
    externalBytes,
    handles,
    accepted: sum('accepted'),
    gaps: sum('gaps'),
    repaired: sum('repaired'),
    interruptions: sum('interruptions'),
    refused: sum('refused'),
    dropped: published.dropped,
    held: published.held,
    rowsWritten: written.written,
    rowsWaiting: written.waiting,
    prices: prices.written,
  };
}

async function end(): Promise<void> {
  abort.abort();
  const { left } = await running;
  await Promise.all([opened.close(), cache.close(), stream.close()]);
  process.send?.({ left });
  process.disconnect();
}

process.on('message', (message) => {
  if (message === 'figures') process.send?.(figures());
  if (message === 'end') void end();
});
