import { settingsNumber } from './fingerprint.ts';
import type { Indicator, PriceColumns } from './indicator.ts';
import { createIndicator, type IndicatorSetting } from './registry.ts';

// To be raised when values of unchanged settings change, so that stored ones are computed again.
const ARITHMETIC = 1;

export type IndicatorSetRule = {
  readonly indicators: readonly IndicatorSetting[];
  /** Least number of candles before a value that are read for it. */
  readonly lookback: number;
  readonly maxFilledCandles: number;
};

/** All configured indicators together, with buffers of their own that are reused from one computation to the next. */
export type IndicatorSet = {
  /** Names of all values, in the order of the settings. */
  readonly names: readonly string[];
  /** Index of the first candle that has any value. */
  readonly firstWarmUp: number;
  /** Index of the first candle that has every value. */
  readonly lastWarmUp: number;
  /** How many candles before a value it is taken to depend on: the rule's, or more where an indicator settles later. */
  readonly lookback: number;
  /** Tells these settings from others in fingerprints. */
  readonly settingsNumber: bigint;
  /** The values of every candle: an array per name, valid until the next call. */
  compute(columns: PriceColumns): readonly Float64Array[];
};

/** Throws `RangeError` for a length out of range or when two settings give values of the same name. */
export function createIndicatorSet({ indicators, lookback, maxFilledCandles }: IndicatorSetRule): IndicatorSet {
  const created = indicators.map(createIndicator);
  const names = created.flatMap((indicator) => indicator.names);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`indicator "${twice}" is configured twice; expected each once`);
  const settled = Math.max(lookback, ...created.map(({ settlesAfter }) => settlesAfter));
  return {
    names,
    firstWarmUp: Math.min(...created.map(({ warmUp }) => warmUp)),
    lastWarmUp: Math.max(0, ...created.map(({ warmUp }) => warmUp)),
    lookback: settled,
    settingsNumber: settingsNumber(JSON.stringify([ARITHMETIC, names, settled, maxFilledCandles])),
    compute: createComputation(created),
  };
}

function createComputation(indicators: readonly Indicator[]): (columns: PriceColumns) => readonly Float64Array[] {
  let buffers = indicators.map(({ names }) => names.map(() => new Float64Array(0)));
  let capacity = 0;
  return (columns) => {
    if (columns.close.length > capacity) {
      capacity = Math.max(columns.close.length, 2 * capacity);
      buffers = indicators.map(({ names }) => names.map(() => new Float64Array(capacity)));
    }
    indicators.forEach((indicator, i) => indicator.compute(columns, buffers[i] ?? []));
    return buffers.flat();
  };
}
