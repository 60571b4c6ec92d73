import { describe, expect, test } from 'vitest';
import { StoreError } from '#core/errors.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { syncCandles, type SeriesSyncReport, type SyncReport } from '#usecases/sync-candles.ts';
import { createSyncMemory } from '#usecases/sync-memory.ts';
import { candleAt, decimal, exchangeError, MINUTE, START } from './fake-exchange.ts';
import { BTC, ETH, SETTINGS, syncWorld } from './sync-world.ts';

const HOUR = 60 * MINUTE;

/** Open times of `count` minutes from `fromMs` on. */
const grid = (fromMs: number, count: number, stepMs = MINUTE): number[] => Array.from({ length: count }, (_, i) => fromMs + i * stepMs);

const only = ({ series }: SyncReport): SeriesSyncReport => {
  expect(series).toHaveLength(1);
  return series[0] as SeriesSyncReport;
};

describe('a series without candles', () => {
  test('is filled back to the limit, up to the newest closed candle', async () => {
    const { tick, storedTimes, exchange } = syncWorld();
    expect(await tick(START)).toMatchObject({ fetched: 101, stored: 100, changed: 0, unchanged: 0, missing: 0, failure: null });
    expect(await storedTimes(BTC, '1m')).toEqual(grid(START - 100 * MINUTE, 100));
    expect(exchange.requests).toEqual([{ symbol: BTC, timeframe: '1m', fromMs: START - 100 * MINUTE, limit: 101 }]);
  });

  test('has no gap before the first candle that the exchange has', async () => {
    const { tick } = syncWorld({ historyFromMs: START - 30 * MINUTE });
    expect(only(await tick(START))).toMatchObject({ isBackfill: true, stored: 30, missing: [], missingReason: null, beforeHistory: 70 });
    expect(only(await tick(START + MINUTE))).toMatchObject({ isBackfill: false, stored: 1, missing: [], beforeHistory: 0 });
  });

  test('misses everything where the exchange sends nothing, and is filled at a later tick', async () => {
    const { tick, storedTimes } = syncWorld({ historyFromMs: START });
    expect(only(await tick(START))).toMatchObject({
      stored: 0,
      newestOpenTimeMs: null,
      missing: [{ candles: 100 }],
      missingReason: 'not_sent',
    });
    expect(only(await tick(START + 2 * MINUTE))).toMatchObject({ isBackfill: true, stored: 2, missing: [], beforeHistory: 98 });
    expect(await storedTimes(BTC, '1m')).toEqual(grid(START, 2));
  });

  test('of each timeframe is on the grid of that timeframe', async () => {
    const { tick, storedTimes } = syncWorld({ timeframes: ['1m', '5m', '1h'] });
    await tick(START + 7 * MINUTE);
    for (const [timeframe, untilMs] of [
      ['1m', START + 7 * MINUTE],
      ['5m', START + 5 * MINUTE],
      ['1h', START],
    ] as const) {
      const stepMs = TIMEFRAME_MS[timeframe];
      expect(await storedTimes(BTC, timeframe)).toEqual(grid(untilMs - 100 * stepMs, 100, stepMs));
    }
  });

  test('is left alone when it is not wanted', async () => {
    const { tick, exchange } = syncWorld({ timeframes: ['1m', '5m'] });
    const report = await tick(START, { hasSeries: ({ timeframe }) => timeframe === '5m' });
    expect(report.series.map(({ series }) => series.timeframe)).toEqual(['5m']);
    expect(exchange.requests).toHaveLength(1);
  });
});

describe('a tick', () => {
  test('asks again for the five newest candles and stores the one that is new', async () => {
    const { tick, exchange } = syncWorld();
    await tick(START);
    expect(await tick(START + MINUTE)).toMatchObject({ fetched: 6, stored: 1, unchanged: 4, changed: 0, missing: 0 });
    expect(exchange.requests).toEqual([{ symbol: BTC, timeframe: '1m', fromMs: START - 4 * MINUTE, limit: 6 }]);
  });

  test.each<[string, number, readonly Timeframe[]]>([
    ['between boundaries', START + 61 * MINUTE, ['1m']],
    ['at five minutes', START + 65 * MINUTE, ['1m', '5m']],
    ['at the full hour', START + 120 * MINUTE, ['1m', '5m', '1h']],
  ])('%s asks for the timeframes that end there', async (_when, tickMs, due) => {
    const { tick } = syncWorld({ timeframes: ['1m', '5m', '1h'] });
    await tick(tickMs - MINUTE);
    const report = await tick(tickMs);
    expect(report.series.map(({ series }) => series.timeframe)).toEqual(due);
  });

  test('asks between boundaries for a timeframe that is behind', async () => {
    const { tick, exchange } = syncWorld({ timeframes: ['5m'] });
    await tick(START);
    exchange.failWith(() => exchangeError('TIMEOUT'));
    expect(only(await tick(START + 5 * MINUTE))).toMatchObject({ stored: 0, failure: { code: 'TIMEOUT' } });
    exchange.failWith(null);
    expect(only(await tick(START + 6 * MINUTE))).toMatchObject({ stored: 1, missing: [] });
    expect((await tick(START + 7 * MINUTE)).series).toEqual([]);
  });

  test('goes on after the newest candle, however long ago that was', async () => {
    const { tick, storedTimes } = syncWorld();
    await tick(START);
    expect(only(await tick(START + 1000 * MINUTE))).toMatchObject({ isBackfill: false, stored: 1000, missing: [] });
    expect(await storedTimes(BTC, '1m')).toEqual(grid(START - 100 * MINUTE, 1100));
  });

  test('pages along the grid', async () => {
    const { tick, exchange, storedTimes } = syncWorld({ maxCandlesPerRequest: 30 });
    await tick(START);
    expect(exchange.requests.map(({ fromMs, limit }) => [(fromMs - START) / MINUTE, limit])).toEqual([
      [-100, 30],
      [-70, 30],
      [-40, 30],
      [-10, 11],
    ]);
    expect(await storedTimes(BTC, '1m')).toEqual(grid(START - 100 * MINUTE, 100));
  });

  test('asks for at most twenty pages of a series and the newest one, and the next ticks for the rest', async () => {
    const { tick, exchange, storedTimes } = syncWorld({ maxCandlesPerRequest: 10 });
    await tick(START);
    expect(only(await tick(START + 450 * MINUTE))).toMatchObject({
      requests: 21,
      stored: 208,
      missing: [{ candles: 242 }],
      missingReason: 'not_sent',
    });
    await tick(START + 451 * MINUTE);
    expect(only(await tick(START + 452 * MINUTE))).toMatchObject({ missing: [] });
    expect(exchange.requests.length).toBeLessThan(20);
    expect(await storedTimes(BTC, '1m')).toEqual(grid(START - 100 * MINUTE, 552));
  });

  test('stores what came before a page that fails, and the newest page, and the next tick the rest', async () => {
    const { tick, exchange, storedTimes } = syncWorld({ maxCandlesPerRequest: 30 });
    exchange.failWith((_request, index) => (index === 2 ? exchangeError('UNREACHABLE') : null));
    expect(only(await tick(START))).toMatchObject({
      requests: 4,
      stored: 89,
      failure: { code: 'UNREACHABLE', message: 'kraken failed with UNREACHABLE' },
      missing: [{ firstMs: START - 40 * MINUTE, lastMs: START - 30 * MINUTE, candles: 11 }],
      missingReason: 'fetch_failed',
    });
    exchange.failWith(null);
    expect(only(await tick(START + MINUTE))).toMatchObject({ stored: 12, missing: [], failure: null });
    expect(await storedTimes(BTC, '1m')).toEqual(grid(START - 100 * MINUTE, 101));
  });

  test('is not spoiled for a symbol by the failure of another', async () => {
    const { tick, exchange, storedTimes } = syncWorld({ symbols: [BTC, ETH] });
    exchange.failWith(({ symbol }) => (symbol === BTC ? exchangeError('BAD_PAYLOAD') : null));
    const { series, failure } = await tick(START);
    expect(series.map(({ series: { symbol }, stored, failure }) => [symbol, stored, failure?.code ?? null])).toEqual([
      [BTC, 0, 'BAD_PAYLOAD'],
      [ETH, 100, null],
    ]);
    expect(failure).toBeNull();
    expect(await storedTimes(ETH, '1m')).toHaveLength(100);
  });

  test('asks for what is missing, without the symbols that are not available, and names those', async () => {
    const { tick, exchange } = syncWorld({ symbols: [BTC, ETH] });
    exchange.setUnavailable([BTC]);
    const report = await tick(START);
    expect(report.unavailable).toEqual([{ symbol: BTC, reason: 'its status is BREAK' }]);
    expect(only(report).series.symbol).toBe(ETH);
    exchange.setUnavailable([]);
    expect((await tick(START + MINUTE)).series.map(({ isBackfill }) => isBackfill)).toEqual([true, false]);
  });

  test('of an exchange that is down says so and stores nothing', async () => {
    const { tick, exchange, inserts } = syncWorld();
    exchange.goDown(true);
    expect(await tick(START)).toMatchObject({
      failure: { code: 'UNREACHABLE', message: 'kraken failed with UNREACHABLE' },
      series: [],
      fetched: 0,
      stored: 0,
    });
    expect(inserts).toEqual([]);
    exchange.goDown(false);
    expect(await tick(START + MINUTE)).toMatchObject({ failure: null, stored: 100 });
  });

  test('passes on a fault that is not the exchange’s', async () => {
    const { tick, exchange } = syncWorld();
    exchange.failWith(() => {
      throw new TypeError('a fault of ours');
    });
    await expect(tick(START)).rejects.toThrow(TypeError);
  });

  test('reports rows that are no candles', async () => {
    const { tick, exchange } = syncWorld();
    exchange.refuse([{ reason: 'volume is negative', row: '[1]' }]);
    const report = await tick(START);
    expect([report.refused, only(report).refused]).toEqual([1, [{ reason: 'volume is negative', row: '[1]' }]]);
  });
});

describe('an open candle', () => {
  test('is not stored, and as it closed at the next tick', async () => {
    const { tick, db } = syncWorld();
    expect(only(await tick(START))).toMatchObject({ stillOpen: 1, newestOpenTimeMs: START - MINUTE });
    await tick(START + MINUTE);
    const [group] = await db.readCandles({
      exchange: 'kraken',
      symbols: [BTC],
      windows: { '1m': { fromMs: START, untilMs: START + HOUR } },
    });
    expect(group?.candles).toMatchObject([{ openTimeMs: START, volume: candleAt(START).volume, close: candleAt(START).close }]);
  });

  test('is one by the clock of the exchange when that is behind ours', async () => {
    const { tick, storedTimes } = syncWorld({ skewMs: -10_000 });
    expect(only(await tick(START))).toMatchObject({ stored: 99, stillOpen: 1, missing: [{ firstMs: START - MINUTE, candles: 1 }] });
    expect((await storedTimes(BTC, '1m')).at(-1)).toBe(START - 2 * MINUTE);
    expect(only(await tick(START + MINUTE))).toMatchObject({ stored: 1 });
  });

  test('is one by our clock when that of the exchange is ahead', async () => {
    const { tick, storedTimes } = syncWorld({ skewMs: 70_000 });
    expect(only(await tick(START))).toMatchObject({ stored: 100, stillOpen: 1 });
    expect((await storedTimes(BTC, '1m')).at(-1)).toBe(START - MINUTE);
  });

  test('is one by our clock when the exchange tells no time', async () => {
    const { tick } = syncWorld({ skewMs: null });
    expect(only(await tick(START))).toMatchObject({ stored: 100, stillOpen: 1 });
  });

  test('is one until the grace is over', async () => {
    const { tick } = syncWorld({ settings: { ...SETTINGS, closeGraceMs: 3001 } });
    expect(only(await tick(START))).toMatchObject({ stored: 99, stillOpen: 2 });
  });

  test('is any that ends behind the tick, also when the tick comes late', async () => {
    const { tick, storedTimes } = syncWorld();
    await tick(START + 10 * MINUTE);
    const late = await tick(START + 5 * MINUTE);
    expect(only(late).stored).toBe(0);
    const fresh = syncWorld();
    await fresh.tick(START + 10 * MINUTE, { symbols: [] });
    expect(only(await fresh.tick(START))).toMatchObject({ stored: 100 });
    expect((await fresh.storedTimes(BTC, '1m')).at(-1)).toBe(START - MINUTE);
    expect((await storedTimes(BTC, '1m')).at(-1)).toBe(START + 9 * MINUTE);
  });
});

describe('a candle that the exchange changed', () => {
  test('gets a higher version, and is counted', async () => {
    const { tick, exchange, db } = syncWorld();
    await tick(START);
    const read = async () =>
      (
        await db.readCandles({
          exchange: 'kraken',
          symbols: [BTC],
          windows: { '1m': { fromMs: START - 2 * MINUTE, untilMs: START - MINUTE } },
        })
      )[0]?.candles[0];
    const before = await read();
    exchange.revise('1m', START - 2 * MINUTE, { volume: decimal('9.5') });
    expect(await tick(START + MINUTE)).toMatchObject({ stored: 1, changed: 1, unchanged: 3 });
    const after = await read();
    expect(after).toMatchObject({ volume: '9.5' });
    expect((after?.version ?? 0n) > (before?.version ?? 0n)).toBe(true);
    expect(await tick(START + 2 * MINUTE)).toMatchObject({ changed: 0, unchanged: 4 });
  });
});

describe('a store that refuses', () => {
  test('makes the tick fail, and the next one brings all', async () => {
    const { tick, failInserts, storedTimes } = syncWorld();
    const memory = createSyncMemory();
    await tick(START, { memory });
    failInserts(1);
    await expect(tick(START + MINUTE, { memory })).rejects.toThrow(StoreError);
    expect(await tick(START + MINUTE, { memory })).toMatchObject({ stored: 1, unchanged: 4, missing: 0 });
    expect(await storedTimes(BTC, '1m')).toEqual(grid(START - 100 * MINUTE, 101));
  });

  test('but has taken the candles, its answer being lost, is read again before the next tick', async () => {
    const { tick, failInserts, reads } = syncWorld();
    const memory = createSyncMemory();
    await tick(START, { memory });
    failInserts(1, true);
    await expect(tick(START + MINUTE, { memory })).rejects.toThrow(StoreError);
    expect(await tick(START + MINUTE, { memory })).toMatchObject({ stored: 0, unchanged: 5 });
    expect(reads()).toBe(2);
  });
});

describe('the memory between ticks', () => {
  test('spares reading the store for an hour', async () => {
    const { tick, reads } = syncWorld();
    const memory = createSyncMemory();
    for (let minute = 0; minute < 60; minute++) await tick(START + minute * MINUTE, { memory });
    expect(reads()).toBe(1);
    await tick(START + 60 * MINUTE, { memory });
    expect(reads()).toBe(2);
  });

  test('is not enough for a symbol that is new', async () => {
    const { tick, reads } = syncWorld();
    const memory = createSyncMemory();
    await tick(START, { memory });
    expect(await tick(START + MINUTE, { memory, symbols: [BTC, ETH] })).toMatchObject({ stored: 101 });
    expect(reads()).toBe(2);
  });

  test('holds no more than the recheck window', async () => {
    const { tick } = syncWorld();
    const memory = createSyncMemory();
    for (let minute = 0; minute < 10; minute++) await tick(START + minute * MINUTE, { memory });
    expect([...memory.series.values()].map(({ candles, fromMs }) => [candles.size, fromMs])).toEqual([[60, START - 100 * MINUTE]]);
  });

  test('without it each tick reads the store once', async () => {
    const { tick, reads } = syncWorld();
    await tick(START);
    await tick(START + MINUTE);
    expect(reads()).toBe(2);
  });
});

test('progress is told after each series', async () => {
  const told: string[] = [];
  const { exchange, db } = syncWorld();
  const clock = { nowMs: () => START + 3000, sleepUntil: async () => {} };
  await syncCandles(
    { api: exchange, db, clock, onSeries: ({ series }) => told.push(series.symbol) },
    { symbols: [BTC, ETH], timeframes: ['1m'], settings: SETTINGS, tickMs: START },
  );
  expect(told.toSorted()).toEqual([BTC, ETH]);
});

test('a series that stopped beyond the horizon of its exchange goes on at the horizon, and what is lost is told', async () => {
  const { exchange, tick, storedTimes } = syncWorld({ historyCandles: 200, maxCandlesPerRequest: 200 });
  await tick(START);
  const later = START + 6000 * MINUTE;
  exchange.requests.length = 0;
  const report = only(await tick(later));
  expect(report).toMatchObject({ stored: 200, missingReason: 'not_sent', missing: [{ firstMs: START, candles: 5800 }] });
  expect(exchange.requests.length).toBeLessThanOrEqual(2);
  expect((await storedTimes(BTC, '1m')).at(-1)).toBe(later - MINUTE);
});
