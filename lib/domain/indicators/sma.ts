import { outputAt, requireLength, type Indicator } from './indicator.ts';

export type SmaSetting = { readonly kind: 'sma'; readonly length: number };

/** Simple moving average of the close over `length` candles (2 to 100,000), named `SMA_<length>`. Bit-identical to TA-Lib 0.6 SMA. */
export function createSma({ length }: SmaSetting): Indicator {
  requireLength('sma.length', length, 2);
  return {
    names: [`SMA_${length}`],
    warmUp: length - 1,
    settlesAfter: length - 1,
    compute({ close }, outputs) {
      const output = outputAt(outputs, 0, close.length);
      output.fill(NaN, 0, Math.min(length - 1, close.length));
      simpleMovingAverage(close, 0, close.length, length, output);
    },
  };
}

/**
 * Averages `input[from..until)`: writes `output[i]` for every i that has `length` inputs, leaves the others untouched.
 * A running sum in TA-Lib's order (add the newest, divide, take off the oldest), so that even its rounding is the same.
 */
export function simpleMovingAverage(input: Float64Array, from: number, until: number, length: number, output: Float64Array): void {
  let total = 0;
  const firstFull = from + length - 1;
  for (let i = from; i < Math.min(firstFull, until); i++) total += input[i]!;
  for (let i = firstFull; i < until; i++) {
    total += input[i]!;
    output[i] = total / length;
    total -= input[i - length + 1]!;
  }
}
