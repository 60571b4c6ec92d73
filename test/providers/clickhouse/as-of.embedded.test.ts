import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finality, StoredCandle } from '#core/candle.ts';
import type { Decimal } from '#core/decimal.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { candleVersion, withFinality } from '#domain/candles/version.ts';
import { createClickHouseDb } from '#providers/clickhouse/clickhouse-db.ts';
import { openEmbeddedEngine, type EmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';

const directory = mkdtempSync(join(tmpdir(), 'tidemark-as-of-'));
const OPEN = Date.UTC(2026, 10, 22, 12);
const MINUTE = 60_000;
let engine: EmbeddedEngine;
let db: TimeSeriesDb;

beforeAll(async () => {
  engine = await openEmbeddedEngine(directory);
  db = createClickHouseDb({
    client: engine.writer,
    database: 'trading',
    timer: createSystemTimer(),
    deadlineMs: 20_000,
    gatherMs: 0,
    schema: { directory: 'schema/clickhouse', ttlDays: null },
    close: async () => {},
  });
  await db.migrate();
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const stored = (close: string, fetchedAtMs: number, finality: Finality): StoredCandle => ({
  openTimeMs: OPEN,
  open: '10' as Decimal,
  high: '20' as Decimal,
  low: '5' as Decimal,
  close: close as Decimal,
  volume: '1.5' as Decimal,
  quoteVolume: null,
  tradeCount: 3,
  version: candleVersion({ finality, sourceRank: 8, fetchedAtMs, sequence: 0 }),
});

/** A candle that was fetched, proven, revised an hour later and again a day later; the store keeps only its newest version. */
async function storeRevised(timeframe: Timeframe): Promise<void> {
  const series = { exchange: 'kraken', symbol: 'BTC/USD' as MarketSymbol, timeframe } as const;
  const closedMs = OPEN + TIMEFRAME_MS[timeframe];
  const first = stored('11', closedMs + 3000, 'closed');
  const proven = { ...first, version: withFinality(first.version, 'verified') };
  const second = stored('12', closedMs + 60 * MINUTE, 'revised');
  const third = stored('13', closedMs + 24 * 60 * MINUTE, 'revised');
  for (const candle of [first, proven, second, third]) await db.insertCandles([{ series, candles: [candle] }]);
  await db.insertCandleRevisions([
    { series, openTimeMs: OPEN, before: proven, after: second, detectedAtMs: closedMs + 60 * MINUTE },
    { series, openTimeMs: OPEN, before: second, after: third, detectedAtMs: closedMs + 24 * 60 * MINUTE },
  ]);
  await engine.writer.command({ query: `OPTIMIZE TABLE trading.candles_${timeframe} FINAL` });
}

async function asOf(timeframe: Timeframe, timeMs: number): Promise<readonly unknown[]> {
  const query = `SELECT close, trade_count, quote_volume, finality, fetched_at FROM trading.candles_${timeframe}_as_of(as_of = {time: DateTime64(3)})
    WHERE exchange = 'kraken' AND symbol = 'BTC/USD'`;
  const time = new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '');
  const result = await engine.reader.query({ query, query_params: { time }, format: 'JSONEachRow' });
  return await result.json();
}

describe.each(TIMEFRAMES)('a %s candle as of a moment', (timeframe) => {
  const closedMs = OPEN + TIMEFRAME_MS[timeframe];
  beforeAll(() => storeRevised(timeframe));

  test.each<[string, number, string | null, string | null]>([
    ['before it was fetched is not there', 2999, null, null],
    ['of its fetch is what was fetched', 3000, '11', 'verified'],
    ['just before its first correction is still the first', 60 * MINUTE - 1, '11', 'verified'],
    ['between its corrections is the first of them', 23 * 60 * MINUTE, '12', 'revised'],
    ['after all of them is what the store has', 48 * 60 * MINUTE, '13', 'revised'],
  ])('%s', async (_when, afterCloseMs, close, finality) => {
    const rows = await asOf(timeframe, closedMs + afterCloseMs);
    expect(rows).toEqual(
      close === null
        ? []
        : [{ close, trade_count: '3', quote_volume: null, finality, fetched_at: expect.stringMatching(/^2026-11-2[23] /) }],
    );
  });
});

test('is found by index and not by reading the table', async () => {
  const query = `EXPLAIN indexes = 1 SELECT close FROM trading.candles_1m_as_of(as_of = '2026-11-22 13:00:00')
    WHERE exchange = 'kraken' AND symbol = 'BTC/USD' AND timestamp >= '2026-11-22 12:00:00' AND timestamp < '2026-11-22 13:00:00'`;
  const plan = await (await engine.writer.query({ query, format: 'TabSeparatedRaw' })).text();
  const keys = plan.split('PrimaryKey').slice(1);
  expect(keys.length).toBe(2);
  for (const key of keys) for (const name of ['exchange', 'symbol', 'timestamp']) expect(key.split('Condition:')[0]).toContain(name);
});
