import type { FileFinding } from '#core/file-finding.ts';
import { explainGap, type SeriesPresence } from '../candles/explain-gap.ts';
import { indicesByTime, inOrder, isSameFigure, type CandleColumns } from './candle-columns.ts';
import { findingsOf, regularDistance, type Fault } from './finding-runs.ts';
import { timeframeText } from './recording-name.ts';

/** What a file of candles holds, findings aside. */
export type CandleFileFacts = {
  readonly rows: number;
  /** First and last open time, UTC ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Steps of the grid between the two without a row. */
  readonly missing: number;
  readonly longestHole: { readonly fromMs: number; readonly candles: number } | null;
  /** Rows with volume 0. */
  readonly emptyRows: number;
  /** Rows whose time is before that of the row above. */
  readonly stepsBack: number;
  readonly duplicates: number;
  /** Candles of one trade, and how many of them have more than one price. */
  readonly oneTrade: number;
  readonly oneTradeWithPrices: number;
};

export type CandleFileInput = {
  readonly columns: CandleColumns;
  readonly timeframeMs: number;
  /** The exchange sends a row for each step, traded in or not: a file with hardly a hole was asked for from it. */
  readonly sendsEveryStep: boolean;
  /** Times of which trades beside the file tell all: there a hole needs no other explanation. */
  readonly witnessed: { readonly fromMs: number; readonly toMs: number } | null;
};

/** Everything about one file of candles that can be told from its own rows. The file has at least one row. */
export function auditCandleFile(input: CandleFileInput): { readonly facts: CandleFileFacts; readonly findings: readonly FileFinding[] } {
  const { columns, timeframeMs } = input;
  const { openTimesMs, volume, trades } = columns;
  const ordered = inOrder(columns, timeframeMs);
  const stepsBack = faultsWhere(openTimesMs, (i) => i > 0 && openTimesMs[i]! < openTimesMs[i - 1]!);
  const duplicates = duplicatesOf(columns);
  const oneTrade = faultsWhere(openTimesMs, (i) => trades[i] === 1 && hasPrices(columns, i));
  const holes = holesOf(ordered.openTimesMs, timeframeMs);
  const facts = {
    rows: openTimesMs.length,
    fromMs: openTimesMs.reduce((least, timeMs) => Math.min(least, timeMs), Number.POSITIVE_INFINITY),
    toMs: openTimesMs.reduce((most, timeMs) => Math.max(most, timeMs), 0),
    missing: holes.reduce((sum, { candles }) => sum + candles, 0),
    longestHole: holes.reduce<Hole | null>((longest, hole) => (hole.candles >= (longest?.candles ?? 0) ? hole : longest), null),
    emptyRows: volume.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0),
    stepsBack: stepsBack.length,
    duplicates: duplicates.length,
    oneTrade: trades.reduce((sum, value) => sum + (value === 1 ? 1 : 0), 0),
    oneTradeWithPrices: oneTrade.length,
  };
  const step = timeframeText(timeframeMs);
  const findings = [
    ...atOnce(
      'order',
      stepsBack,
      (n, first) => `${n === 1 ? '1 row comes' : `${n} rows come`} after a later one, the first at ${iso(first)}`,
    ),
    ...findingsOf('duplicate', duplicates, timeframeMs),
    ...atOnce(
      'grid',
      offGrid(openTimesMs, timeframeMs),
      (n, first) => `${n === 1 ? '1 open time is' : `${n} open times are`} no multiple of ${step}, the first ${iso(first)}`,
    ),
    ...findingsOf('prices', impossible(columns), timeframeMs),
    ...atOnce('one trade', oneTrade, (n) => `${n} of ${facts.oneTrade} candles of one trade have more than one price`),
    ...missingFindings(input, ordered.openTimesMs, holes, facts),
    ...findingsOf('frozen', contradicted(ordered, timeframeMs), timeframeMs),
  ];
  return { facts, findings };
}

type Hole = { readonly fromMs: number; readonly candles: number };

function faultsWhere(openTimesMs: Float64Array, isFault: (i: number) => boolean): readonly number[] {
  const times: number[] = [];
  openTimesMs.forEach((timeMs, i) => {
    if (isFault(i)) times.push(timeMs);
  });
  return times;
}

/** One finding for a fault that a file has as a whole. */
function atOnce(
  check: FileFinding['check'],
  times: readonly number[],
  message: (count: number, firstMs: number) => string,
): readonly FileFinding[] {
  const [firstMs] = times;
  if (firstMs === undefined) return [];
  const [fromMs, toMs] = times.reduce(([least, most], timeMs) => [Math.min(least, timeMs), Math.max(most, timeMs)], [firstMs, firstMs]);
  return [{ check, fromMs, toMs, count: times.length, message: message(times.length, firstMs) }];
}

function hasPrices({ open, high, low, close }: CandleColumns, i: number): boolean {
  return !isSameFigure(open[i]!, close[i]!) || !isSameFigure(high[i]!, low[i]!);
}

function offGrid(openTimesMs: Float64Array, timeframeMs: number): readonly number[] {
  return faultsWhere(openTimesMs, (i) => openTimesMs[i]! % timeframeMs !== 0);
}

function duplicatesOf({ openTimesMs, open, high, low, close, volume }: CandleColumns): readonly Fault[] {
  const order = indicesByTime(openTimesMs);
  return order.flatMap((i, at) => {
    const before = order[at - 1];
    if (before === undefined || openTimesMs[before] !== openTimesMs[i]) return [];
    const isSame = [open, high, low, close, volume].every((column) => column[before] === column[i]);
    const message = isSame ? 'the candle is there twice' : `the candle is there twice: close ${close[before]}, then ${close[i]}`;
    return [{ timeMs: openTimesMs[i]!, message }];
  });
}

function impossible(columns: CandleColumns): readonly Fault[] {
  const { openTimesMs, open, high, low, close, volume } = columns;
  const isPossible = (i: number): boolean =>
    low[i]! > 0 && low[i]! <= open[i]! && open[i]! <= high[i]! && low[i]! <= close[i]! && close[i]! <= high[i]! && volume[i]! >= 0;
  return indicesByTime(openTimesMs)
    .filter((i) => !isPossible(i))
    .map((i) => ({
      timeMs: openTimesMs[i]!,
      message: `open ${open[i]}, high ${high[i]}, low ${low[i]}, close ${close[i]}, volume ${volume[i]} cannot be`,
    }));
}

function holesOf(openTimesMs: Float64Array, timeframeMs: number): readonly Hole[] {
  const holes: Hole[] = [];
  for (let i = 1; i < openTimesMs.length; i += 1) {
    const fromMs = openTimesMs[i - 1]! + timeframeMs;
    if (openTimesMs[i]! > fromMs) holes.push({ fromMs, candles: (openTimesMs[i]! - fromMs) / timeframeMs });
  }
  return holes;
}

/** How far the past before a hole is looked at. */
const PAST_CANDLES = 300;

/** A file of an exchange that sends every step, and that lacks more than this, was not asked for from it: it was made from trades. */
const MADE_FROM_TRADES = 0.01;

/**
 * The holes that nobody's silence explains: all of them in a file that has rows for steps without a trade; those that are too long for chance in
 * one that has none; and those that come at equal distances.
 */
function missingFindings(
  { timeframeMs, sendsEveryStep, witnessed }: CandleFileInput,
  openTimesMs: Float64Array,
  holes: readonly Hole[],
  { emptyRows, missing, rows }: Pick<CandleFileFacts, 'emptyRows' | 'missing' | 'rows'>,
): readonly FileFinding[] {
  const isEveryStepSent = emptyRows > 0 || (sendsEveryStep && missing / (rows + missing) < MADE_FROM_TRADES);
  const distanceMs = regularDistance(holes.map(({ fromMs }) => fromMs));
  const presence = presenceOf(openTimesMs);
  return holes.flatMap((hole): readonly FileFinding[] => {
    const toMs = hole.fromMs + (hole.candles - 1) * timeframeMs;
    const finding = { check: 'missing' as const, fromMs: hole.fromMs, toMs, count: hole.candles };
    if (isEveryStepSent) return [{ ...finding, message: `${rowsText(hole.candles)} missing where every step has a row` }];
    if (distanceMs !== null) {
      const message = `${rowsText(hole.candles)} missing, as every ${distanceMs / timeframeMs} rows: lost at the edges of pages`;
      return [{ ...finding, message }];
    }
    if (witnessed !== null && hole.fromMs >= witnessed.fromMs && toMs + timeframeMs <= witnessed.toMs) return [];
    const context = { timeframeMs, pastCandles: PAST_CANDLES, servesEmptyCandles: false };
    const { reason, evidence } = explainGap({ fromMs: hole.fromMs, untilMs: toMs + timeframeMs }, presence, [], context);
    return reason === 'no_trades' ? [] : [{ ...finding, message: `${rowsText(hole.candles)} missing, ${evidence.split(';')[0]}` }];
  });
}

function rowsText(count: number): string {
  return count === 1 ? '1 row is' : `${count} rows are`;
}

/** The times must ascend. Looked up among them, as a grid between the first and the last may be as long as a mangled time is wrong. */
function presenceOf(openTimesMs: Float64Array): SeriesPresence {
  const has = (timeMs: number): boolean => {
    let [low, high] = [0, openTimesMs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (openTimesMs[middle]! < timeMs) low = middle + 1;
      else high = middle;
    }
    return openTimesMs[low] === timeMs;
  };
  return { knownFromMs: openTimesMs[0] ?? Number.POSITIVE_INFINITY, has };
}

/** A row without a trade repeats the close before it: where it says another one, the row before was read before it had closed. */
function contradicted({ openTimesMs, open, high, low, close, volume }: CandleColumns, timeframeMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  for (let i = 1; i < openTimesMs.length; i += 1) {
    const isFlat = volume[i] === 0 && open[i] === close[i] && high[i] === low[i];
    if (!isFlat || openTimesMs[i]! - openTimesMs[i - 1]! !== timeframeMs || isSameFigure(close[i]!, close[i - 1]!)) continue;
    const message = `its close is ${close[i - 1]}, and the row without a trade after it repeats ${close[i]}: read before it had closed`;
    faults.push({ timeMs: openTimesMs[i - 1]!, message });
  }
  return faults;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
