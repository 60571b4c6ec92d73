import { outputAt, requireLength, type Indicator, type PriceColumns } from './indicator.ts';
import { simpleMovingAverage } from './sma.ts';

export type StochasticSetting = { readonly kind: 'stochastic'; readonly k: number; readonly smoothK: number; readonly d: number };

const DEFAULTS = { k: 14, smoothK: 3, d: 3 } as const;

/**
 * Slow stochastic, 0 to 100: where the close lies in the range of the last `k` candles, averaged over `smoothK` (%K), and that
 * averaged over `d` (%D). Named `STOCH_k`, `STOCH_d` for 14, 3, 3, else with the suffix `_<k>_<smoothK>_<d>`. Without a range
 * (high = low) the raw value is 0, as in TA-Lib. Lengths are 1 to 100,000; `RangeError` otherwise. %K begins with %D.
 * Bit-identical to TA-Lib 0.6 STOCH with simple averages.
 */
export function createStochastic(setting: StochasticSetting): Indicator {
  const k = requireLength('stochastic.k', setting.k, 1);
  const smoothK = requireLength('stochastic.smooth_k', setting.smoothK, 1);
  const d = requireLength('stochastic.d', setting.d, 1);
  const isDefault = k === DEFAULTS.k && smoothK === DEFAULTS.smoothK && d === DEFAULTS.d;
  const suffix = isDefault ? '' : `_${k}_${smoothK}_${d}`;
  const warmUp = k - 1 + (smoothK - 1) + (d - 1);
  return {
    names: [`STOCH_k${suffix}`, `STOCH_d${suffix}`],
    warmUp,
    settlesAfter: warmUp,
    compute(columns, outputs) {
      const length = columns.close.length;
      const slowK = outputAt(outputs, 0, length);
      const slowD = outputAt(outputs, 1, length);
      // %D's buffer holds the raw values until they are averaged: no memory of our own.
      rawStochastic(columns, k, slowD);
      simpleMovingAverage(slowD, k - 1, length, smoothK, slowK);
      simpleMovingAverage(slowK, k - 1 + (smoothK - 1), length, d, slowD);
      slowK.fill(NaN, 0, Math.min(warmUp, length));
      slowD.fill(NaN, 0, Math.min(warmUp, length));
    },
  };
}

function rawStochastic({ high, low, close }: PriceColumns, k: number, output: Float64Array): void {
  let lowestAt = -1;
  let highestAt = -1;
  for (let i = k - 1; i < close.length; i++) {
    const oldest = i - k + 1;
    lowestAt = lowestAt < oldest ? lastLowest(low, oldest, i) : low[i]! <= low[lowestAt]! ? i : lowestAt;
    highestAt = highestAt < oldest ? lastHighest(high, oldest, i) : high[i]! >= high[highestAt]! ? i : highestAt;
    const lowest = low[lowestAt]!;
    const hundredth = (high[highestAt]! - lowest) / 100;
    output[i] = hundredth === 0 ? 0 : (close[i]! - lowest) / hundredth;
  }
}

// The last of equal extremes, so that the window is searched again as seldom as possible.
function lastLowest(values: Float64Array, from: number, to: number): number {
  let at = from;
  for (let i = from + 1; i <= to; i++) if (values[i]! <= values[at]!) at = i;
  return at;
}

function lastHighest(values: Float64Array, from: number, to: number): number {
  let at = from;
  for (let i = from + 1; i <= to; i++) if (values[i]! >= values[at]!) at = i;
  return at;
}
