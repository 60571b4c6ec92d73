import { describe, expect, test } from 'vitest';
import { createIndicator, DEFAULT_INDICATORS, INDICATOR_KINDS, type IndicatorSetting } from '#domain/indicators/registry.ts';
import { flatColumns } from './measure.ts';

describe('names', () => {
  test('the default indicators have the ten names of the store', () => {
    expect(DEFAULT_INDICATORS.flatMap((setting) => createIndicator(setting).names)).toEqual([
      'SMA_20',
      'SMA_50',
      'EMA_12',
      'EMA_26',
      'RSI_14',
      'MACD',
      'MACD_signal',
      'MACD_histogram',
      'STOCH_k',
      'STOCH_d',
    ]);
  });

  test('other lengths are part of the name, so that two settings of one kind stay apart', () => {
    expect(createIndicator({ kind: 'macd', fast: 5, slow: 35, signal: 5 }).names).toEqual([
      'MACD_5_35_5',
      'MACD_signal_5_35_5',
      'MACD_histogram_5_35_5',
    ]);
    expect(createIndicator({ kind: 'stochastic', k: 5, smoothK: 2, d: 4 }).names).toEqual(['STOCH_k_5_2_4', 'STOCH_d_5_2_4']);
  });

  test.each([
    [{ kind: 'macd', fast: 13, slow: 26, signal: 9 }, '13_26_9'],
    [{ kind: 'macd', fast: 12, slow: 27, signal: 9 }, '12_27_9'],
    [{ kind: 'macd', fast: 12, slow: 26, signal: 10 }, '12_26_10'],
    [{ kind: 'stochastic', k: 15, smoothK: 3, d: 3 }, '15_3_3'],
    [{ kind: 'stochastic', k: 14, smoothK: 4, d: 3 }, '14_4_3'],
    [{ kind: 'stochastic', k: 14, smoothK: 3, d: 4 }, '14_3_4'],
  ] as const)('one other length is enough: %j', (setting, suffix) => {
    const { names } = createIndicator(setting);
    expect(names.filter((name) => !name.endsWith(`_${suffix}`))).toEqual([]);
  });

  test('every kind is among the default indicators', () => {
    expect(new Set(DEFAULT_INDICATORS.map(({ kind }) => kind))).toEqual(new Set(INDICATOR_KINDS));
  });
});

describe('lengths out of range are refused by name', () => {
  const refused: readonly [IndicatorSetting, string][] = [
    [{ kind: 'sma', length: 1 }, 'indicator setting sma.length is "1"; expected an integer from 2 to 100000'],
    [{ kind: 'ema', length: 2.5 }, 'indicator setting ema.length is "2.5"; expected an integer from 2 to 100000'],
    [{ kind: 'rsi', length: 100_001 }, 'indicator setting rsi.length is "100001"; expected an integer from 2 to 100000'],
    [{ kind: 'macd', fast: 26, slow: 26, signal: 9 }, 'indicator setting macd.slow is "26"; expected an integer from 27 to 100000'],
    [{ kind: 'macd', fast: 12, slow: 26, signal: 1 }, 'indicator setting macd.signal is "1"; expected an integer from 2 to 100000'],
    [{ kind: 'macd', fast: 1, slow: 26, signal: 9 }, 'indicator setting macd.fast is "1"; expected an integer from 2 to 100000'],
    [{ kind: 'stochastic', k: 14, smoothK: 0, d: 3 }, 'indicator setting stochastic.smooth_k is "0"; expected an integer from 1 to 100000'],
    [{ kind: 'stochastic', k: 14, smoothK: 3, d: 0 }, 'indicator setting stochastic.d is "0"; expected an integer from 1 to 100000'],
    [{ kind: 'stochastic', k: 0, smoothK: 3, d: 3 }, 'indicator setting stochastic.k is "0"; expected an integer from 1 to 100000'],
  ];

  test.each(refused)('%o', (setting, message) => {
    expect(() => createIndicator(setting)).toThrow(new RangeError(message));
  });
});

test('the longest length is taken', () => {
  expect(createIndicator({ kind: 'rsi', length: 100_000 }).names).toEqual(['RSI_100000']);
});

test('a value is settled after its own candles, where it is made of those alone, and after its seed is forgotten elsewhere', () => {
  expect(createIndicator({ kind: 'sma', length: 20 }).settlesAfter).toBe(19);
  expect(createIndicator({ kind: 'stochastic', k: 14, smoothK: 3, d: 3 }).settlesAfter).toBe(13 + 2 + 2);
  // (11 / 13) to the power of 166 is the first below a millionth of a millionth; 11 candles before there is any value.
  expect(createIndicator({ kind: 'ema', length: 12 }).settlesAfter).toBe(11 + 166);
});

test('an output that is missing or too short is refused before anything is written', () => {
  const columns = flatColumns([1, 2, 3]);
  const sma = createIndicator({ kind: 'sma', length: 2 });
  expect(() => sma.compute(columns, [])).toThrow('indicator output 0 holds no numbers; expected at least 3');
  expect(() => sma.compute(columns, [new Float64Array(2)])).toThrow('indicator output 0 holds 2 numbers; expected at least 3');
});
