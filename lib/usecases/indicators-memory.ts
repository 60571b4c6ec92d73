import type { CacheEntry } from '#core/ports/cache-client.ts';
import type { IndicatorInput } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';

/**
 * What earlier ticks of the same process have found, so that nothing is read again that cannot have changed. Only an economy: a
 * process that starts without it does the same work and writes the same values.
 */
export type IndicatorsMemory = {
  readonly settledUntilMs: Map<Timeframe, number>;
  readonly knownUntilMs: Map<Timeframe, number>;
  /** Per series its newest candles, and the fingerprints of their stored values. */
  readonly known: Map<string, IndicatorInput>;
  /** What each series has in the cache. */
  readonly newest: Map<string, CacheEntry>;
  /** Revisions of candles that were detected before this have been looked at; 0 when none were. UTC ms. */
  revisionsUntilMs: number;
};

export function createIndicatorsMemory(): IndicatorsMemory {
  return { settledUntilMs: new Map(), knownUntilMs: new Map(), known: new Map(), newest: new Map(), revisionsUntilMs: 0 };
}

/** Also a timeframe that looks complete is read again after this: a series may have begun since, or a hole been filled. */
const SETTLED_AT_MOST_MS = 5 * 60_000;

/** Somebody else may write to the store: what is remembered of it is believed for an hour. */
const KNOWN_LASTS_MS = 3_600_000;

const REVISIONS_EVERY_MS = 5 * 60_000;

/** A process that has just begun looks back further than candles are read a second time. */
const REVISIONS_LAST_MS = 26 * 3_600_000;

/** Sync may be slow to write what it has detected, and its clock may differ. */
const REVISIONS_OVERLAP_MS = 10 * 60_000;

/** Whether it is time to look for candles of the past that have changed. */
export function isRevisionsTurn(memory: IndicatorsMemory, tickMs: number): boolean {
  return memory.revisionsUntilMs === 0 || tickMs % REVISIONS_EVERY_MS === 0;
}

/** Revisions are looked for from here on, by their time of detection. */
export function revisionsFrom({ revisionsUntilMs }: IndicatorsMemory, tickMs: number): number {
  return Math.max(0, revisionsUntilMs === 0 ? tickMs - REVISIONS_LAST_MS : revisionsUntilMs - REVISIONS_OVERLAP_MS);
}

/** Call when their values are written: what was remembered of these series is of before. */
export function noteRevisions(memory: IndicatorsMemory, series: readonly Series[], nowMs: number, tickMs: number): void {
  if (isRevisionsTurn(memory, tickMs)) memory.revisionsUntilMs = nowMs;
  for (const one of series) memory.known.delete(seriesKey(one));
}

/** Timeframes that may have something new at this tick. */
export function dueTimeframes(memory: IndicatorsMemory, timeframes: readonly Timeframe[], tickMs: number): readonly Timeframe[] {
  return timeframes.filter((timeframe) => tickMs >= (memory.settledUntilMs.get(timeframe) ?? 0));
}

/** A timeframe is settled until its next candle closes once all its series have values up to the newest closed candle. */
export function settleTimeframe(
  memory: IndicatorsMemory,
  timeframe: Timeframe,
  tickMs: number,
  newest: readonly { readonly series: Series; readonly openTimeMs: number }[],
): void {
  const step = TIMEFRAME_MS[timeframe];
  const closedMs = tickMs - (tickMs % step);
  const own = newest.filter(({ series }) => series.timeframe === timeframe);
  const isComplete = own.length > 0 && own.every(({ openTimeMs }) => openTimeMs === closedMs - step);
  memory.settledUntilMs.set(timeframe, isComplete ? Math.min(closedMs + step, tickMs + SETTLED_AT_MOST_MS) : 0);
  if (!isKnown(memory, timeframe, tickMs)) memory.knownUntilMs.set(timeframe, tickMs + KNOWN_LASTS_MS);
}

/** Whether only the newest candles of the timeframe need to be read: the rest, and what their values have seen, is remembered. */
export function isKnown(memory: IndicatorsMemory, timeframe: Timeframe, tickMs: number): boolean {
  return tickMs < (memory.knownUntilMs.get(timeframe) ?? 0);
}

/** The candles just read behind the remembered older ones, with the remembered fingerprints; null for a series not yet known. */
export function recall(memory: IndicatorsMemory, read: IndicatorInput, readFromMs: number): IndicatorInput | null {
  const known = memory.known.get(seriesKey(read.series));
  if (known === undefined) return null;
  const older = known.openTimesMs.findIndex((openTimeMs) => openTimeMs >= readFromMs);
  const count = older === -1 ? known.openTimesMs.length : older;
  const seen = new Map<number, bigint>();
  for (let i = count; i < known.openTimesMs.length; i++) seen.set(known.openTimesMs[i] ?? 0, known.seenFingerprints[i] ?? 0n);
  return {
    series: read.series,
    openTimesMs: joined(known.openTimesMs, count, read.openTimesMs),
    high: joined(known.high, count, read.high),
    low: joined(known.low, count, read.low),
    close: joined(known.close, count, read.close),
    versions: joinedBig(known.versions, count, read.versions),
    seenFingerprints: joinedBig(
      known.seenFingerprints,
      count,
      BigUint64Array.from(read.openTimesMs, (openTimeMs) => seen.get(openTimeMs) ?? 0n),
    ),
  };
}

function joined(older: Float64Array, count: number, newer: Float64Array): Float64Array {
  const all = new Float64Array(count + newer.length);
  all.set(older.subarray(0, count));
  all.set(newer, count);
  return all;
}

function joinedBig(older: BigUint64Array, count: number, newer: BigUint64Array): BigUint64Array {
  const all = new BigUint64Array(count + newer.length);
  all.set(older.subarray(0, count));
  all.set(newer, count);
  return all;
}

/** Call only when the stale values are written: remembers what the store now holds from `fromMs` on. */
export function remember(
  memory: IndicatorsMemory,
  read: IndicatorInput,
  written: readonly { readonly openTimeMs: number; readonly fingerprint: bigint }[],
  fromMs: number,
): void {
  const first = read.openTimesMs.findIndex((openTimeMs) => openTimeMs >= fromMs);
  const start = first === -1 ? read.openTimesMs.length : first;
  const fingerprints = new Map(written.map(({ openTimeMs, fingerprint }) => [openTimeMs, fingerprint]));
  const openTimesMs = read.openTimesMs.slice(start);
  memory.known.set(seriesKey(read.series), {
    series: read.series,
    openTimesMs,
    high: read.high.slice(start),
    low: read.low.slice(start),
    close: read.close.slice(start),
    versions: read.versions.slice(start),
    seenFingerprints: read.seenFingerprints.slice(start).map((seen, i) => fingerprints.get(openTimesMs[i] ?? 0) ?? seen),
  });
}
