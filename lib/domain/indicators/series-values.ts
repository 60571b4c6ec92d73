import { fillGrid, type CandleColumns, type GridSegment, type GridWorkspace } from '../candles/filled-grid.ts';
import { fingerprints } from './fingerprint.ts';
import type { IndicatorSet } from './indicator-set.ts';

/** Stored candles of one series with what their stored values had seen (0: no values); same length, oldest first. */
export type SeriesInput = CandleColumns & { readonly versions: BigUint64Array; readonly seenFingerprints: BigUint64Array };

export type ValuesRule = {
  readonly timeframeMs: number;
  readonly maxFilledCandles: number;
  /** A stretch of the grid with fewer candles gets no values. */
  readonly minCandles: number;
  /** Candles that end later than this (exclusive end, UTC ms) are not closed and are left out. */
  readonly closedUntilMs: number;
  /** Candles that open before this are not checked for stale values. At least a lookback of candles must be given before it. */
  readonly checkFromMs: number;
  /**
   * Candles that open before this may have been removed for their age (UTC ms). Existing values whose lookback reaches behind it stay
   * as they are: they were computed from more than is left.
   */
  readonly keptFromMs: number;
};

/** Values of one stored candle. Names without a value yet are left out. */
type CandleValues = {
  readonly openTimeMs: number;
  readonly values: Readonly<Record<string, number>>;
  readonly candleVersion: bigint;
  readonly fingerprint: bigint;
};

export type SeriesValues = {
  readonly storedCandles: number;
  readonly filledCandles: number;
  /** Stored candles whose values are missing or were computed from other candles or settings, oldest first. */
  readonly stale: readonly CandleValues[];
  /** The newest stored candle with the values it has (none while the grid is shorter than `minCandles`); null without candles. */
  readonly newest: { readonly openTimeMs: number; readonly values: Readonly<Record<string, number>>; readonly gridCandles: number } | null;
  /** True when the oldest candle checked is stale and older ones, which were not checked, have values as well: check further back. */
  readonly unsettled: boolean;
};

/**
 * Finds the stale candles of a series and computes their values. What is stale does not depend on how far back the candles go, as
 * long as a lookback of them is there, so a tick and a catch-up write the same rows.
 */
export function seriesValues(input: SeriesInput, set: IndicatorSet, rule: ValuesRule, workspace: GridWorkspace): SeriesValues {
  const candles = closedOnly(input, rule);
  const segments = fillGrid(candles, rule, workspace);
  const current = fingerprints(candles, set.lookback * rule.timeframeMs, set.settingsNumber);
  const checks = segments.map((segment) => checkSegment(candles, current, segment, set, rule));
  const stale: CandleValues[] = [];
  let newest: SeriesValues['newest'] = null;
  segments.forEach((segment, i) => {
    const staleHere = checks[i]?.stale ?? [];
    const isLast = i === segments.length - 1;
    if (staleHere.length === 0 && !isLast) return;
    const outputs = set.compute(segment);
    for (const at of staleHere)
      stale.push({ ...identity(candles, current, at), values: valuesAt(set, outputs, gridIndex(candles, segment, at, rule)) });
    if (isLast) newest = newestOf(segment, set, outputs, rule);
  });
  return {
    storedCandles: candles.versions.length,
    filledCandles: segments.reduce((total, { filledCount }) => total + filledCount, 0),
    stale,
    newest,
    unsettled:
      checks.some(({ hasUnchecked }) => hasUnchecked) && checks.find(({ firstChecked }) => firstChecked !== null)?.firstChecked === 'stale',
  };
}

type Check = { readonly stale: readonly number[]; readonly firstChecked: 'stale' | 'fresh' | null; readonly hasUnchecked: boolean };

function checkSegment(candles: SeriesInput, current: BigUint64Array, segment: GridSegment, set: IndicatorSet, rule: ValuesRule): Check {
  const stale: number[] = [];
  let firstChecked: Check['firstChecked'] = null;
  let hasUnchecked = false;
  if (segment.close.length < rule.minCandles) return { stale, firstChecked, hasUnchecked };
  for (let i = segment.storedFrom; i < segment.storedUntil; i++) {
    if (gridIndex(candles, segment, i, rule) < set.firstWarmUp) continue;
    if (candles.openTimesMs[i]! < rule.checkFromMs) {
      hasUnchecked = true;
      continue;
    }
    const isOutlived = candles.seenFingerprints[i] !== 0n && candles.openTimesMs[i]! < rule.keptFromMs + set.lookback * rule.timeframeMs;
    const isStale = candles.seenFingerprints[i] !== current[i] && !isOutlived;
    if (isStale) stale.push(i);
    firstChecked ??= isStale ? 'stale' : 'fresh';
  }
  return { stale, firstChecked, hasUnchecked };
}

function closedOnly(input: SeriesInput, { timeframeMs, closedUntilMs }: ValuesRule): SeriesInput {
  let count = input.openTimesMs.length;
  while (count > 0 && input.openTimesMs[count - 1]! + timeframeMs > closedUntilMs) count--;
  return {
    openTimesMs: input.openTimesMs.subarray(0, count),
    high: input.high.subarray(0, count),
    low: input.low.subarray(0, count),
    close: input.close.subarray(0, count),
    versions: input.versions.subarray(0, count),
    seenFingerprints: input.seenFingerprints.subarray(0, count),
  };
}

function gridIndex({ openTimesMs }: CandleColumns, segment: GridSegment, at: number, { timeframeMs }: ValuesRule): number {
  return (openTimesMs[at]! - segment.openTimeMs) / timeframeMs;
}

function identity({ openTimesMs, versions }: SeriesInput, current: BigUint64Array, at: number): Omit<CandleValues, 'values'> {
  return { openTimeMs: openTimesMs[at]!, candleVersion: versions[at]!, fingerprint: current[at]! };
}

function newestOf(segment: GridSegment, set: IndicatorSet, outputs: readonly Float64Array[], rule: ValuesRule): SeriesValues['newest'] {
  const gridCandles = segment.close.length;
  const values = gridCandles < rule.minCandles ? {} : valuesAt(set, outputs, gridCandles - 1);
  return { openTimeMs: segment.openTimeMs + (gridCandles - 1) * rule.timeframeMs, values, gridCandles };
}

function valuesAt({ names }: IndicatorSet, outputs: readonly Float64Array[], at: number): Record<string, number> {
  const values: Record<string, number> = {};
  for (let n = 0; n < names.length; n++) {
    const value = outputs[n]![at]!;
    if (!Number.isNaN(value)) values[names[n]!] = value;
  }
  return values;
}
