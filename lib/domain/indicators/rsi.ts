import { outputAt, requireLength, type Indicator } from './indicator.ts';

export type RsiSetting = { readonly kind: 'rsi'; readonly length: number };

const TA_EPSILON = 1e-14;

/**
 * Relative strength index of the close, 0 to 100, with Wilder's smoothing seeded by the mean gain and loss of the first `length`
 * changes (2 to 100,000); named `RSI_<length>`. Where gain and loss together are below 1e-14 (a flat market) it is 0, as in TA-Lib.
 * Bit-identical to TA-Lib 0.6 RSI.
 */
export function createRsi({ length }: RsiSetting): Indicator {
  requireLength('rsi.length', length, 2);
  return {
    names: [`RSI_${length}`],
    warmUp: length,
    compute({ close }, outputs) {
      const output = outputAt(outputs, 0, close.length);
      output.fill(NaN, 0, Math.min(length, close.length));
      if (close.length > length) relativeStrength(close, length, output);
    },
  };
}

function relativeStrength(close: Float64Array, length: number, output: Float64Array): void {
  let gain = 0;
  let loss = 0;
  for (let i = 1; i <= length; i++) {
    const change = close[i]! - close[i - 1]!;
    if (change < 0) loss -= change;
    else gain += change;
  }
  gain /= length;
  loss /= length;
  output[length] = strength(gain, loss);
  for (let i = length + 1; i < close.length; i++) {
    const change = close[i]! - close[i - 1]!;
    gain *= length - 1;
    loss *= length - 1;
    if (change < 0) loss -= change;
    else gain += change;
    gain /= length;
    loss /= length;
    output[i] = strength(gain, loss);
  }
}

function strength(gain: number, loss: number): number {
  const both = gain + loss;
  return both < TA_EPSILON ? 0 : 100 * (gain / both);
}
