/** The prices of consecutive candles, oldest first, all of the same length; finite numbers without holes (see `fillGrid`). */
export type PriceColumns = {
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
};

/**
 * One configured indicator. `names` are those of its values in the store, one output array each.
 * `warmUp` is the index of the first candle that has values: all names of an indicator begin at the same candle.
 * `settlesAfter` is how many candles before a value suffice: what lies further back moves it by less than 1e-10 of its scale (the
 * price; 100 for oscillators), so that values computed from a window and from the whole history agree.
 */
export type Indicator = {
  readonly names: readonly string[];
  readonly warmUp: number;
  readonly settlesAfter: number;
  /**
   * Writes one number per candle into each output (in the order of `names`), NaN while warming. Outputs are the caller's, to be
   * reused; they hold at least as many numbers as there are candles, what lies behind stays untouched. Outputs must not be inputs.
   */
  compute(columns: PriceColumns, outputs: readonly Float64Array[]): void;
};

const MAX_LENGTH = 100_000;

/** Returns the length, or throws `RangeError` naming the setting when it is not an integer from `min` to 100,000 (TA-Lib's limit). */
export function requireLength(setting: string, value: number, min: number): number {
  if (!Number.isInteger(value) || value < min || value > MAX_LENGTH) {
    throw new RangeError(`indicator setting ${setting} is "${value}"; expected an integer from ${min} to ${MAX_LENGTH}`);
  }
  return value;
}

/** After how many candles a recursion that keeps the part `kept` (between 0 and 1) of its state per candle has only `rest` of it left. */
export function candlesToForget(kept: number, rest: number): number {
  return Math.ceil(Math.log(rest) / Math.log(kept));
}

/** The output at `index`, checked to be there and to hold `length` numbers; throws `RangeError` otherwise. */
export function outputAt(outputs: readonly Float64Array[], index: number, length: number): Float64Array {
  const output = outputs[index];
  if (output === undefined || output.length < length) {
    throw new RangeError(`indicator output ${index} holds ${output?.length ?? 'no'} numbers; expected at least ${length}`);
  }
  return output;
}
