import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillGrid, type GridSegment } from '#domain/candles/filled-grid.ts';
import type { Indicator, PriceColumns } from '#domain/indicators/indicator.ts';
import { createIndicator, DEFAULT_INDICATORS, type IndicatorSetting } from '#domain/indicators/registry.ts';
import { REAL_SETS, realSet } from '../../fixtures/ta-lib/vectors.ts';
import { computeAll, flatColumns, scaledError, slice } from './measure.ts';

const SETTINGS = { seed: 20230311, numRuns: 150 };

const lengths = fc.integer({ min: 2, max: 30 });

const settings: fc.Arbitrary<IndicatorSetting> = fc.oneof(
  fc.record({ kind: fc.constantFrom('sma' as const, 'ema' as const, 'rsi' as const), length: lengths }),
  fc
    .tuple(lengths, fc.integer({ min: 1, max: 20 }), lengths)
    .map(([fast, more, signal]) => ({ kind: 'macd' as const, fast, slow: fast + more, signal })),
  fc.record({
    kind: fc.constant('stochastic' as const),
    k: fc.integer({ min: 1, max: 20 }),
    smoothK: fc.integer({ min: 1, max: 5 }),
    d: fc.integer({ min: 1, max: 5 }),
  }),
);

/** Candles at a price of any magnitude, walking in ticks, often flat. */
const candles: fc.Arbitrary<PriceColumns> = fc
  .tuple(
    fc.integer({ min: -8, max: 5 }),
    fc.array(fc.tuple(fc.oneof(fc.constant(0), fc.integer({ min: -50, max: 50 })), fc.nat(20), fc.nat(20)), { maxLength: 120 }),
  )
  .map(([exponent, moves]) => {
    let ticks = 10_000;
    const rows = moves.map(([move, up, down]) => {
      ticks += move;
      return { close: ticks * 10 ** exponent, high: (ticks + up) * 10 ** exponent, low: (ticks - down) * 10 ** exponent };
    });
    return {
      high: Float64Array.from(rows, ({ high }) => high),
      low: Float64Array.from(rows, ({ low }) => low),
      close: Float64Array.from(rows, ({ close }) => close),
    };
  });

describe('every indicator', () => {
  test('has no value before its warm-up is over and a finite one at every candle after it', () => {
    check((setting, columns) => {
      const indicator = createIndicator(setting);
      for (const values of computeAll(indicator, columns).values()) {
        values.forEach((value, i) => expect(i < indicator.warmUp ? Number.isNaN(value) : Number.isFinite(value)).toBe(true));
      }
    });
  });

  test('gives a candle the same value whatever comes after it', () => {
    check((setting, columns) => {
      const half = Math.floor(columns.close.length / 2);
      const whole = computeAll(createIndicator(setting), columns);
      for (const [name, values] of computeAll(createIndicator(setting), slice(columns, 0, half))) {
        expect(values).toEqual(whole.get(name)?.slice(0, half));
      }
    });
  });

  test('leaves its inputs and the rest of a longer output untouched', () => {
    check((setting, columns) => {
      const indicator = createIndicator(setting);
      const before = slice(columns, 0, columns.close.length);
      const outputs = indicator.names.map(() => new Float64Array(columns.close.length + 3).fill(7));
      indicator.compute(columns, outputs);
      expect({ high: columns.high, low: columns.low, close: columns.close }).toEqual(before);
      for (const output of outputs) expect(Array.from(output).slice(columns.close.length)).toEqual([7, 7, 7]);
    });
  });
});

describe('simple and exponential averages', () => {
  test('lie between the least and the greatest close that they average', () => {
    check((setting, { high, low, close }) => {
      const length = setting.kind === 'sma' ? setting.length : undefined;
      if (setting.kind !== 'sma' && setting.kind !== 'ema') return;
      const [values] = computeAll(createIndicator(setting), { high, low, close }).values();
      values?.forEach((value, i) => {
        if (Number.isNaN(value)) return;
        const window = close.slice(length === undefined ? 0 : i - length + 1, i + 1);
        const slack = 1e-12 * Math.max(...window);
        expect(value).toBeGreaterThanOrEqual(Math.min(...window) - slack);
        expect(value).toBeLessThanOrEqual(Math.max(...window) + slack);
      });
    });
  });

  test('move with the price level: all closes raised by a constant raise the average by it', () => {
    check((setting, { high, low, close }) => {
      if (setting.kind !== 'sma' && setting.kind !== 'ema') return;
      const shift = 5 * Math.max(1e-9, ...close);
      const [values] = computeAll(createIndicator(setting), { high, low, close }).values();
      const [shifted] = computeAll(createIndicator(setting), { high, low, close: close.map((price) => price + shift) }).values();
      values?.forEach((value, i) => {
        if (!Number.isNaN(value)) expect(Math.abs((shifted?.[i] ?? NaN) - value - shift)).toBeLessThanOrEqual(1e-12 * shift);
      });
    });
  });
});

describe('oscillators', () => {
  test('stay between 0 and 100', () => {
    check((setting, columns) => {
      if (setting.kind !== 'rsi' && setting.kind !== 'stochastic') return;
      for (const values of computeAll(createIndicator(setting), columns).values()) {
        for (const value of values) expect(Number.isNaN(value) || (value >= -1e-10 && value <= 100 + 1e-10)).toBe(true);
      }
    });
  });

  test('do not know the price level: RSI and stochastic of all prices doubled are the same doubles', () => {
    check((setting, columns) => {
      if (setting.kind !== 'rsi' && setting.kind !== 'stochastic') return;
      const double = (prices: Float64Array) => prices.map((price) => price * 2);
      const doubled = { high: double(columns.high), low: double(columns.low), close: double(columns.close) };
      // The epsilon rule of RSI is absolute by TA-Lib's definition: below it, doubling may matter.
      if (columns.close.some((price) => price < 1e-3)) return;
      expect(computeAll(createIndicator(setting), doubled)).toEqual(computeAll(createIndicator(setting), columns));
    });
  });
});

test('the MACD histogram is the line minus the signal, exactly', () => {
  check((setting, columns) => {
    if (setting.kind !== 'macd') return;
    const [line, signal, histogram] = [...computeAll(createIndicator(setting), columns).values()];
    histogram?.forEach((value, i) => expect(value).toEqual((line?.[i] ?? 0) - (signal?.[i] ?? 0)));
  });
});

describe('values from a window agree with those from the whole history within 1e-10 of scale', () => {
  test.each(REAL_SETS)('when it holds as many candles as the indicator needs to settle: %s', (name) => {
    const grid = gridOf(name);
    for (const indicator of DEFAULT_INDICATORS.map(createIndicator)) {
      if (indicator.settlesAfter < grid.close.length)
        expect(worstOfWindows(indicator, grid, indicator.settlesAfter + 1)).toBeLessThanOrEqual(1e-10);
    }
  });

  test('with other lengths too, and only because of the candles before', () => {
    const grid = gridOf('kraken-btc-usd-1m');
    for (const setting of [
      { kind: 'ema', length: 50 },
      { kind: 'rsi', length: 5 },
      { kind: 'macd', fast: 5, slow: 35, signal: 5 },
    ] as const) {
      const indicator = createIndicator(setting);
      expect(worstOfWindows(indicator, grid, indicator.settlesAfter + 1)).toBeLessThanOrEqual(1e-10);
      expect(worstOfWindows(indicator, grid, Math.ceil(indicator.settlesAfter / 4))).toBeGreaterThan(1e-10);
    }
  });

  test('with no fewer candles, for RSI in a market that stands still for hours: 400 are not enough', () => {
    const rsi = createIndicator({ kind: 'rsi', length: 14 });
    expect(worstOfWindows(rsi, quietMarket(), 400)).toBeGreaterThan(1e-7);
    expect(worstOfWindows(rsi, quietMarket(), rsi.settlesAfter + 1)).toBeLessThanOrEqual(1e-10);
  });
});

test('the real candles have a hole to fill in at least two sets', () => {
  const holes = REAL_SETS.filter((name) => gridOf(name).filledCount > 0);
  expect(holes.length).toBeGreaterThanOrEqual(2);
});

test('flat columns of any price give 0 for every oscillator', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-8, max: 1e8, noNaN: true }), (price) => {
      const columns = flatColumns(Array.from({ length: 40 }, () => price));
      const [rsi] = computeAll(createIndicator({ kind: 'rsi', length: 14 }), columns).values();
      const [k] = computeAll(createIndicator({ kind: 'stochastic', k: 14, smoothK: 3, d: 3 }), columns).values();
      expect([rsi?.at(-1), k?.at(-1)]).toEqual([0, 0]);
    }),
    SETTINGS,
  );
});

function check(property: (setting: IndicatorSetting, columns: PriceColumns) => void): void {
  fc.assert(fc.property(settings, candles, property), SETTINGS);
}

function gridOf(name: (typeof REAL_SETS)[number]): GridSegment {
  const { stored, timeframeMs } = realSet(name);
  return fillGrid(stored, { timeframeMs, maxFilledCandles: 60 })[0] as GridSegment;
}

/** An hour of movement, then a tick up and down every 200 candles. */
function quietMarket(): PriceColumns {
  return flatColumns(Array.from({ length: 1200 }, (_, i) => (i < 600 ? 1 + 0.01 * Math.sin(i) : i % 200 < 2 ? 1.0001 : 1)));
}

function worstOfWindows(indicator: Indicator, grid: PriceColumns, length: number): number {
  const whole = computeAll(indicator, grid);
  let worst = 0;
  for (let end = length; end <= grid.close.length; end++) {
    for (const [name, values] of computeAll(indicator, slice(grid, end - length, end))) {
      const error = scaledError(name, grid.close[end - 1] ?? NaN, values[length - 1] ?? NaN, whole.get(name)?.[end - 1] ?? NaN);
      worst = Math.max(worst, error);
    }
  }
  return worst;
}
