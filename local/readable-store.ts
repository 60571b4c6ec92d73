import type { Config } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { HostParts } from '#factories/host-parts.ts';
import { openTimeSeriesDb } from '#factories/time-series-db.ts';
import { readRunningOwner, readStoreState, takeDataFolder } from './data-folder.ts';
import { openStore } from './platform.ts';
import { projectFile } from './project-files.ts';
import type { ResourceStack } from './resource-stack.ts';

export type ReadableStore = {
  readonly db: TimeSeriesDb;
  /** A replay keeps its candles for ever. */
  readonly isReplay: boolean;
};

/**
 * The store of a data folder for reading, whether the platform is running or not: through the endpoint of the process that holds it, or
 * opened here. Throws `ConfigError` when there is none, or when the holder shares it with nobody.
 */
export async function openReadableStore(
  config: Config,
  dataDirectory: string,
  parts: HostParts,
  stack: ResourceStack,
): Promise<ReadableStore> {
  const state = readStoreState(dataDirectory);
  const isReplay = state?.kind === 'replay';
  const owner = readRunningOwner(dataDirectory);
  if (config.databases.clickhouse.mode === 'http' || owner !== null) {
    if (owner !== null && owner.storePort === null)
      throw new ConfigError(
        `process ${owner.pid} (tidemark ${owner.command}) holds the data folder "${dataDirectory}" and shares no store; stop it, or try again when it has started`,
      );
    const { db } = await openTimeSeriesDb(owner === null ? config : throughEndpoint(config, owner.storePort ?? 0), {
      timer: parts.timer,
      schemaDirectory: projectFile('schema/clickhouse'),
      storeDirectory: '',
      keepsForever: isReplay,
      environment: owner === null ? process.env : { NO_PASSWORD: '' },
    });
    stack.add('the store', () => db.close());
    return { db, isReplay };
  }
  if (state === null)
    throw new ConfigError(
      `the data folder "${dataDirectory}" holds no store yet, expected one; run npm start first, or name another folder with --data DIR`,
    );
  const folder = takeDataFolder(dataDirectory, { command: 'audit', fresh: false });
  stack.add('the data folder', async () => folder.release());
  const { db } = await openStore(config, parts, folder.storeDirectory, isReplay);
  stack.add('the store', () => db.close());
  return { db, isReplay };
}

/** Every user but the writer reads, without a password. */
function throughEndpoint(config: Config, storePort: number): Config {
  const clickhouse = {
    ...config.databases.clickhouse,
    mode: 'http',
    url: `http://127.0.0.1:${storePort}`,
    username: 'reader',
    passwordEnv: 'NO_PASSWORD',
  } as const;
  return { ...config, databases: { ...config.databases, clickhouse } };
}
