import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enabledMarkets } from '#config/enabled-markets.ts';
import { loadConfig } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { withSecrets } from '#factories/secret-environment.ts';
import { openStreamClient } from '#factories/stream-client.ts';
import { openTimeSeriesDb } from '#factories/time-series-db.ts';
import { withDeadline } from '#std/deadline.ts';
import { every } from '#std/every.ts';
import { openCollector } from './collector.ts';
import { healthOf, type CollectorHealth } from './health.ts';
import { heartbeatsOf } from './heartbeat.ts';

const HEALTH_EVERY_MS = 5000;
const HEARTBEAT_EVERY_MS = 60_000;
const CLOSE_MS = 500;
const HEALTH_FILE = join(tmpdir(), 'tidemark-collector-health.json');

/** The long-running task: collects until SIGTERM or SIGINT, then hands over what it holds and resolves. A second signal ends at once. */
async function main(): Promise<void> {
  // The image's working directory has both folders.
  const root = process.cwd();
  const config = loadConfig(join(root, 'config'), process.env);
  if (config.databases.clickhouse.mode === 'embedded') {
    throw new ConfigError(
      'databases.yaml: clickhouse.mode is "embedded", expected "http": a container has no store of its own; set TIDEMARK_DATABASES__CLICKHOUSE__MODE=http and TIDEMARK_DATABASES__CLICKHOUSE__URL',
    );
  }
  const parts = createHostParts('collector');
  const { clock, timer, logger } = parts;
  const environment = await withSecrets(process.env, { timer });
  const { db } = await openTimeSeriesDb(config, {
    timer,
    schemaDirectory: join(root, 'schema/clickhouse'),
    storeDirectory: '',
    keepsForever: false,
    environment,
  });
  const cache = createCacheClient(config, { clock, timer, environment });
  const { stream } = openStreamClient(config, { clock, timer });
  const opened = openCollector({ config, parts, markets: enabledMarkets(config), db, cache, stream });
  const abort = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (abort.signal.aborted) process.exit(1);
      logger.info('stopping', { signal });
      abort.abort();
    });
  }
  logger.info('collecting', { task: config.streaming.collector.task, tasks: config.streaming.collector.tasks, markets: opened.markets });
  const stopHealth = every(timer, HEALTH_EVERY_MS, async () => {
    const health = healthOf(opened.collector.report(), clock.nowMs());
    writeHealth(health);
    if (!health.isHealthy) logger.warn('not healthy', { problems: health.problems });
  });
  let beatBefore: ReturnType<typeof opened.collector.report> | null = null;
  const stopHeartbeat = every(timer, HEARTBEAT_EVERY_MS, async () => {
    const beat = opened.collector.report();
    for (const { exchange, ...facts } of heartbeatsOf(beat, beatBefore, clock.nowMs())) logger.info('collected', { exchange, ...facts });
    beatBefore = beat;
  });
  const report = await opened.collector.run(abort.signal);
  try {
    await withDeadline({ timer, deadlineMs: CLOSE_MS, what: 'the closing of connections' }, async () => {
      await Promise.all([stopHealth(), stopHeartbeat()]);
      await Promise.all([opened.close(), cache.close(), stream.close(), db.close()]);
    });
  } catch (error) {
    logger.warn('not everything was closed', { error });
  }
  logger.info('stopped', { ...report.published, left: report.left });
}

/** `main.ts health`, the container's health check: good is what was written a moment ago and says so. */
function checkHealth(): number {
  if (!existsSync(HEALTH_FILE)) {
    console.error('no sign of life yet');
    return 1;
  }
  const { atMs, isHealthy, problems } = JSON.parse(readFileSync(HEALTH_FILE, 'utf8')) as CollectorHealth;
  const ageMs = createHostParts('collector').clock.nowMs() - atMs;
  const isStale = ageMs > 3 * HEALTH_EVERY_MS;
  if (isHealthy && !isStale) return 0;
  console.error(isStale ? `no sign of life for ${Math.round(ageMs / 1000)} s` : problems.join('; '));
  return 1;
}

function writeHealth(health: CollectorHealth): void {
  writeFileSync(`${HEALTH_FILE}.tmp`, JSON.stringify(health));
  renameSync(`${HEALTH_FILE}.tmp`, HEALTH_FILE);
}

try {
  if (process.argv[2] === 'health') process.exitCode = checkHealth();
  else {
    await main();
    // Whatever still waits for an answer is not waited for.
    process.exit();
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  for (const line of error.message.split('\n')) console.error(`collector: ${line}`);
  process.exitCode = 2;
}
