import { describe, expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import { auditSeries, type SeriesFacts } from '#domain/audit/audit-series.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { candleAt, decimal, MINUTE, START } from '../../usecases/fake-exchange.ts';
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

test('a series of which nothing is stored or known has no findings', () => {
  expect(audit({ watermark: null })).toEqual([]);
});

test('candles behind the watermark are accounted for too', () => {
  expect(audit({ candles: candles(...ALL, 12) })).toEqual([
    ['unexplained gap', 10, 2, 'no candle up to 2023-03-11T00:11:00.000Z, 2 in all, and no row in the ledger of gaps'],
  ]);
});

test('what may have been removed for its age is not missed, to the candle', () => {
  const young = candles(4, 5, 6, 7, 8, 9);
  expect(audit({ candles: young, keptFromMs: minute(4) })).toEqual([]);
  expect(audit({ candles: young, keptFromMs: minute(3) + 1 })).toEqual([]);
  expect(audit({ candles: young, keptFromMs: minute(3) })).toMatchObject([['unexplained gap', 3, 1, expect.anything()]]);
});

describe('a candle', () => {
  const changed = (change: Partial<SeriesFacts['candles'][number]>) => {
    const all = candles(...ALL);
    return audit({ candles: [...all.slice(0, 9), { ...all[9]!, ...change }] });
  };
  const prices = (open: number, high: number, low: number, close: number) => ({
    open: decimal(open),
    high: decimal(high),
    low: decimal(low),
    close: decimal(close),
  });

  test('that is off the grid is a finding, and so is the place that it leaves', () => {
    expect(changed({ openTimeMs: minute(9) + 1, version: candles(11)[0]!.version })).toMatchObject([
      ['grid', 9 + 1 / MINUTE, undefined, 'its open time is not a multiple of 1m'],
      ['unexplained gap', 9, 1, 'no candle, and no row in the ledger of gaps'],
    ]);
  });

  test('that is there twice, or after a later one, is a finding', () => {
    expect(audit({ candles: candles(0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9) })).toEqual([
      ['duplicate', 1, undefined, 'the candle is there twice'],
    ]);
    expect(audit({ candles: candles(0, 1, 3, 2, 4, 5, 6, 7, 8, 9) })).toEqual([
      ['order', 2, undefined, 'the candle comes after a later one'],
    ]);
  });

  test.each([
    [10, 11, 9, 12],
    [12, 11, 9, 10],
    [10, 11, 9, 8],
    [8, 11, 9, 10],
    [0, 1, 0, 1],
    [1, 1, -1, 1],
  ])('with open %d, high %d, low %d and close %d is a finding', (open, high, low, close) => {
    const message = `open ${open}, high ${high}, low ${low}, close ${close} cannot be`;
    expect(changed(prices(open, high, low, close))).toEqual([['prices', 9, undefined, message]]);
  });

  test('whose prices touch each other is none', () => {
    expect(changed(prices(10, 10, 10, 10))).toEqual([]);
    expect(changed({ ...prices(9, 11, 9, 11), volume: decimal(0) })).toEqual([]);
  });

  test('with a volume below zero is a finding', () => {
    expect(changed({ volume: decimal(-1) })).toEqual([['prices', 9, undefined, 'its volume is -1']]);
  });

  test('that was fetched before it closed is a finding', () => {
    const version = candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: minute(10) - 1, sequence: 0 });
    expect(changed({ version })).toEqual([['finality', 9, undefined, 'fetched at 2023-03-11T00:09:59.999Z, before it closed']]);
  });
});
