import { describe, expect, test } from 'vitest';
import type { SeriesSyncReport } from '#usecases/sync-candles.ts';
import { freshnessOf } from '#usecases/sync-freshness.ts';
import { symbolOf } from './fake-exchange.ts';

const NOON = Date.parse('2026-11-22T12:00:00Z');
const MINUTE = 60_000;

function series(given: Partial<SeriesSyncReport> & { readonly timeframe?: '1m' | '5m' }): SeriesSyncReport {
  return {
    series: { exchange: 'kraken', symbol: symbolOf('BTC/USD'), timeframe: given.timeframe ?? '1m' },
    isBackfill: false,
    fromMs: 0,
    requests: 1,
    fetched: 0,
    stored: 0,
    changed: 0,
    unchanged: 0,
    stillOpen: 0,
    refused: [],
    newestOpenTimeMs: null,
    completeUntilMs: null,
    gaps: [],
    missing: [],
    beforeHistory: 0,
    missingReason: null,
    failure: null,
    ...given,
  };
}

const hole = (candles: number) => ({ firstMs: 0, lastMs: (candles - 1) * MINUTE, candles });
const of = (...all: readonly SeriesSyncReport[]) => freshnessOf({ tickMs: NOON, series: all });

describe('the freshness of an exchange at a tick', () => {
  test('is the age of its newest closed minute, whichever market has it', () => {
    expect(of(series({ newestOpenTimeMs: NOON - MINUTE }), series({ newestOpenTimeMs: NOON - 60 * MINUTE })).ageSeconds).toBe(0);
    expect(of(series({ newestOpenTimeMs: NOON - 6 * MINUTE })).ageSeconds).toBe(300);
  });

  test('is unknown, which is not fresh, when it has no minute or could not be asked', () => {
    expect(of(series({}), series({ timeframe: '5m', newestOpenTimeMs: NOON - 5 * MINUTE })).ageSeconds).toBeNull();
    expect(of().ageSeconds).toBeNull();
  });

  test('counts what is missing because it could not be fetched, and nothing that the exchange did not send', () => {
    const quiet = series({ missing: [hole(3)], missingReason: 'not_sent' });
    const failed = series({ missing: [hole(2), hole(1)], missingReason: 'fetch_failed' });
    expect(of(quiet, failed).unfetched).toBe(3);
    expect(of(quiet).unfetched).toBe(0);
  });
});
