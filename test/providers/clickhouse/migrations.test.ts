import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { pendingMigrations, readMigrations } from '#providers/clickhouse/migrations.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-migrations-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe('readMigrations', () => {
  test('reads the files in the order of their numbers', () => {
    const folder = folderOf({ '0010-third.sql': 'C;', '0002-second.sql': 'B;', '0001-first.sql': 'A;' });
    expect(readMigrations(folder).map(({ name, statements }) => [name, statements])).toEqual([
      ['0001-first.sql', ['A']],
      ['0002-second.sql', ['B']],
      ['0010-third.sql', ['C']],
    ]);
  });

  test('splits statements at semicolons that end a line, and drops comment lines', () => {
    const text = "-- says what; and why\nCREATE TABLE a (s String DEFAULT ';x');  \n\n-- more\nALTER TABLE a\n  ADD COLUMN b UInt8;\n";
    expect(readMigrations(folderOf({ '0001-a.sql': text }))[0]?.statements).toEqual([
      "CREATE TABLE a (s String DEFAULT ';x')",
      'ALTER TABLE a\n  ADD COLUMN b UInt8',
    ]);
  });

  test('identifies a file by its whole text, comments included', () => {
    const [first] = readMigrations(folderOf({ '0001-a.sql': 'A;' }));
    const [commented] = readMigrations(folderOf({ '0001-a.sql': '-- x\nA;' }));
    expect(first?.checksum).toBe(createHash('sha256').update('A;').digest('hex'));
    expect(commented?.checksum).not.toBe(first?.checksum);
  });

  test('leaves other files alone', () => {
    expect(readMigrations(folderOf({ 'README.md': '#', '0001-a.sql': 'A;' }))).toHaveLength(1);
  });

  test.each(['1-a.sql', '0001_a.sql', '0001-A.sql', '0001-.sql', 'a.sql'])('refuses a file named "%s"', (name) => {
    const folder = folderOf({ [name]: 'A;' });
    expect(() => readMigrations(folder)).toThrow(`migration "${name}" in ${folder} is not named like "0001-what-it-does.sql"; rename it`);
  });

  test('reads those of this project: one table each', () => {
    const tables = readMigrations('schema/clickhouse').map(
      ({ statements }) => /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(statements[0] ?? '')?.[1],
    );
    expect(tables.slice(0, 4)).toEqual(['candles_1m', 'candles_5m', 'candles_1h', 'indicators']);
  });
});

describe('pendingMigrations', () => {
  const known = ['0001-a.sql', '0002-b.sql', '0003-c.sql'].map((name) => ({ name, checksum: `sum of ${name}`, statements: ['A'] }));
  const applied = (...names: string[]) => names.map((name) => ({ name, checksum: `sum of ${name}` }));
  const pending = (...names: string[]) => pendingMigrations(known, applied(...names)).map(({ name }) => name);

  test('are all for a new store, and none for one that has them', () => {
    expect(pending()).toEqual(['0001-a.sql', '0002-b.sql', '0003-c.sql']);
    expect(pending('0001-a.sql', '0002-b.sql', '0003-c.sql')).toEqual([]);
  });

  test('are those that are missing, in order, also when a later one was applied', () => {
    expect(pending('0001-a.sql')).toEqual(['0002-b.sql', '0003-c.sql']);
    expect(pending('0002-b.sql')).toEqual(['0001-a.sql', '0003-c.sql']);
  });

  test('cannot be told for a store of a newer version', () => {
    expect(() => pending('0001-a.sql', '0004-d.sql')).toThrow(
      'the store has migration "0004-d.sql", which this version does not know; use the version that wrote it, or a newer one',
    );
  });

  test('cannot be told when an applied file was changed', () => {
    expect(() => pendingMigrations(known, [{ name: '0001-a.sql', checksum: 'another' }])).toThrow(
      expect.objectContaining({
        name: 'StoreError',
        retryable: false,
        message: 'migration "0001-a.sql" was changed after the store applied it; restore the file and add a new migration instead',
      }),
    );
  });
});
