import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { createHttpClient } from '#providers/clickhouse/client.ts';
import { createClickHouseDb } from '#providers/clickhouse/clickhouse-db.ts';
import { openEmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import { startStoreServer } from '#providers/clickhouse/store-server.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';

const PASSWORD = 'of the campaign';

export type StoreWorld = {
  readonly port: number;
  /** A store over HTTP, by the real client, at this port: the endpoint's own, or that of whatever stands before it. */
  open(port: number, deadlineMs: number): TimeSeriesDb;
  /** Past every fault: rows of a statement. */
  rows(query: string): Promise<readonly Record<string, unknown>[]>;
  command(query: string): Promise<void>;
  close(): Promise<void>;
};

/** The embedded engine behind its HTTP endpoint, migrated; the folder goes when it is closed. */
export async function startStoreWorld(directory = mkdtempSync(join(tmpdir(), 'tidemark-campaign-'))): Promise<StoreWorld> {
  const engine = await openEmbeddedEngine(directory);
  const server = await startStoreServer({ engine, port: 0, writerPassword: PASSWORD, database: 'trading' });
  const open = (port: number, deadlineMs: number): TimeSeriesDb => {
    const client = createHttpClient({ url: `http://127.0.0.1:${port}`, username: 'writer', password: PASSWORD });
    return createClickHouseDb({
      client,
      database: 'trading',
      timer: createSystemTimer(),
      deadlineMs,
      gatherMs: 0,
      schema: { directory: 'schema/clickhouse', ttlDays: null },
      close: () => client.close(),
    });
  };
  const first = open(server.port, 20_000);
  await first.migrate();
  await first.close();
  return {
    port: server.port,
    open,
    rows: async (query) => await (await engine.writer.query({ query, format: 'JSONEachRow' })).json<Record<string, unknown>>(),
    command: async (query) => void (await engine.writer.command({ query })),
    async close() {
      await server.close();
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
