import type { Config } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import type { EmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import { startStoreServer } from '#providers/clickhouse/store-server.ts';

export type StoreEndpoint = { readonly url: string; readonly port: number; close(): Promise<void> };

/** Offers the embedded engine to ClickHouse clients on 127.0.0.1. Throws `ConfigError` when the port is taken. */
export async function startStoreEndpoint(
  config: Config,
  engine: EmbeddedEngine,
  { port, writerPassword }: { readonly port: number; readonly writerPassword: string },
): Promise<StoreEndpoint> {
  try {
    return await startStoreServer({ engine, port, writerPassword, database: config.databases.clickhouse.database });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new ConfigError(
      `port "${port}" for the store endpoint is taken by another process, expected a free one; choose another with --store-port N`,
      { cause },
    );
  }
}
