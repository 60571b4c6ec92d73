import { describe, expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import { auditSeries, type SeriesFacts } from '#domain/audit/audit-series.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { candleAt, MINUTE, START } from '../../usecases/fake-exchange.ts';
import { BTC } from '../../usecases/sync-world.ts';

const HOUR = 60 * MINUTE;
const series = { exchange: 'kraken', symbol: BTC, timeframe: '1m' } as const;
const minute = (number: number): number => START + number * MINUTE;

function candles(...numbers: readonly number[]): SeriesFacts['candles'] {
  return numbers.map((number) => {
    const version = candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: minute(number + 1), sequence: 0 });
    return { ...candleAt(minute(number)), version };
  });
}

function gap(from: number, until: number, facts: Partial<CandleGap> = {}): CandleGap {
  return {
    series,
    fromMs: minute(from),
    untilMs: minute(until),
    reason: 'no_trades',
    evidence: 'as silent as before',
    state: 'explained',
    attempts: 2,
    nextTryMs: null,
    detectedAtMs: minute(until),
    resolvedAtMs: null,
    resolvedBy: '',
    updatedAtMs: minute(until),
    ...facts,
  };
}

/** Of a series of ten minutes. */
function audit(facts: Partial<SeriesFacts>) {
  const watermark = { series, fromMs: START, completeUntilMs: minute(10), rereadUntilMs: START, updatedAtMs: minute(10) };
  const all = { series, timeframeMs: MINUTE, candles: [], watermark, gaps: [], keptFromMs: -Infinity, nowMs: minute(10), ...facts };
  return auditSeries(all).map(({ check, openTimeMs, candles: count, message }) => [check, (openTimeMs - START) / MINUTE, count, message]);
}

const ALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

test('a series whose candles and ledger account for every step has no findings', () => {
  expect(audit({ candles: candles(...ALL) })).toEqual([]);
  expect(audit({ candles: candles(0, 1, 2, 7, 8, 9), gaps: [gap(3, 7)] })).toEqual([]);
});

test('a hole that the ledger does not have is one finding, however long it is', () => {
  expect(audit({ candles: candles(0, 1, 5, 6, 7, 9) })).toEqual([
    ['unexplained gap', 2, 3, 'no candle up to 2023-03-11T00:04:00.000Z, 3 in all, and no row in the ledger of gaps'],
    ['unexplained gap', 8, 1, 'no candle, and no row in the ledger of gaps'],
  ]);
});

test('candles in a gap of the ledger are one finding for each gap', () => {
  expect(audit({ candles: candles(...ALL), gaps: [gap(3, 5), gap(7, 8)] })).toEqual([
    ['candle in a gap', 3, undefined, 'the ledger says no_trades (explained), and there are 2 candles'],
    ['candle in a gap', 7, undefined, 'the ledger says no_trades (explained), and there is a candle'],
  ]);
});

describe('a gap that is open', () => {
  const open = gap(3, 6, { state: 'open', reason: 'fetch_failed', evidence: 'TIMEOUT: no answer', detectedAtMs: minute(6) });

  test('is no finding for a day, and one after it', () => {
    expect(audit({ candles: candles(0, 1, 2, 6, 7, 8, 9), gaps: [open], nowMs: minute(6) + 24 * HOUR })).toEqual([]);
    expect(audit({ candles: candles(0, 1, 2, 6, 7, 8, 9), gaps: [open], nowMs: minute(6) + 24 * HOUR + 1 })).toEqual([
      ['open gap', 3, 3, 'open for 24 hours: fetch_failed, TIMEOUT: no answer'],
    ]);
  });

  test('is none when the exchange does not list the market, however long', () => {
    const delisted = gap(3, 6, { state: 'open', reason: 'not_listed', evidence: 'its status is BREAK', detectedAtMs: minute(6) });
    expect(audit({ candles: candles(0, 1, 2, 6, 7, 8, 9), gaps: [delisted], nowMs: minute(6) + 900 * HOUR })).toEqual([]);
  });

  test('is none when it is explained, however old it is', () => {
    expect(
      audit({ candles: candles(0, 1, 2, 6, 7, 8, 9), gaps: [{ ...open, state: 'explained' }], nowMs: minute(6) + 900 * HOUR }),
    ).toEqual([]);
  });
});

test('candles without a watermark are a finding', () => {
  expect(audit({ candles: candles(0, 1), watermark: null })).toEqual([
    ['watermark', 1, undefined, 'the series has candles and no watermark'],
  ]);
});
