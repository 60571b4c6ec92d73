import { describe, expect, test } from 'vitest';
import { createIndicatorSet } from '#domain/indicators/indicator-set.ts';
import { DEFAULT_INDICATORS } from '#domain/indicators/registry.ts';
import { flatColumns } from './measure.ts';

const RULE = { indicators: DEFAULT_INDICATORS, lookback: 200, maxFilledCandles: 60 };

describe('a set of indicators', () => {
  test('knows where its first and its last indicator begin', () => {
    expect(createIndicatorSet(RULE)).toMatchObject({ firstWarmUp: 11, lastWarmUp: 49 });
  });

  test('looks back as far as its slowest indicator needs, or further when told to', () => {
    expect(createIndicatorSet(RULE).lookback).toBe(574);
    expect(createIndicatorSet({ ...RULE, lookback: 1000 }).lookback).toBe(1000);
    expect(createIndicatorSet({ ...RULE, indicators: [{ kind: 'sma', length: 20 }] }).lookback).toBe(200);
  });

  test('computes all values in the order of its names, also for a longer series after a shorter one', () => {
    const set = createIndicatorSet({
      ...RULE,
      indicators: [
        { kind: 'ema', length: 2 },
        { kind: 'sma', length: 3 },
      ],
    });
    expect(set.names).toEqual(['EMA_2', 'SMA_3']);
    expect(set.compute(flatColumns([1, 3, 5])).map((values) => values[2])).toEqual([4, 3]);
    expect(set.compute(flatColumns([1, 3, 5, 7])).map((values) => values[3])).toEqual([6, 5]);
  });

  test('refuses two settings that would give values of one name', () => {
    const twice = [...DEFAULT_INDICATORS, { kind: 'rsi', length: 14 } as const];
    expect(() => createIndicatorSet({ ...RULE, indicators: twice })).toThrow('indicator "RSI_14" is configured twice; expected each once');
  });

  test('is told apart by its indicators, its lookback and what it fills', () => {
    const numbers = [
      RULE,
      { ...RULE, lookback: 900 },
      { ...RULE, maxFilledCandles: 61 },
      { ...RULE, indicators: DEFAULT_INDICATORS.slice(1) },
    ].map((rule) => createIndicatorSet(rule).settingsNumber);
    expect(new Set(numbers).size).toBe(4);
    expect(createIndicatorSet(RULE).settingsNumber).toBe(numbers[0]);
  });
});
