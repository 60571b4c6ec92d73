import { candlesToForget, outputAt, requireLength, type Indicator } from './indicator.ts';

export type EmaSetting = { readonly kind: 'ema'; readonly length: number };

/**
 * Exponential moving average of the close with factor 2 / (length + 1), seeded with the mean of the first `length` candles
 * (2 to 100,000); named `EMA_<length>`. Bit-identical to TA-Lib 0.6 EMA.
 */
export function createEma({ length }: EmaSetting): Indicator {
  requireLength('ema.length', length, 2);
  return {
    names: [`EMA_${length}`],
    warmUp: length - 1,
    settlesAfter: emaSettlesAfter(length),
    compute({ close }, outputs) {
      const output = outputAt(outputs, 0, close.length);
      output.fill(NaN, 0, Math.min(length - 1, close.length));
      if (close.length < length) return;
      const factor = emaFactor(length);
      let average = meanOf(close, 0, length);
      output[length - 1] = average;
      for (let i = length; i < close.length; i++) {
        average = (close[i]! - average) * factor + average;
        output[i] = average;
      }
    },
  };
}

/** Weight of the newest value in an exponential average of `length`. */
export function emaFactor(length: number): number {
  return 2 / (length + 1);
}

const REST_OF_SEED = 1e-12;

/** `settlesAfter` of an exponential average whose first value is the mean of `length` inputs. */
export function emaSettlesAfter(length: number): number {
  return length - 1 + candlesToForget(1 - emaFactor(length), REST_OF_SEED);
}

/** Mean of `input[from..until)`, summed from the oldest on as TA-Lib seeds its averages. */
export function meanOf(input: Float64Array, from: number, until: number): number {
  let total = 0;
  for (let i = from; i < until; i++) total += input[i]!;
  return total / (until - from);
}
