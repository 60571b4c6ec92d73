import { describe, expect, test } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { IndicatorInputQuery, IndicatorValues, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { DEFAULT_INDICATORS } from '#domain/indicators/registry.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { computeIndicators, type IndicatorsSettings } from '#usecases/compute-indicators.ts';
import { scaledError } from '../domain/indicators/measure.ts';
import { realSet } from '../fixtures/ta-lib/vectors.ts';

const MINUTE = 60_000;
const START = Date.UTC(2023, 2, 11);
const CLOSED = 1n << 62n;
const VERIFIED = 2n << 62n;
const SETTINGS: IndicatorsSettings = {
  indicators: DEFAULT_INDICATORS,
  lookback: 400,
  minCandles: 20,
  maxFilledCandles: 60,
  ttlSeconds: 180,
};

describe('a tick', () => {
  test('costs one query, one insert and one write to the cache, however many series there are', async () => {
    const store = platform();
    const all = [seriesOf('BTC/USD'), seriesOf('ETH/USD'), seriesOf('BTC/USD', '5m')];
    for (const series of all) await store.put(series, wave(900, TIMEFRAME_MS[series.timeframe]));
    await store.run('catch-up', START + 1000 * 5 * MINUTE);
    await store.put(seriesOf('BTC/USD'), [waveCandle(900, MINUTE)]);
    await store.put(seriesOf('ETH/USD'), [waveCandle(900, MINUTE)]);
    store.forgetCalls();

    const report = await store.run('tick', START + 901 * MINUTE);

    expect(store.queries).toHaveLength(1);
    expect(store.inserts.map((rows) => rows.length)).toEqual([2]);
    expect(store.cacheWrites).toEqual([3]);
    expect(report).toMatchObject({
      exchange: 'kraken',
      tickMs: START + 901 * MINUTE,
      seriesRead: 3,
      candlesComputed: 2,
      valuesWritten: 20,
      warming: [],
      cacheKeysWritten: 3,
      cacheFailure: null,
    });
  });

  test('reads only the configured timeframes, as far back as values depend on candles', async () => {
    const store = platform();
    await store.run('tick', START + 7 * MINUTE);
    const candles = 20 + 60 + 574 + 60;
    expect(store.queries).toEqual([
      {
        exchange: 'kraken',
        fromMs: { '1m': START + (7 - candles) * MINUTE, '5m': START + (5 - 5 * candles) * MINUTE },
        seenFromMs: { '1m': START + (7 - 80) * MINUTE, '5m': START + (5 - 5 * 80) * MINUTE },
      },
    ]);
  });

  test('that finds nothing new writes nothing to the store, but keeps the cache alive', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(100));
    await store.run('tick', START + 100 * MINUTE);
    store.forgetCalls();
    const report = await store.run('tick', START + 101 * MINUTE);
    expect(store.inserts).toEqual([]);
    expect(report).toMatchObject({ candlesComputed: 0, valuesWritten: 0, cacheKeysWritten: 1 });
    expect(await store.cached('BTC/USD')).toMatchObject({
      open_time: String(START + 99 * MINUTE),
      computed_at: String(START + 101 * MINUTE),
    });
  });

  test('T15: gives no value to a candle that has not ended by then', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(100));
    await store.run('tick', START + 99 * MINUTE);
    expect(await store.valuedMinutes(seriesOf('BTC/USD'))).toEqual(minutes(11, 99));
  });

  test('in a thinly traded series still costs one query', async () => {
    const store = platform();
    const sparse = wave(1000).filter((_, i) => i % 45 === 0);
    await store.put(seriesOf('BTC/USD'), sparse.slice(0, -2));
    await store.run('catch-up', START + 2000 * MINUTE);
    store.forgetCalls();
    for (const candle of sparse.slice(-2)) {
      await store.put(seriesOf('BTC/USD'), [candle]);
      expect(await store.run('tick', candle.openTimeMs + MINUTE)).toMatchObject({ candlesComputed: 1 });
    }
    expect(store.queries).toHaveLength(2);
  });

  test('rejects when the store does not take the values', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(100));
    store.failInsert(new Error('the store is full'));
    await expect(store.run('tick', START + 100 * MINUTE)).rejects.toThrow('the store is full');
    expect(store.cacheWrites).toEqual([]);
  });
});

describe('real candles', () => {
  const sets = ['kraken-btc-usd-1m', 'kraken-usdc-usd-1m', 'binanceus-usdc-usdt-1m'] as const;

  test.each(sets)('get the values of TA-Lib, and none where no candle is stored: %s', async (name) => {
    const { stored, values } = realSet(name);
    const store = platform();
    await store.put(seriesOf('BTC/USD'), realCandles(name));
    const report = await store.run('catch-up', (stored.openTimesMs.at(-1) ?? 0) + MINUTE);

    const first = stored.openTimesMs[0] ?? 0;
    const written = await store.values(seriesOf('BTC/USD'));
    expect(written.map(({ openTimeMs }) => openTimeMs)).toEqual([...stored.openTimesMs].filter((time) => time >= first + 11 * MINUTE));
    for (const row of written) {
      const at = (row.openTimeMs - first) / MINUTE;
      const expected = Object.entries(values).map(([indicator, column]) => [indicator, column[at] ?? null]);
      expect(row.values).toEqual(Object.fromEntries(expected.filter(([, value]) => value !== null)));
    }
    const gridCandles = values['SMA_20']?.length ?? 0;
    expect(report).toMatchObject({
      candlesRead: stored.openTimesMs.length,
      filledCandles: gridCandles - stored.openTimesMs.length,
      candlesComputed: written.length,
    });
  });

  test.each(sets)('get values by tick that a catch-up agrees with within 1e-10 of scale and does not write again: %s', async (name) => {
    const candles = realCandles(name);
    const atOnce = platform();
    const byTick = platform();
    const split = candles.length - 120;
    await atOnce.put(seriesOf('BTC/USD'), candles);
    await byTick.put(seriesOf('BTC/USD'), candles.slice(0, split));
    await byTick.run('catch-up', candles[split]?.openTimeMs ?? 0);
    for (const candle of candles.slice(split)) {
      await byTick.put(seriesOf('BTC/USD'), [candle]);
      await byTick.run('tick', candle.openTimeMs + MINUTE);
    }
    const endMs = (candles.at(-1)?.openTimeMs ?? 0) + MINUTE;
    await atOnce.run('catch-up', endMs);
    expect(await byTick.run('catch-up', endMs)).toMatchObject({ candlesComputed: 0, valuesWritten: 0 });

    const prices = new Map(candles.map(({ openTimeMs, close }) => [openTimeMs, Number(close)]));
    expectAgreement(await byTick.values(seriesOf('BTC/USD')), await atOnce.values(seriesOf('BTC/USD')), prices);
  });
});

describe('whatever happened before, the next run leaves every stored candle with its values', () => {
  test('after the first start over a backfilled series', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(3000));
    await store.run('tick', START + 3000 * MINUTE);
    await store.expectSameAsCatchUp(wave(3000));
  });

  test('after candles were stored and the process was killed before their values were', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(900));
    await store.run('catch-up', START + 890 * MINUTE);
    store.failInsert(new Error('killed'));
    await expect(store.run('tick', START + 900 * MINUTE)).rejects.toThrow('killed');
    const report = await store.run('catch-up', START + 900 * MINUTE);
    expect(report).toMatchObject({ candlesComputed: 10, valuesWritten: 100 });
    expect(await store.run('catch-up', START + 901 * MINUTE)).toMatchObject({ candlesComputed: 0 });
    await store.expectSameAsCatchUp(wave(900));
  });

  test.each([15, 300, 1900])('after a standstill of %i minutes, by the first tick', async (gap) => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(2000 - gap));
    await store.run('catch-up', START + (2000 - gap) * MINUTE);
    await store.put(seriesOf('BTC/USD'), wave(2000).slice(-gap));
    expect(await store.run('tick', START + 2000 * MINUTE)).toMatchObject({ candlesComputed: gap });
    await store.expectSameAsCatchUp(wave(2000));
  });

  test('after a standstill of some series: those are read again, and the others are not counted twice', async () => {
    const store = platform();
    const length = { '1m': 900, '5m': 180, '1h': 0 };
    const late = [seriesOf('BTC/USD'), seriesOf('ETH/USD', '5m')];
    for (const series of [...late, seriesOf('ETH/USD'), seriesOf('BTC/USD', '5m')]) {
      await store.put(series, wave(length[series.timeframe] - (late.includes(series) ? 100 : 0), TIMEFRAME_MS[series.timeframe]));
    }
    await store.run('catch-up', START + 900 * MINUTE);
    for (const series of late) await store.put(series, wave(length[series.timeframe], TIMEFRAME_MS[series.timeframe]).slice(-100));
    store.forgetCalls();
    const report = await store.run('tick', START + 900 * MINUTE);
    expect(store.queries.map(({ symbols }) => symbols)).toEqual([undefined, ['BTC/USD', 'ETH/USD']]);
    expect(report).toMatchObject({ seriesRead: 4, candlesComputed: 200, cacheKeysWritten: 4 });
  });

  test.each([1, 30, 500])('after a candle %i minutes old arrived late: everything from it on that depends on it is new', async (age) => {
    const at = 1500 - 1 - age;
    const complete = wave(1500);
    const store = platform();
    await store.put(seriesOf('BTC/USD'), complete.toSpliced(at, 1));
    await store.run('catch-up', START + 1500 * MINUTE);
    await store.put(seriesOf('BTC/USD'), complete.slice(at, at + 1));
    store.forgetCalls();
    await store.run('tick', START + 1500 * MINUTE);
    expect(store.inserts.flat().map(({ openTimeMs }) => (openTimeMs - START) / MINUTE)).toEqual(minutes(at, 1500));
    await store.expectSameAsCatchUp(complete);
  });

  test('after a candle was revised while it was still warming up the series', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(40));
    await store.run('tick', START + 40 * MINUTE);
    const revised = wave(40).map((candle, i) =>
      i === 5 ? { ...waveCandle(30, MINUTE), openTimeMs: candle.openTimeMs, version: VERIFIED } : candle,
    );
    await store.put(seriesOf('BTC/USD'), revised.slice(5, 6));
    await store.run('tick', START + 41 * MINUTE);
    await store.expectSameAsCatchUp(revised);
  });

  test('after a candle was revised that lies further back than a tick looks, and says so in the ledger of revisions', async () => {
    const world = platform();
    const { put, run, revise } = world;
    const series = seriesOf('BTC/USD');
    const candles = wave(1000);
    await put(series, candles);
    await run('catch-up', START + 1000 * MINUTE);
    const before = candles[600] as StoredCandle;
    const after = { ...before, close: before.high, version: before.version + 1n };
    await revise(series, before, after);
    const later = wave(1006);
    await put(series, later.slice(1000));
    for (let minute = 1001; minute <= 1006; minute++) await run('tick', START + minute * MINUTE);
    await world.expectSameAsCatchUp([...later.slice(0, 600), after, ...later.slice(601)]);
  });

  test('after a closed candle arrived behind one that was verified and so has the higher version', async () => {
    const candles = wave(100).map((candle, i) => (i === 98 ? { ...candle, version: VERIFIED } : candle));
    const store = platform();
    await store.put(seriesOf('BTC/USD'), candles.slice(0, 99));
    await store.run('tick', START + 99 * MINUTE);
    await store.put(seriesOf('BTC/USD'), candles.slice(99));
    expect(await store.run('tick', START + 100 * MINUTE)).toMatchObject({ candlesComputed: 1, valuesWritten: 10 });
  });

  test('after an indicator was added: the whole history gets its values', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(300));
    await store.run('catch-up', START + 300 * MINUTE);
    const indicators = [...DEFAULT_INDICATORS, { kind: 'rsi', length: 7 } as const];
    await store.run('catch-up', START + 301 * MINUTE, { indicators });
    const rows = await store.values(seriesOf('BTC/USD'));
    expect(rows.filter(({ values }) => values['RSI_7'] !== undefined)).toHaveLength(293);
    expect(await store.run('catch-up', START + 302 * MINUTE, { indicators })).toMatchObject({ candlesComputed: 0 });
  });

  test('after the store removed the oldest candles: values that knew them stay as they are', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(900).slice(100));
    await store.run('catch-up', START + 900 * MINUTE);
    const complete = platform();
    await complete.put(seriesOf('BTC/USD'), wave(900));
    await complete.run('catch-up', START + 900 * MINUTE);
    await store.takeValuesOf(complete);
    const before = await store.values(seriesOf('BTC/USD'));
    expect(await store.run('catch-up', START + 900 * MINUTE, {}, START + 100 * MINUTE)).toMatchObject({ candlesComputed: 0 });
    expect(await store.values(seriesOf('BTC/USD'))).toEqual(before);
    expect(await store.run('catch-up', START + 900 * MINUTE)).toMatchObject({ candlesComputed: 563 });
  });

  test('when the series grows candle by candle from nothing', async () => {
    const store = platform();
    for (const [i, candle] of wave(90).entries()) {
      await store.put(seriesOf('BTC/USD'), [candle]);
      await store.run('tick', START + (i + 1) * MINUTE);
    }
    await store.expectSameAsCatchUp(wave(90));
  });

  test('when candles come after a hole too long to be filled: indicators warm up again behind it', async () => {
    const candles = wave(300).toSpliced(150, 61);
    const store = platform();
    for (const [i, candle] of candles.entries()) {
      await store.put(seriesOf('BTC/USD'), [candle]);
      if (i % 7 === 0 || i > 140) await store.run('tick', candle.openTimeMs + MINUTE);
    }
    expect(await store.valuedMinutes(seriesOf('BTC/USD'))).toEqual([...minutes(11, 150), ...minutes(222, 300)]);
    await store.expectSameAsCatchUp(candles);
  });
});

describe('a series that is warming', () => {
  test('with fewer than the least number of candles has no values and says how many are needed', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(19));
    const report = await store.run('tick', START + 19 * MINUTE);
    expect(report.warming).toEqual([{ series: seriesOf('BTC/USD'), candles: 19, needed: 50 }]);
    expect(store.inserts).toEqual([]);
    expect(await store.cached('BTC/USD')).toEqual({
      status: 'warming',
      open_time: String(START + 18 * MINUTE),
      computed_at: String(START + 19 * MINUTE),
    });
  });

  test('with enough for some indicators has the values of those', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(49));
    const report = await store.run('tick', START + 49 * MINUTE);
    expect(report.warming).toEqual([{ series: seriesOf('BTC/USD'), candles: 49, needed: 50 }]);
    const cached = await store.cached('BTC/USD');
    expect(cached).toMatchObject({ status: 'warming' });
    expect(Object.keys(cached ?? {})).toEqual(expect.arrayContaining(['SMA_20', 'RSI_14', 'MACD_signal']));
    expect(cached).not.toHaveProperty('SMA_50');
  });

  test('is ready with one candle more', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(50));
    expect(await store.run('tick', START + 50 * MINUTE)).toMatchObject({ warming: [] });
    expect(await store.cached('BTC/USD')).toMatchObject({ status: 'ready' });
  });
});

describe('the cache', () => {
  test('holds the newest values of a series as they are in the store, to the last digit', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(100));
    await store.run('tick', START + 100 * MINUTE);
    const newest = (await store.values(seriesOf('BTC/USD'))).at(-1);
    const { open_time, computed_at, status, ...texts } = (await store.cached('BTC/USD')) ?? {};
    expect({ open_time, computed_at, status }).toEqual({
      open_time: String(START + 99 * MINUTE),
      computed_at: String(START + 100 * MINUTE),
      status: 'ready',
    });
    expect(Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Number(text)]))).toEqual(newest?.values);
  });

  test('forgets them after the configured time', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(100));
    await store.run('tick', START + 100 * MINUTE);
    store.setNow(START + 103 * MINUTE - 1);
    expect(await store.cached('BTC/USD')).not.toBeNull();
    store.setNow(START + 103 * MINUTE);
    expect(await store.cached('BTC/USD')).toBeNull();
  });

  test('does not spoil the values when it fails: they are stored, the reason is reported and logged', async () => {
    const store = platform();
    await store.put(seriesOf('BTC/USD'), wave(100));
    store.failCache(new Error('connection refused'));
    const report = await store.run('tick', START + 100 * MINUTE);
    expect(report).toMatchObject({ candlesComputed: 89, cacheKeysWritten: 0, cacheFailure: 'connection refused' });
    expect(await store.values(seriesOf('BTC/USD'))).toHaveLength(89);
    expect(store.warnings).toEqual([
      ['the newest indicator values are not in the cache', { exchange: 'kraken', keys: 1, reason: 'connection refused' }],
    ]);
  });
});

test('a catch-up over more than 100,000 candles inserts in portions', async () => {
  const store = platform();
  await store.put(seriesOf('BTC/USD'), wave(100_030));
  const report = await store.run('catch-up', START + 100_030 * MINUTE, { indicators: [{ kind: 'sma', length: 20 }] });
  expect(store.inserts.map((rows) => rows.length)).toEqual([100_000, 11]);
  expect(report).toMatchObject({ candlesRead: 100_030, candlesComputed: 100_011, valuesWritten: 100_011 });
});

/** The use case over the memory store and cache, with a record of what was asked of them. */
function platform() {
  const db = createMemoryTimeSeriesDb();
  let nowMs = START;
  const clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
  const cache = createMemoryCache(clock);
  const queries: IndicatorInputQuery[] = [];
  const inserts: (readonly IndicatorValues[])[] = [];
  const cacheWrites: number[] = [];
  const warnings: unknown[] = [];
  let insertFailure: Error | null = null;
  let cacheFailure: Error | null = null;
  const recordedDb: Pick<TimeSeriesDb, 'readIndicatorInputs' | 'insertIndicators' | 'readCandleRevisions'> = {
    readCandleRevisions: (query) => db.readCandleRevisions(query),
    readIndicatorInputs: (query) => {
      queries.push(query);
      return db.readIndicatorInputs(query);
    },
    insertIndicators: async (rows) => {
      const failure = insertFailure;
      insertFailure = null;
      if (failure !== null) throw failure;
      inserts.push(rows);
      await db.insertIndicators(rows);
    },
  };
  const recordedCache: CacheClient = {
    ...cache,
    writeHashes: async (entries, ttlSeconds) => {
      if (cacheFailure !== null) throw cacheFailure;
      cacheWrites.push(entries.length);
      await cache.writeHashes(entries, ttlSeconds);
    },
  };
  const quiet = () => {};
  const logger = { debug: quiet, info: quiet, error: quiet, warn: (...facts: unknown[]) => void warnings.push(facts) };
  const values = async (series: Series) => await db.readIndicators({ ...series, symbols: [series.symbol], fromMs: 0, untilMs: Infinity });
  return {
    queries,
    inserts,
    cacheWrites,
    warnings,
    values,
    put: async (series: Series, candles: readonly StoredCandle[]) => await db.insertCandles([{ series, candles }]),
    setNow: (timeMs: number) => void (nowMs = timeMs),
    failInsert: (error: Error) => void (insertFailure = error),
    failCache: (error: Error) => void (cacheFailure = error),
    forgetCalls: () => [queries, inserts, cacheWrites].forEach((calls) => calls.splice(0)),
    cached: (symbol: string) => cache.readHash(`indicators:kraken:${symbol}:1m`),
    valuedMinutes: async (series: Series) => (await values(series)).map(({ openTimeMs }) => (openTimeMs - START) / MINUTE),
    async run(mode: 'tick' | 'catch-up', tickMs: number, changed: Partial<IndicatorsSettings> = {}, keptFromMs?: number) {
      nowMs = tickMs;
      const input = {
        exchange: 'kraken',
        tickMs,
        timeframes: ['1m', '5m'],
        settings: { ...SETTINGS, ...changed },
        mode,
        keptFromMs,
      } as const;
      return await computeIndicators({ db: recordedDb, cache: recordedCache, clock, logger }, input);
    },
    async revise(series: Series, before: StoredCandle, after: StoredCandle) {
      await db.insertCandles([{ series, candles: [after] }]);
      await db.insertCandleRevisions([{ series, openTimeMs: before.openTimeMs, before, after, detectedAtMs: nowMs }]);
    },
    takeValuesOf: async (other: { values: (series: Series) => Promise<readonly IndicatorValues[]> }) =>
      await db.insertIndicators(await other.values(seriesOf('BTC/USD'))),
    /** What is stored is what a single catch-up over these candles writes, and another catch-up has nothing to do. */
    async expectSameAsCatchUp(candles: readonly StoredCandle[]) {
      const endMs = (candles.at(-1)?.openTimeMs ?? 0) + MINUTE;
      const fresh = platform();
      await fresh.put(seriesOf('BTC/USD'), candles);
      await fresh.run('catch-up', endMs);
      const prices = new Map(candles.map(({ openTimeMs, close }) => [openTimeMs, Number(close)]));
      expectAgreement(await values(seriesOf('BTC/USD')), await fresh.values(seriesOf('BTC/USD')), prices);
      expect(await this.run('catch-up', endMs)).toMatchObject({ candlesComputed: 0 });
    },
  };
}

function expectAgreement(
  found: readonly IndicatorValues[],
  expected: readonly IndicatorValues[],
  prices: ReadonlyMap<number, number>,
): void {
  const names = (rows: readonly IndicatorValues[]) => rows.map(({ openTimeMs, values }) => [openTimeMs, ...Object.keys(values)]);
  expect(names(found)).toEqual(names(expected));
  const errors = expected.flatMap(({ openTimeMs, values }, i) =>
    Object.entries(values).map(([name, value]) => scaledError(name, prices.get(openTimeMs) ?? NaN, found[i]?.values[name] ?? NaN, value)),
  );
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.reduce((a, b) => Math.max(a, b), 0)).toBeLessThanOrEqual(1e-10);
}

function seriesOf(symbol: string, timeframe: Timeframe = '1m'): Series {
  return { exchange: 'kraken', symbol: parseMarketSymbol(symbol) as MarketSymbol, timeframe };
}

function minutes(from: number, until: number): readonly number[] {
  return Array.from({ length: until - from }, (_, i) => from + i);
}

/** A market that swings and drifts, on a tick grid of 0.01. */
function wave(count: number, stepMs = MINUTE): readonly StoredCandle[] {
  return Array.from({ length: count }, (_, i) => waveCandle(i, stepMs));
}

function waveCandle(i: number, stepMs: number): StoredCandle {
  const close = 20_000 + 300 * Math.sin(i / 17) + 80 * Math.sin(i * 1.7) + i / 10;
  return candleOf(START + i * stepMs, close + 9, close - 11, close, CLOSED + BigInt(i));
}

function candleOf(openTimeMs: number, high: number, low: number, close: number, version: bigint): StoredCandle {
  const price = (value: number) => parseDecimal(Number(value.toFixed(8))) as Decimal;
  const one = parseDecimal('1') as Decimal;
  return {
    openTimeMs,
    open: price(close),
    high: price(high),
    low: price(low),
    close: price(close),
    volume: one,
    quoteVolume: null,
    tradeCount: null,
    version,
  };
}

function realCandles(name: Parameters<typeof realSet>[0]): readonly StoredCandle[] {
  const { openTimesMs, high, low, close } = realSet(name).stored;
  return Array.from(openTimesMs, (time, i) => candleOf(time, high[i] ?? NaN, low[i] ?? NaN, close[i] ?? NaN, CLOSED + BigInt(i)));
}
