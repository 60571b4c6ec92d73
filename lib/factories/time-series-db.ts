import type { Config } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createHttpClient } from '#providers/clickhouse/client.ts';
import { createClickHouseDb } from '#providers/clickhouse/clickhouse-db.ts';
import { openEmbeddedEngine, type EmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';

export type TimeSeriesDbOptions = {
  readonly timer: Timer;
  readonly schemaDirectory: string;
  /** Folder of the embedded engine's data. */
  readonly storeDirectory: string;
  /** Replays of old data must not lose them to the time to live. */
  readonly keepsForever: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export type OpenedTimeSeriesDb = {
  readonly db: TimeSeriesDb;
  /** Null when the store is a server elsewhere. */
  readonly engine: EmbeddedEngine | null;
};

/**
 * The embedded engine serves every exchange of the process, at the same moments of a minute, and each statement costs it milliseconds whatever
 * it carries: waiting this long lets one do for all.
 */
const GATHER_MS = 2;

/** The store that `databases.clickhouse.mode` names. Its schema is not migrated yet. */
export async function openTimeSeriesDb(config: Config, options: TimeSeriesDbOptions): Promise<OpenedTimeSeriesDb> {
  const { mode, database, deadlineMs, ttlDays } = config.databases.clickhouse;
  const schema = { directory: options.schemaDirectory, ttlDays: options.keepsForever || ttlDays === 0 ? null : ttlDays };
  const common = { database, timer: options.timer, deadlineMs, schema };
  if (mode === 'http') {
    const client = createHttpClient(httpAccess(config, options.environment));
    return { db: createClickHouseDb({ ...common, gatherMs: 0, client, close: () => client.close() }), engine: null };
  }
  const engine = await openEmbeddedEngine(options.storeDirectory);
  return { db: createClickHouseDb({ ...common, gatherMs: GATHER_MS, client: engine.writer, close: () => engine.close() }), engine };
}

function httpAccess(config: Config, environment: TimeSeriesDbOptions['environment']) {
  const { url, username, passwordEnv } = config.databases.clickhouse;
  const password = environment[passwordEnv];
  if (password === undefined) {
    throw new ConfigError(
      `environment: ${passwordEnv} is not set, expected the password of ClickHouse user "${username}" (config/databases.yaml: clickhouse.password_env); set it`,
    );
  }
  return { url, username, password };
}
