import { describe, expect, test } from 'vitest';
import type { Exchange } from '#core/exchange.ts';
import type { Timeframe } from '#core/timeframe.ts';
import { createRunTotals } from '#local/run-report.ts';
import type { IndicatorsReport } from '#usecases/compute-indicators.ts';
import type { SeriesSyncReport, SyncReport } from '#usecases/sync-candles.ts';
import { MINUTE, START, symbolOf } from '../usecases/fake-exchange.ts';

const BTC = symbolOf('BTC/USD');
const FACTS = { mode: 'replay', recording: '/recordings', durationMs: 1234.6 } as const;

function series(change: Partial<SeriesSyncReport> = {}, exchange: Exchange = 'kraken', timeframe: Timeframe = '1m'): SeriesSyncReport {
  return {
    series: { exchange, symbol: BTC, timeframe },
    isBackfill: false,
    fromMs: START,
    requests: 1,
    fetched: 0,
    stored: 0,
    changed: 0,
    unchanged: 0,
    stillOpen: 0,
    refused: [],
    newestOpenTimeMs: null,
    missing: [],
    completeUntilMs: null,
    gaps: [],
    beforeHistory: 0,
    missingReason: null,
    failure: null,
    ...change,
  };
}

function sync(entries: readonly SeriesSyncReport[], change: Partial<SyncReport> = {}): SyncReport {
  return {
    exchange: 'kraken',
    tickMs: START,
    series: entries,
    fetched: 0,
    stored: 0,
    changed: 0,
    unchanged: 0,
    refused: 0,
    missing: 0,
    unavailable: [],
    failure: null,
    ...change,
  };
}

function indicators(change: Partial<IndicatorsReport>): IndicatorsReport {
  return {
    exchange: 'kraken',
    tickMs: START,
    seriesRead: 1,
    candlesRead: 1,
    candlesComputed: 1,
    valuesWritten: 0,
    filledCandles: 0,
    warming: [],
    cacheKeysWritten: 1,
    cacheFailure: null,
    ...change,
  };
}

describe('the totals of a run', () => {
  test('are zero at first', () => {
    const totals = createRunTotals();
    expect(totals.summary()).toBe('0 ticks, 0 candles stored, 0 indicator values, 0 errors');
    expect([totals.series(), totals.errors(), totals.lastTickMs(), totals.unreachable()]).toEqual([[], [], null, null]);
    expect(totals.toJson(FACTS)).toEqual({
      mode: 'replay',
      recording: '/recordings',
      ticks: 0,
      lastTick: null,
      candlesStored: {},
      candlesChanged: 0,
      rowsRefused: 0,
      indicatorsWritten: 0,
      candlesVerified: 0,
      candleFindings: 0,
      gaps: [],
      errorCount: 0,
      errors: [],
      durationMs: 1235,
    });
  });

  test('add up what the ticks did, series by series', () => {
    const totals = createRunTotals();
    totals.addSync(sync([series({ stored: 1200, newestOpenTimeMs: START }), series({ stored: 3 }, 'kraken', '5m')]));
    totals.addSync(sync([series({ stored: 1, changed: 2, refused: [{ reason: 'bad', row: '' }], newestOpenTimeMs: START + MINUTE })]));
    totals.addIndicators(indicators({ valuesWritten: 4000 }));
    totals.addIndicators(indicators({ valuesWritten: 10 }));
    totals.addTick(START);
    totals.addTick(START + MINUTE);
    expect(totals.summary()).toBe('2 ticks, 1,204 candles stored, 4,010 indicator values, 0 errors');
    expect(totals.toJson(FACTS)).toMatchObject({
      ticks: 2,
      lastTick: '2023-03-11T00:01:00Z',
      candlesStored: { 'kraken BTC/USD 1m': 1201, 'kraken BTC/USD 5m': 3 },
      candlesChanged: 2,
      rowsRefused: 1,
      indicatorsWritten: 4010,
    });
    expect(totals.series().map(({ newestOpenTimeMs }) => newestOpenTimeMs)).toEqual([START + MINUTE, null]);
  });

  test('name the gaps that are left: a later fetch has seen which of them were filled', () => {
    const totals = createRunTotals();
    const hole = { firstMs: START, lastMs: START + MINUTE, candles: 2 };
    totals.addSync(sync([series({ missing: [hole], missingReason: 'fetch_failed' })]));
    expect(totals.toJson(FACTS)['gaps']).toEqual([
      { series: 'kraken BTC/USD 1m', first: '2023-03-11T00:00:00Z', last: '2023-03-11T00:01:00Z', candles: 2, reason: 'fetch_failed' },
    ]);
    totals.addSync(sync([series()]));
    expect(totals.toJson(FACTS)['gaps']).toEqual([]);
  });

  test('keep the gaps that lie before what a later fetch has looked at', () => {
    const totals = createRunTotals();
    const old = { firstMs: START - 10 * MINUTE, lastMs: START - 9 * MINUTE, candles: 2 };
    const across = { firstMs: START - 2 * MINUTE, lastMs: START + 3 * MINUTE, candles: 6 };
    totals.addSync(sync([series({ fromMs: START - 20 * MINUTE, missing: [old, across], missingReason: 'not_sent' })]));
    totals.addSync(sync([series({ fromMs: START, missing: [{ firstMs: START, lastMs: START, candles: 1 }], missingReason: 'not_sent' })]));
    expect(totals.toJson(FACTS)['gaps']).toMatchObject([
      { first: '2023-03-10T23:50:00Z', candles: 2 },
      { first: '2023-03-10T23:58:00Z', last: '2023-03-10T23:59:00Z', candles: 2 },
      { first: '2023-03-11T00:00:00Z', candles: 1 },
    ]);
  });

  test('count every error and show each text once', () => {
    const totals = createRunTotals();
    totals.addSync(
      sync([series({ failure: { code: 'TIMEOUT', message: 'no answer' } })], {
        unavailable: [{ symbol: BTC, reason: 'its status is BREAK' }],
      }),
    );
    totals.addSync(sync([series({ failure: { code: 'TIMEOUT', message: 'no answer' } })]));
    totals.addSync(sync([], { failure: { code: 'UNREACHABLE', message: 'kraken is away' } }));
    totals.addIndicators(indicators({ cacheFailure: 'the cache is away' }));
    totals.addError('a message was given back');
    expect(totals.errors()).toEqual([
      'kraken BTC/USD: its status is BREAK',
      'no answer',
      'kraken is away',
      'the cache is away',
      'a message was given back',
    ]);
    expect(totals.toJson(FACTS)).toMatchObject({
      errorCount: 6,
      errors: [{ times: 1 }, { message: 'no answer', times: 2 }, { times: 1 }, { times: 1 }, { times: 1 }],
    });
    expect(totals.summary()).toBe('0 ticks, 0 candles stored, 0 indicator values, 6 errors');
  });

  test('keep at most a hundred texts, and count on', () => {
    const totals = createRunTotals();
    for (let i = 0; i < 150; i++) totals.addError(`error ${i}`);
    totals.addError('error 0');
    expect(totals.errors()).toHaveLength(100);
    expect(totals.toJson(FACTS)).toMatchObject({ errorCount: 151 });
  });
});

describe('a run whose exchanges are all away', () => {
  const away = (exchange: Exchange) => sync([], { exchange, failure: { code: 'UNREACHABLE', message: `${exchange} is away` } });

  test('says why', () => {
    const totals = createRunTotals();
    totals.addSync(away('kraken'));
    totals.addSync(away('coinbase'));
    expect(totals.unreachable()).toBe('kraken is away');
  });

  test('is no longer one when one of them answers again', () => {
    const totals = createRunTotals();
    totals.addSync(away('kraken'));
    totals.addSync(away('coinbase'));
    totals.addSync(sync([], { exchange: 'coinbase' }));
    expect(totals.unreachable()).toBeNull();
  });
});
