import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '#core/errors.ts';

export type Migration = { readonly name: string; readonly checksum: string; readonly statements: readonly string[] };

export type AppliedMigration = { readonly name: string; readonly checksum: string };

const FILE_NAME = /^\d{4}-[a-z0-9-]+\.sql$/;

/** Reads the numbered `.sql` files of a folder in order. A statement ends with a semicolon at the end of a line. */
export function readMigrations(directory: string): readonly Migration[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.sql'));
  for (const name of names) {
    if (!FILE_NAME.test(name))
      throw schemaError(`migration "${name}" in ${directory} is not named like "0001-what-it-does.sql"; rename it`);
  }
  return names.sort().map((name) => {
    const text = readFileSync(join(directory, name), 'utf8');
    const statements = text
      .replaceAll(/^--.*$/gm, '')
      .split(/;\s*$/m)
      .map((statement) => statement.trim());
    return {
      name,
      checksum: createHash('sha256').update(text).digest('hex'),
      statements: statements.filter((statement) => statement !== ''),
    };
  });
}

/**
 * Which migrations are still to run. Throws when the store has one that this version does not know, or one whose text has changed
 * since: guessing would damage data.
 */
export function pendingMigrations(known: readonly Migration[], applied: readonly AppliedMigration[]): readonly Migration[] {
  const byName = new Map(known.map((migration) => [migration.name, migration]));
  for (const { name, checksum } of applied) {
    const migration = byName.get(name);
    if (migration === undefined) {
      throw schemaError(
        `the store has migration "${name}", which this version does not know; use the version that wrote it, or a newer one`,
      );
    }
    if (migration.checksum !== checksum) {
      throw schemaError(`migration "${name}" was changed after the store applied it; restore the file and add a new migration instead`);
    }
  }
  const done = new Set(applied.map(({ name }) => name));
  return known.filter(({ name }) => !done.has(name));
}

function schemaError(message: string): StoreError {
  return new StoreError(message, { retryable: false });
}
