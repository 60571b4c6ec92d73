import type { Config } from '#config/load.ts';
import { ConfigError, StoreError } from '#core/errors.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { startStoreEndpoint } from '#factories/store-endpoint.ts';
import { readRunningOwner, readStoreState, takeDataFolder } from './data-folder.ts';
import { quoted } from './options.ts';
import { makeWriterPassword, openStore } from './platform.ts';
import { createStack } from './resource-stack.ts';

export type SqlOptions = {
  readonly query: string;
  /** Values of the statement's `{name: Type}`. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly format: string;
  readonly dataDirectory: string;
};

/**
 * Runs one reading statement over the store and writes what it returns, whether the platform is running or not. Throws `ConfigError` for
 * what the store refuses.
 */
export async function runSql(options: SqlOptions, config: Config, write: (text: string) => void): Promise<void> {
  if (!/^[A-Za-z][A-Za-z0-9]{0,40}$/.test(options.format)) {
    throw new ConfigError(
      `--format ${quoted(options.format)} is not a format name, expected one of ClickHouse's such as PrettyCompact, JSONEachRow or CSVWithNames; correct it`,
    );
  }
  const owner = readRunningOwner(options.dataDirectory);
  if (owner?.storePort === null && owner.command === 'collect')
    throw new ConfigError(
      `process ${owner.pid} (tidemark collect) keeps the store to itself, expected "tidemark store" or npm start; stop it, and start "tidemark store" before it`,
    );
  if (owner?.storePort === null)
    throw new ConfigError(`process ${owner.pid} (tidemark ${owner.command}) is only starting; try again in a moment`);
  if (owner !== null) return await query(`http://127.0.0.1:${owner.storePort}`, options, write);
  if (readStoreState(options.dataDirectory) === null) {
    throw new ConfigError(
      `the data folder "${options.dataDirectory}" holds no store yet, expected one; run npm start first, or name another folder with --data DIR`,
    );
  }
  const stack = createStack();
  try {
    const folder = takeDataFolder(options.dataDirectory, { command: 'sql', fresh: false });
    stack.add('the data folder', async () => folder.release());
    const parts = createHostParts('sql', { level: 'error', write: () => {} });
    const { db, engine } = await openStore(config, parts, folder.storeDirectory, folder.readState()?.kind === 'replay');
    stack.add('the store', () => db.close());
    if (engine === null)
      throw new ConfigError(
        'the store is a ClickHouse server (databases.clickhouse.mode "http"), expected the embedded one; use its own client',
      );
    const endpoint = await startStoreEndpoint(config, engine, { port: 0, writerPassword: makeWriterPassword() });
    stack.add('the store endpoint', () => endpoint.close());
    await query(endpoint.url, options, write);
  } finally {
    await stack.close();
  }
}

async function query(url: string, { query: statement, parameters = {}, format }: SqlOptions, write: (text: string) => void): Promise<void> {
  const values = Object.entries(parameters).map(([name, value]) => [`param_${name}`, value]);
  const response = await ask(`${url}/?${new URLSearchParams([['default_format', format], ...values])}`, statement);
  if (!response.ok) throw new ConfigError(`the store refused the statement: ${(await response.text()).trim().replaceAll(/\s+/g, ' ')}`);
  if (response.body === null) return;
  const decoder = new TextDecoder();
  for await (const chunk of response.body) write(decoder.decode(chunk, { stream: true }));
}

async function ask(url: string, statement: string): Promise<Response> {
  try {
    return await fetch(url, { method: 'POST', body: statement });
  } catch (cause) {
    // Its process may be just ending.
    throw new StoreError(`the store does not answer at ${new URL(url).origin}; try again in a moment`, { retryable: true }, { cause });
  }
}
