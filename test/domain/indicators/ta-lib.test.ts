import { describe, expect, test } from 'vitest';
import { fillGrid } from '#domain/candles/filled-grid.ts';
import type { PriceColumns } from '#domain/indicators/indicator.ts';
import { createIndicator, DEFAULT_INDICATORS, type IndicatorSetting } from '#domain/indicators/registry.ts';
import { cornerCases, otherLengths, REAL_SETS, realSet, type Values } from '../../fixtures/ta-lib/vectors.ts';
import { computeAll, scaledError } from './measure.ts';

// Promised is 1e-9 of scale (docs/indicators.md); with the same order of operations it is the same double, so nothing looser is tested.
const TOLERANCE = 0;

const OTHER_LENGTHS: readonly IndicatorSetting[] = [
  { kind: 'sma', length: 2 },
  { kind: 'ema', length: 2 },
  { kind: 'ema', length: 100 },
  { kind: 'rsi', length: 2 },
  { kind: 'rsi', length: 50 },
  { kind: 'macd', fast: 5, slow: 35, signal: 5 },
  { kind: 'macd', fast: 3, slow: 10, signal: 2 },
  { kind: 'stochastic', k: 5, smoothK: 2, d: 4 },
  { kind: 'stochastic', k: 9, smoothK: 1, d: 1 },
];

describe('indicators equal TA-Lib', () => {
  test.each(REAL_SETS)('on the real candles of %s, each from the same candle on', (name) => {
    const { stored, timeframeMs, values } = realSet(name);
    const segments = fillGrid(stored, { timeframeMs, maxFilledCandles: 60 });
    expect(segments).toHaveLength(1);
    expectEqual(DEFAULT_INDICATORS, segments[0] as PriceColumns, values);
  });

  test('with other lengths', () => {
    const { columns, values } = otherLengths();
    expectEqual(OTHER_LENGTHS, columns, values);
  });

  test.each([...cornerCases()])('in the corner case: %s', (_name, { columns, values }) => {
    expectEqual(DEFAULT_INDICATORS, columns, values);
  });
});

describe('corner cases that are easily got wrong', () => {
  test('a flat market has RSI 0 and %K 0', () => {
    expect(lastValues('flat')).toMatchObject({ RSI_14: 0, STOCH_k: 0, STOCH_d: 0, MACD: 0 });
  });

  test('a market that only rises has RSI 100, one that only falls 0', () => {
    expect(lastValues('up')['RSI_14']).toBe(100);
    expect(lastValues('down')['RSI_14']).toBe(0);
  });

  test('a market that goes flat for 500 candles ends with RSI 0, as in TA-Lib', () => {
    expect(lastValues('active, then flat')['RSI_14']).toBe(0);
  });

  test('prices near 1e-8 still give an RSI', () => {
    const rsi = lastValues('tiny prices')['RSI_14'];
    expect(rsi).toBeGreaterThan(1);
    expect(rsi).toBeLessThan(99);
  });

  test('ten candles give no value at all', () => {
    expect(Object.values(lastValues('ten candles')).every(Number.isNaN)).toBe(true);
  });
});

function expectEqual(settings: readonly IndicatorSetting[], columns: PriceColumns, expected: Values): void {
  const found = new Map(settings.flatMap((setting) => [...computeAll(createIndicator(setting), columns)]));
  expect([...found.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of found) {
    const wanted = expected[name] ?? [];
    expect(Array.from(values, Number.isNaN), `${name} begins where TA-Lib begins`).toEqual(wanted.map((value) => value === null));
    const errors = wanted.map((value, i) => (value === null ? 0 : scaledError(name, columns.close[i] ?? NaN, values[i] ?? NaN, value)));
    expect(
      errors.reduce((a, b) => Math.max(a, b), 0),
      `largest error of ${name}`,
    ).toBeLessThanOrEqual(TOLERANCE);
  }
}

function lastValues(corner: string): Record<string, number> {
  const columns = cornerCases().get(corner)?.columns;
  if (columns === undefined) throw new Error(`there is no corner case "${corner}"`);
  const found = DEFAULT_INDICATORS.flatMap((setting) => [...computeAll(createIndicator(setting), columns)]);
  return Object.fromEntries(found.map(([name, values]) => [name, values.at(-1) ?? NaN]));
}
