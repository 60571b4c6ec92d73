import { mkdirSync } from 'node:fs';
import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from '@clickhouse/client';
import { StoreError } from '#core/errors.ts';
import { STATEMENT_SETTINGS } from './client.ts';

/** A ClickHouse engine inside this process, on a folder of its own. One process at a time can hold the folder. */
export type EmbeddedEngine = {
  readonly writer: ClickHouseClient;
  /** A second connection on which nothing can be written and no file or network be reached. */
  readonly reader: ClickHouseClient;
  close(): Promise<void>;
};

/** A tick's statements are small: a second thread costs them more than it gives (measured 15 to 20 % of a whole tick on 2 cores). */
const WRITER_SETTINGS = { ...STATEMENT_SETTINGS, max_threads: 1, max_insert_threads: 1 } as const;

/** What one query of a reader may cost. Applied before `readonly`, after which no statement can change a setting. */
const READER_SETTINGS = {
  max_execution_time: 60,
  max_memory_usage: 2_000_000_000,
  max_result_rows: 5_000_000,
  max_threads: 2,
  // Readers see one row per candle, whatever has been merged so far.
  final: 1,
  ...STATEMENT_SETTINGS,
} as const;

/** Opens (or creates) the folder. The engine is an optional package: its absence is said with the cure. */
export async function openEmbeddedEngine(directory: string): Promise<EmbeddedEngine> {
  const { createChdbConnection } = await loadEngine();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // The engine's package carries its own copy of the client's types, equal in shape and different in name.
  const connect = () => createChdbConnection({ path: directory }) as unknown as NonNullable<ClickHouseClientConfigOptions['connection']>;
  const writer = createClient({ connection: connect() });
  const reader = createClient({ connection: connect() });
  // A setting given with one statement stays for the next ones of the connection: so all are set once, here, and none with a statement.
  await applySettings(writer, WRITER_SETTINGS);
  await applySettings(reader, READER_SETTINGS);
  await reader.command({ query: 'SET readonly = 1' });
  return {
    writer,
    reader,
    async close() {
      await reader.close();
      await writer.close();
    },
  };
}

async function applySettings(client: ClickHouseClient, settings: Readonly<Record<string, string | number>>): Promise<void> {
  const assignments = Object.entries(settings).map(([name, value]) => `${name} = ${typeof value === 'number' ? value : `'${value}'`}`);
  await client.command({ query: `SET ${assignments.join(', ')}` });
}

async function loadEngine() {
  try {
    return await import('chdb/connection');
  } catch (error) {
    throw new StoreError(
      'the embedded ClickHouse engine (npm package "chdb") is not installed or does not run on this system; run "npm ci" without --omit=optional, or use databases.clickhouse.mode "http"',
      { retryable: false },
      { cause: error },
    );
  }
}
