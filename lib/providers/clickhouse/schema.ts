import { withStore, type ClickHouseAccess } from './client.ts';
import { pendingMigrations, readMigrations, type AppliedMigration, type Migration } from './migrations.ts';
import { EXPIRING } from './tables.ts';

export type SchemaOptions = {
  /** Folder of the numbered `.sql` files. */
  readonly directory: string;
  /** Days after which candles and indicators are dropped; null keeps them for ever. */
  readonly ttlDays: number | null;
};

/** Creates the database, runs what is missing in order, records each, and sets the time to live. Repeating it changes nothing. */
export async function migrate(access: ClickHouseAccess, { directory, ttlDays }: SchemaOptions): Promise<readonly string[]> {
  const known = readMigrations(directory);
  await run(access, `CREATE DATABASE IF NOT EXISTS ${access.database}`);
  await run(
    access,
    `CREATE TABLE IF NOT EXISTS ${access.database}.schema_migrations
     (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')) ENGINE = ReplacingMergeTree ORDER BY name`,
  );
  const pending = pendingMigrations(known, await appliedMigrations(access));
  for (const migration of pending) {
    // oxlint-disable-next-line no-await-in-loop -- migrations run in order
    await applyMigration(access, migration);
  }
  await setTimeToLive(access, ttlDays);
  return pending.map(({ name }) => name);
}

async function appliedMigrations(access: ClickHouseAccess): Promise<readonly AppliedMigration[]> {
  return await withStore(access, 'read the applied migrations', async (signal) => {
    const query = `SELECT name, checksum FROM ${access.database}.schema_migrations FINAL ORDER BY name`;
    const result = await access.client.query({ query, format: 'JSONEachRow', abort_signal: signal });
    return await result.json<AppliedMigration>();
  });
}

/** Each statement is safe to repeat, so a crash before the record is written only means that it runs again. */
async function applyMigration(access: ClickHouseAccess, { name, checksum, statements }: Migration): Promise<void> {
  for (const statement of statements) {
    // oxlint-disable-next-line no-await-in-loop -- statements run in order
    await run(access, qualifyTables(statement, access.database));
  }
  await withStore(access, `record migration ${name}`, (signal) =>
    access.client.insert({
      table: `${access.database}.schema_migrations`,
      columns: ['name', 'checksum'],
      values: [{ name, checksum }],
      format: 'JSONEachRow',
      abort_signal: signal,
    }),
  );
}

/** The files name bare tables so that they can be read and run anywhere; the embedded engine has no current database. */
function qualifyTables(statement: string, database: string): string {
  return statement.replaceAll(/\b(CREATE (?:TABLE|VIEW) IF NOT EXISTS|ALTER TABLE|FROM) (\w+)/g, `$1 ${database}.$2`);
}

async function setTimeToLive(access: ClickHouseAccess, ttlDays: number | null): Promise<void> {
  for (const { table, column, laterDays } of EXPIRING) {
    const days = ttlDays === null ? null : ttlDays + laterDays;
    // oxlint-disable-next-line no-await-in-loop -- a few small statements
    const current = await timeToLiveOf(access, table);
    if (current === days) continue;
    const change = days === null ? 'REMOVE TTL' : `MODIFY TTL toDateTime(${column}) + toIntervalDay(${days})`;
    // oxlint-disable-next-line no-await-in-loop -- a few small statements
    await run(access, `ALTER TABLE ${access.database}.${table} ${change}`);
  }
}

async function timeToLiveOf(access: ClickHouseAccess, table: string): Promise<number | null> {
  const rows = await withStore(access, `read the definition of ${table}`, async (signal) => {
    const result = await access.client.query({
      query: 'SELECT engine_full FROM system.tables WHERE database = {database: String} AND name = {table: String}',
      query_params: { database: access.database, table },
      format: 'JSONEachRow',
      abort_signal: signal,
    });
    return await result.json<{ engine_full: string }>();
  });
  const days = /\bTTL\b.*toIntervalDay\((\d+)\)/.exec(rows[0]?.engine_full ?? '')?.[1];
  return days === undefined ? null : Number(days);
}

async function run(access: ClickHouseAccess, statement: string): Promise<void> {
  await withStore(access, `run "${statement.replaceAll(/\s+/g, ' ').slice(0, 80)}"`, (signal) =>
    access.client.command({ query: statement, abort_signal: signal }),
  );
}
