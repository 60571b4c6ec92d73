import { describe, expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import { parseMarketSymbol } from '#core/symbol.ts';
import { isOwed, settledRows, withMissing } from '#domain/candles/silent-runs.ts';

const STEP = 60_000;
const at = (minute: number): number => minute * STEP;
const none: ReadonlySet<number> = new Set();

describe('missing candles', () => {
  test('become runs, also over the edge of a page', () => {
    const first = withMissing([], [at(1), at(2), at(4)], STEP, none);
    expect(first).toEqual([
      { fromMs: at(1), untilMs: at(3) },
      { fromMs: at(4), untilMs: at(5) },
    ]);
    expect(withMissing(first, [at(5)], STEP, none).at(-1)).toEqual({ fromMs: at(4), untilMs: at(6) });
  });

  test('are parted where a row of the ledger begins', () => {
    expect(withMissing([], [at(1), at(2)], STEP, new Set([at(2)]))).toHaveLength(2);
  });
});

describe('a gap', () => {
  const symbol = parseMarketSymbol('BTC/USD');
  if (symbol === undefined) throw new RangeError('"BTC/USD" is not a symbol');
  const gap: CandleGap = {
    series: { exchange: 'kraken', symbol, timeframe: '1m' },
    fromMs: at(10),
    untilMs: at(20),
    reason: 'our_outage',
    evidence: 'nobody asked',
    state: 'open',
    attempts: 0,
    nextTryMs: null,
    detectedAtMs: 1,
    resolvedAtMs: null,
    resolvedBy: '',
    updatedAtMs: 1,
  };
  const settled = (stored: readonly number[], newer: readonly CandleGap[] = []) =>
    settledRows({ gap, stored: new Set(stored.map(at)), newer, timeframeMs: STEP, nowMs: 99, by: 'backfill' }).map(
      ({ fromMs, untilMs, state }) => [fromMs / STEP, untilMs / STEP, state],
    );

  test('of which nothing has come stays as it is', () => {
    expect(settled([])).toEqual([]);
  });

  test('is resolved as far as its beginning has come, and goes on behind', () => {
    expect(settled([10, 11, 15])).toEqual([
      [10, 12, 'resolved'],
      [12, 15, 'open'],
      [16, 20, 'open'],
    ]);
  });

  test('ends where a candle has come in its middle', () => {
    expect(settled([19])).toEqual([[10, 19, 'open']]);
  });

  test('leaves to newer rows what they explain', () => {
    expect(settled([12], [{ ...gap, untilMs: at(12), state: 'explained' }])).toEqual([[13, 20, 'open']]);
    expect(settled([], [{ ...gap, fromMs: at(8), untilMs: at(12), state: 'explained' }])).toEqual([[12, 20, 'open']]);
    expect(settled([], [{ ...gap, fromMs: at(18), untilMs: at(30), state: 'explained' }])).toEqual([[10, 18, 'open']]);
  });

  test('that has come as a whole is resolved as a whole', () => {
    expect(settled([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])).toEqual([[10, 20, 'resolved']]);
  });

  test('is not touched by rows that end before it or begin behind it', () => {
    const before = { ...gap, fromMs: at(5), untilMs: at(10) };
    const behind = { ...gap, fromMs: at(20), untilMs: at(25) };
    expect(settled([], [before, behind])).toEqual([]);
  });

  test.each([
    ['open', 'no_trades', true],
    ['explained', 'exchange_outage', true],
    ['explained', 'unknown', true],
    ['explained', 'no_trades', false],
    ['explained', 'retention_lost', false],
    ['resolved', 'unknown', false],
    ['open', 'retention_lost', true],
  ] as const)('that is %s for %s is owed: %s', (state, reason, expected) => {
    expect(isOwed({ state, reason, attempts: 0 })).toBe(expected);
  });

  test('that is lost is owed once where the exchange serves past trades', () => {
    const lost = { state: 'explained', reason: 'retention_lost' } as const;
    expect([isOwed({ ...lost, attempts: 0 }, true), isOwed({ ...lost, attempts: 1 }, true)]).toEqual([true, false]);
    expect(isOwed({ state: 'explained', reason: 'no_trades', attempts: 0 }, true)).toBe(false);
  });
});
