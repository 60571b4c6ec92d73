import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { createClickHouseDb } from '#providers/clickhouse/clickhouse-db.ts';
import { openEmbeddedEngine, type EmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import type { SchemaOptions } from '#providers/clickhouse/schema.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { timeSeriesDbContract } from '../../contracts/time-series-db.contract.ts';
import { ledgerTablesContract } from '../../contracts/ledger-tables.contract.ts';
import { tradeTablesContract } from '../../contracts/trade-tables.contract.ts';
import { witnessTablesContract } from '../../contracts/witness-tables.contract.ts';

const directory = mkdtempSync(join(tmpdir(), 'tidemark-store-'));
const schema: SchemaOptions = { directory: 'schema/clickhouse', ttlDays: null };
let engine: EmbeddedEngine;

beforeAll(async () => {
  engine = await openEmbeddedEngine(directory);
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const openDb = (options = schema) =>
  createClickHouseDb({
    client: engine.writer,
    database: 'trading',
    timer: createSystemTimer(),
    deadlineMs: 20_000,
    gatherMs: 0,
    schema: options,
    close: async () => {},
  });

timeSeriesDbContract('ClickHouse in this process', async () => openDb());
tradeTablesContract('ClickHouse in this process', async () => openDb());
ledgerTablesContract('ClickHouse in this process', async () => openDb());
witnessTablesContract('ClickHouse in this process', async () => openDb());

describe('the schema', () => {
  const sql = async (query: string) => await (await engine.writer.query({ query, format: 'JSONEachRow' })).json<Record<string, unknown>>();

  test('is recorded migration by migration', async () => {
    await openDb().migrate();
    expect((await sql('SELECT name FROM trading.schema_migrations FINAL ORDER BY name')).map(({ name }) => name)).toEqual([
      '0001-candles-1m.sql',
      '0002-candles-5m.sql',
      '0003-candles-1h.sql',
      '0004-indicators.sql',
      '0005-trade-gaps.sql',
      '0006-trade-minutes.sql',
      '0007-gaps.sql',
      '0008-watermarks.sql',
      '0009-revisions.sql',
      '0010-agreements.sql',
      '0011-candle-findings.sql',
      '0012-as-of.sql',
      '0013-trade-lines.sql',
    ]);
  });

  test('takes the time to live from configuration and gives it up again', async () => {
    await openDb({ ...schema, ttlDays: 90 }).migrate();
    const engineOf = async () =>
      String((await sql("SELECT engine_full FROM system.tables WHERE database = 'trading' AND name = 'candles_5m'"))[0]?.['engine_full']);
    expect(await engineOf()).toContain('toIntervalDay(90)');
    await openDb().migrate();
    expect(await engineOf()).not.toContain('TTL');
  });

  test('drops rows of the ledger of gaps thirty days after the candles that they explain, every version of a row at once', async () => {
    const db = openDb({ ...schema, ttlDays: 90 });
    await db.migrate();
    const day = 86_400_000;
    const nowMs = Math.floor(Date.now() / day) * day;
    const gap = (ageDays: number, version: number, days = 1): CandleGap => ({
      series: { exchange: 'coinbase', symbol: parseMarketSymbol('OLD/USD') as MarketSymbol, timeframe: '1m' },
      fromMs: nowMs - ageDays * day,
      untilMs: nowMs - (ageDays - days) * day,
      reason: 'no_trades',
      evidence: 'as silent as before',
      state: version === 1 ? 'open' : 'explained',
      attempts: version,
      nextTryMs: null,
      detectedAtMs: nowMs,
      resolvedAtMs: null,
      resolvedBy: '',
      updatedAtMs: nowMs + version,
    });
    // The version that is explained is shorter than the open one before it, which must not come back in its place.
    await db.insertCandleGaps([gap(122, 1, 40), gap(119, 1), gap(30, 1)]);
    await db.insertCandleGaps([gap(122, 2), gap(119, 2), gap(30, 2)]);
    await engine.writer.command({ query: 'OPTIMIZE TABLE trading.gaps FINAL' });
    const left = await sql(
      "SELECT attempts, dateDiff('day', from_time, toDateTime64(" +
        nowMs / 1000 +
        ", 3, 'UTC')) AS age FROM trading.gaps FINAL WHERE symbol = 'OLD/USD' ORDER BY age",
    );
    expect(left.map(({ attempts, age }) => [Number(attempts), Number(age)])).toEqual([
      [2, 30],
      [2, 119],
    ]);
    await openDb().migrate();
  });

  const good = {
    exchange: "'kraken'",
    symbol: "'BTC/USD'",
    timestamp: "'2023-03-10 00:00:00.000'",
    open: '10',
    high: '12',
    low: '9',
    close: '11',
    volume: '0',
    version: '4611686018427387904',
  };
  const insert = (row: Record<string, string>) =>
    engine.writer.command({
      query: `INSERT INTO trading.candles_1m (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`,
    });

  test('takes a candle without volume', async () => {
    await expect(insert(good)).resolves.toBeDefined();
  });

  test.each([
    ['names_are_unified', { exchange: "'Kraken'" }],
    ['names_are_unified', { symbol: "'btc-usd'" }],
    ['names_are_unified', { symbol: "'ВTC/USD'" }],
    ['timestamp_is_on_the_grid', { timestamp: "'1970-01-21 00:00:00.000'" }],
    ['timestamp_is_on_the_grid', { timestamp: "'2150-01-01 00:00:00.000'" }],
    ['timestamp_is_on_the_grid', { timestamp: "'2023-03-10 00:00:00.001'" }],
    ['prices_are_in_order', { open: '0', high: '0', low: '0', close: '0' }],
    ['prices_are_in_order', { low: '10.5' }],
    ['prices_are_in_order', { high: '10.9' }],
    ['volume_is_not_negative', { volume: '-1' }],
    ['version_is_of_a_closed_candle', { version: '17' }],
  ])('refuses what breaks %s: %o', async (constraint, bad) => {
    await expect(insert({ ...good, ...bad })).rejects.toThrow(constraint);
  });
});

test('a failure says what was wanted, why it was refused and whether trying again may help', async () => {
  const db = openDb();
  const candle = {
    openTimeMs: 0,
    open: '1',
    high: '1',
    low: '1',
    close: '1',
    volume: '1',
    quoteVolume: null,
    tradeCount: null,
    version: 2n ** 62n,
  } as unknown as StoredCandle;
  const failure = db.insertCandles([{ series: { exchange: 'kraken', symbol: 'X/Y' as MarketSymbol, timeframe: '1m' }, candles: [candle] }]);
  await expect(failure).rejects.toMatchObject({
    name: 'StoreError',
    retryable: false,
    storeCode: 469,
    message: expect.stringContaining('refused to insert 1 rows into candles_1m'),
  });
});

test('the reading connection can read, once per candle, and cannot write, reach files or lift its limits', async () => {
  const read = (query: string) => engine.reader.query({ query, format: 'JSONEachRow' });
  const row = (version: bigint) => `('kraken', 'TWICE/USD', '2023-03-10 00:00:00.000', 10, 12, 9, 11, 0, ${version})`;
  for (const version of [2n ** 62n, 2n ** 62n + 1n]) {
    await engine.writer.command({
      query: `INSERT INTO trading.candles_1m (exchange, symbol, timestamp, open, high, low, close, volume, version) VALUES ${row(version)}`,
    });
  }
  const counts = await (await read("SELECT count() AS n FROM trading.candles_1m WHERE symbol = 'TWICE/USD'")).json();
  expect(counts).toEqual([{ n: '1' }]);
  for (const query of [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    'SELECT 1 SETTINGS max_execution_time = 0',
    'SELECT 1 SETTINGS readonly = 0',
  ]) {
    await expect(read(query), query).rejects.toMatchObject({ code: '164' });
  }
  await expect(engine.reader.command({ query: 'TRUNCATE TABLE trading.candles_1m' })).rejects.toMatchObject({ code: '164' });
});

test('twenty years of one series are stored in one call, though they are more months than one insert may have', async () => {
  const db = openDb();
  await db.migrate();
  const series = { exchange: 'kraken', symbol: 'YEARS/USD' as MarketSymbol, timeframe: '1h' } as const;
  const prices = { open: '1', high: '1', low: '1', close: '1', volume: '1' } as unknown as Pick<
    StoredCandle,
    'open' | 'high' | 'low' | 'close' | 'volume'
  >;
  const candles = Array.from({ length: 240 }, (_, month) => {
    const openTimeMs = Date.UTC(2010, month);
    return { openTimeMs, ...prices, quoteVolume: null, tradeCount: null, version: 2n ** 62n };
  });
  await db.insertCandles([{ series, candles }]);
  const windows = { '1h': { fromMs: 0, untilMs: Date.UTC(2031, 0) } };
  const [found] = await db.readCandles({ exchange: 'kraken', symbols: [series.symbol], windows });
  expect(found?.candles.map(({ openTimeMs }) => openTimeMs)).toEqual(candles.map(({ openTimeMs }) => openTimeMs));
});
