import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import type { Decimal } from '#core/decimal.ts';
import type { CandleGapQuery, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import type { Watermark } from '#core/watermark.ts';

const MINUTE = 60_000;
const START = Date.UTC(2023, 2, 11);

/** What `TimeSeriesDb` promises about gaps, watermarks and revisions, run by every provider. */
export function ledgerTablesContract(name: string, make: () => Promise<TimeSeriesDb>): void {
  describe(`${name} keeps the promises of TimeSeriesDb about what is complete`, () => {
    let db: TimeSeriesDb;
    beforeAll(async () => {
      db = await make();
      await db.migrate();
    });
    afterAll(async () => {
      await db.close();
    });

    test('gaps come back by timeframe, symbol and time: those that overlap the window, in one of the states', async () => {
      const rows = [gap('BBB/USD', 3), gap('AAA/USD', 8), gap('AAA/USD', 1, { nextTryMs: START + 600_000 }), gap('AAA/USD', -3)];
      const other = gap('AAA/USD', 4, { state: 'resolved', resolvedBy: 'rest', resolvedAtMs: START });
      const fiveMinutes = gap('AAA/USD', 5, { series: { ...seriesOf('AAA/USD'), timeframe: '5m' } });
      await db.insertCandleGaps([...rows, other, fiveMinutes, gap('CCC/USD', 1)]);
      await db.insertCandleGaps([gap('AAA/USD', 2, { series: { ...seriesOf('AAA/USD'), exchange: 'kraken' } })]);
      expect(await db.readCandleGaps(queryOf('AAA/USD', 'BBB/USD'))).toEqual([rows[2], rows[1], rows[0], fiveMinutes]);
      expect(await db.readCandleGaps({ ...queryOf('AAA/USD'), states: ['resolved'] })).toEqual([other]);
    });

    test('a gap that began before the window and ends in it overlaps it; one that ends at its start does not', async () => {
      const rows = [gap('DDD/USD', -2, { untilMs: START + MINUTE }), gap('DDD/USD', -9, { untilMs: START })];
      await db.insertCandleGaps(rows);
      expect(await db.readCandleGaps(queryOf('DDD/USD'))).toEqual([rows[0]]);
    });

    test('the later row of a gap replaces the earlier one, also when that comes again', async () => {
      const open = gap('EEE/USD', 1);
      const explained = gap('EEE/USD', 1, { state: 'explained', reason: 'no_trades', attempts: 2, updatedAtMs: START + 9000 });
      for (const row of [open, explained, open]) await db.insertCandleGaps([row]);
      expect(await db.readCandleGaps(queryOf('EEE/USD'))).toEqual([explained]);
    });

    test('of two watermarks of a series the further one is kept', async () => {
      const [near, far] = [mark('AAA/USD', 10, START), mark('AAA/USD', 20, START - 1)];
      const other = mark('BBB/USD', 5, START);
      for (const row of [far, near, other]) await db.insertWatermarks([row]);
      expect(await db.readWatermarks('coinbase')).toEqual([far, other]);
      expect(await db.readWatermarks('kraken')).toEqual([]);
    });

    test('revisions come back with the exact figures before and after, by time of detection, only those of the window', async () => {
      const before = candle(2, '0.000000000000000001', 1n << 62n);
      const after = candle(2, '12345678901234567890.5', 3n << 62n);
      const rows = [revision('BBB/USD', { before, after }), revision('AAA/USD', { before: null, after, detectedAtMs: START + 2 })];
      await db.insertCandleRevisions([...rows, revision('AAA/USD', { before, after, detectedAtMs: START + MINUTE })]);
      const query = { exchange: 'coinbase', fromMs: START, untilMs: START + MINUTE } as const;
      expect(await db.readCandleRevisions(query)).toEqual(rows);
      expect(await db.readCandleRevisions({ ...query, exchange: 'kraken' })).toEqual([]);
    });

    test('a change that is written again is one revision', async () => {
      const before = candle(7, '1', 1n << 62n);
      const rows = [5, 6].map((ms) =>
        revision('FFF/USD', { before, after: candle(7, '2', (3n << 62n) + BigInt(ms)), detectedAtMs: START + ms * MINUTE }),
      );
      for (const row of rows) await db.insertCandleRevisions([row]);
      const found = await db.readCandleRevisions({ exchange: 'coinbase', fromMs: START + 2 * MINUTE, untilMs: START + 60 * MINUTE });
      expect(found).toEqual([rows[1]]);
    });

    test('writing nothing is fine', async () => {
      await db.insertCandleGaps([]);
      await db.insertWatermarks([]);
      await db.insertCandleRevisions([]);
      expect(await db.readCandleGaps(queryOf('ZZZ/USD'))).toEqual([]);
    });
  });
}

function symbolOf(text: string): MarketSymbol {
  return parseMarketSymbol(text) as MarketSymbol;
}

function seriesOf(symbol: string): Series {
  return { exchange: 'coinbase', symbol: symbolOf(symbol), timeframe: '1m' };
}

function queryOf(...symbols: string[]): CandleGapQuery {
  return {
    exchange: 'coinbase',
    symbols: symbols.map(symbolOf),
    fromMs: START,
    untilMs: START + 10 * MINUTE,
    states: ['open', 'explained'],
  };
}

function gap(symbol: string, minute: number, given: Partial<CandleGap> = {}): CandleGap {
  return {
    series: seriesOf(symbol),
    fromMs: START + minute * MINUTE,
    untilMs: START + (minute + 2) * MINUTE,
    reason: 'unknown',
    evidence: 'one answer "without" it',
    state: 'open',
    attempts: 1,
    nextTryMs: null,
    detectedAtMs: START + 1000,
    resolvedAtMs: null,
    resolvedBy: '',
    updatedAtMs: START + 1000,
    ...given,
  };
}

function mark(symbol: string, minute: number, updatedAtMs: number): Watermark {
  return { series: seriesOf(symbol), fromMs: START, completeUntilMs: START + minute * MINUTE, rereadUntilMs: START, updatedAtMs };
}

function candle(minute: number, volume: string, version: bigint): StoredCandle {
  const price = '10.5' as Decimal;
  return {
    openTimeMs: START + minute * MINUTE,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: volume as Decimal,
    quoteVolume: null,
    tradeCount: 3,
    version,
  };
}

function revision(symbol: string, given: Pick<CandleRevision, 'before' | 'after'> & Partial<CandleRevision>): CandleRevision {
  return { series: seriesOf(symbol), openTimeMs: given.after.openTimeMs, detectedAtMs: START + 1, ...given };
}
