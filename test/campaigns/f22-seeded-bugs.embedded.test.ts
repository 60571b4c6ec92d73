import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { createClickHouseDb, type ClickHouseDbOptions } from '#providers/clickhouse/clickhouse-db.ts';
import { openEmbeddedEngine, type EmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { seriesOf, theHigherVersionWins, writingAgainDoublesNothing } from '../contracts/candle-versions.ts';
import { asserted } from './asserted.ts';

// F22 in the real engine: tables keep what was replaced until they merge it, so every read has to say that it wants the last version.

const directory = mkdtempSync(join(tmpdir(), 'tidemark-f22-'));
let engine: EmbeddedEngine;
beforeAll(async () => {
  engine = await openEmbeddedEngine(directory);
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

type Client = ClickHouseDbOptions['client'];

const openDb = (client: Client): TimeSeriesDb =>
  createClickHouseDb({
    client,
    database: 'trading',
    timer: createSystemTimer(),
    deadlineMs: 20_000,
    gatherMs: 0,
    schema: { directory: 'schema/clickhouse', ttlDays: null },
    close: async () => {},
  });

/** The same engine, asked without the words that choose the last version. */
const unmerged = (client: Client): Client =>
  new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value;
      return (asked: Parameters<Client['query']>[0]) =>
        target.query({ ...asked, query: asked.query.replaceAll(/ FINAL|LIMIT 1 BY symbol, timestamp/g, '') });
    },
  });

const faultsOf = async (db: TimeSeriesDb, symbols: readonly [string, string]): Promise<readonly string[]> => [
  ...(await asserted(() => writingAgainDoublesNothing(db, seriesOf(symbols[0])))),
  ...(await asserted(() => theHigherVersionWins(db, seriesOf(symbols[1])))),
];

test('F22: a table is read with its older versions, and it is caught by the contract of stores', async () => {
  const good = openDb(engine.writer);
  await good.migrate();
  expect(await faultsOf(good, ['DDD/USD', 'EEE/USD'])).toEqual([]);
  const found = await faultsOf(openDb(unmerged(engine.writer)), ['FFF/USD', 'GGG/USD']);
  expect(found).toHaveLength(2);
  console.log(`F22: a table is read with its older versions: caught by the contract of stores: ${found.join('; ')}`);
});
