import { candlesToForget, outputAt, requireLength, type Indicator } from './indicator.ts';

export type RsiSetting = { readonly kind: 'rsi'; readonly length: number };

const TA_EPSILON = 1e-14;

// RSI is a ratio: in a market that has gone quiet the little that is left of the seed is measured against little movement. The least
// active recorded series (a stablecoin pair, flat for up to 234 minutes) needs 574 candles where 400 leave an error of 2.5e-6.
const REST_OF_SEED = 1e-18;

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
    settlesAfter: length + candlesToForget((length - 1) / length, REST_OF_SEED),
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
