import type { Config } from '#config/load.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { HostParts } from '#factories/host-parts.ts';
import { openTimeSeriesDb } from '#factories/time-series-db.ts';
import { readRunningOwner, takeDataFolder } from './data-folder.ts';
import { openStore } from './platform.ts';
import { projectFile } from './project-files.ts';
import type { ResourceStack } from './resource-stack.ts';
import { remoteStore } from './service-parts.ts';

export type WritableStoreOptions = {
  readonly dataDirectory: string;
  /** Who takes the folder, for whoever else wants it. */
  readonly command: string;
  /** A replay keeps its candles for ever. */
  readonly isReplay: boolean;
  /** Through a `tidemark start` that holds the folder too. */
  readonly mayBeBesideStart?: boolean;
};

/** The store of `tidemark store` (or `tidemark start` where that is allowed) where one runs for the data folder, else one that is opened here. Throws `ConfigError` when another process holds it alone. */
export async function openOwnOrRemoteStore(
  { dataDirectory, command, isReplay, mayBeBesideStart }: WritableStoreOptions,
  config: Config,
  parts: HostParts,
  stack: ResourceStack,
): Promise<TimeSeriesDb> {
  if (config.databases.clickhouse.mode === 'http' || readRunningOwner(dataDirectory) !== null) {
    const { config: remote, environment } = remoteStore(config, dataDirectory, mayBeBesideStart);
    const schemaDirectory = projectFile('schema/clickhouse');
    const { db } = await openTimeSeriesDb(remote, {
      timer: parts.timer,
      schemaDirectory,
      storeDirectory: '',
      keepsForever: isReplay,
      environment,
    });
    stack.add('the store', () => db.close());
    return db;
  }
  const folder = takeDataFolder(dataDirectory, { command, fresh: false });
  stack.add('the data folder', async () => folder.release());
  const { db } = await openStore(config, parts, folder.storeDirectory, isReplay);
  stack.add('the store', () => db.close());
  return db;
}
