import { join } from 'node:path';
import { loadConfig, type Config } from '#config/load.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { createHostParts, type HostParts } from './host-parts.ts';
import { withSecrets } from './secret-environment.ts';
import { openTimeSeriesDb } from './time-series-db.ts';

/** What every function over the store begins with. `root` is the folder of its bundle, `environment` the process's own with the secrets. */
export type FunctionHost = {
  readonly root: string;
  readonly config: Config;
  readonly parts: HostParts;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly db: TimeSeriesDb;
};

/** On Lambda: configuration and schema from the bundle, secrets and overrides from the environment. Rejects with `ConfigError`, `StoreError`. */
export async function openFunctionHost(service: string, given: FunctionHost['environment']): Promise<FunctionHost> {
  const root = given['LAMBDA_TASK_ROOT'] ?? process.cwd();
  const config = loadConfig(join(root, 'config'), given);
  const parts = createHostParts(service);
  const environment = await withSecrets(given, { timer: parts.timer });
  const { db } = await openTimeSeriesDb(config, {
    timer: parts.timer,
    schemaDirectory: join(root, 'schema/clickhouse'),
    storeDirectory: join(root, '.tidemark/store'),
    keepsForever: false,
    environment,
  });
  return { root, config, parts, environment, db };
}
