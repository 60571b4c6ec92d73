import { emaFactor, emaSettlesAfter, meanOf } from './ema.ts';
import { outputAt, requireLength, type Indicator, type PriceColumns } from './indicator.ts';

export type MacdSetting = { readonly kind: 'macd'; readonly fast: number; readonly slow: number; readonly signal: number };

const DEFAULTS = { fast: 12, slow: 26, signal: 9 } as const;

/**
 * MACD line (fast EMA minus slow EMA of the close), its signal (EMA of the line) and the histogram (line minus signal).
 * Named `MACD`, `MACD_signal`, `MACD_histogram` for 12, 26, 9, else with the suffix `_<fast>_<slow>_<signal>`. Both EMAs are seeded so
 * that their seeds end on the same candle, and nothing is put out before the signal exists. `fast` (2 or more) is less than `slow`,
 * `signal` at least 2 (with 1 TA-Lib itself begins a candle early); `RangeError` otherwise. Bit-identical to TA-Lib 0.6 MACD (not MACDFIX).
 */
export function createMacd(setting: MacdSetting): Indicator {
  const fast = requireLength('macd.fast', setting.fast, 2);
  const slow = requireLength('macd.slow', setting.slow, fast + 1);
  const signal = requireLength('macd.signal', setting.signal, 2);
  const isDefault = fast === DEFAULTS.fast && slow === DEFAULTS.slow && signal === DEFAULTS.signal;
  const suffix = isDefault ? '' : `_${fast}_${slow}_${signal}`;
  const warmUp = slow - 1 + (signal - 1);
  return {
    names: [`MACD${suffix}`, `MACD_signal${suffix}`, `MACD_histogram${suffix}`],
    warmUp,
    settlesAfter: emaSettlesAfter(slow) + emaSettlesAfter(signal),
    compute(columns, outputs) {
      const length = columns.close.length;
      const lines = [0, 1, 2].map((index) => outputAt(outputs, index, length)) as [Float64Array, Float64Array, Float64Array];
      if (length > warmUp) convergence(columns, { fast, slow, signal }, lines);
      for (const line of lines) line.fill(NaN, 0, Math.min(warmUp, length));
    },
  };
}

function convergence(
  { close }: PriceColumns,
  lengths: Omit<MacdSetting, 'kind'>,
  [line, signals, histogram]: [Float64Array, Float64Array, Float64Array],
): void {
  const { fast, slow, signal } = lengths;
  const fastFactor = emaFactor(fast);
  const slowFactor = emaFactor(slow);
  const first = slow - 1;
  let fastAverage = meanOf(close, slow - fast, slow);
  let slowAverage = meanOf(close, 0, slow);
  line[first] = fastAverage - slowAverage;
  for (let i = slow; i < close.length; i++) {
    const price = close[i]!;
    fastAverage = (price - fastAverage) * fastFactor + fastAverage;
    slowAverage = (price - slowAverage) * slowFactor + slowAverage;
    line[i] = fastAverage - slowAverage;
  }
  const signalFactor = emaFactor(signal);
  let average = meanOf(line, first, first + signal);
  const firstSignal = first + signal - 1;
  signals[firstSignal] = average;
  histogram[firstSignal] = line[firstSignal]! - average;
  for (let i = firstSignal + 1; i < close.length; i++) {
    const value = line[i]!;
    average = (value - average) * signalFactor + average;
    signals[i] = average;
    histogram[i] = value - average;
  }
}
