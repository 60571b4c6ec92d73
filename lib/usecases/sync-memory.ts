import type { StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import type { Exchange } from '#core/exchange.ts';
import type { SeriesCandles, SeriesExtent, TimeSeriesDb, TimeWindow } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import type { Watermark } from '#core/watermark.ts';
import { advance } from '#domain/candles/coverage.ts';
import { recheckFromMs, type FetchSettings } from '#domain/candles/fetch-plan.ts';

/** What is known of a series: its newest candles, how far it is complete, and the gaps that are not resolved. */
export type KnownSeries = {
  readonly candles: Map<number, StoredCandle>;
  /** Open times of the first and the newest of `candles`. */
  held: TimeExtent;
  /** First open time that counts; null when there are no candles yet. */
  fromMs: number | null;
  completeUntilMs: number | null;
  /** As the store has it: never ahead of `completeUntilMs`. */
  writtenUntilMs: number | null;
  /** Candles before were read again at the last age. */
  rereadUntilMs: number | null;
  gaps: readonly CandleGap[];
};

/** Infinity and -Infinity where there is nothing. */
export type TimeExtent = { readonly firstMs: number; readonly newestMs: number };

export function timeExtent(times: Iterable<number>, { firstMs, newestMs }: TimeExtent = NOTHING): TimeExtent {
  for (const timeMs of times) {
    if (timeMs < firstMs) firstMs = timeMs;
    if (timeMs > newestMs) newestMs = timeMs;
  }
  return { firstMs, newestMs };
}

export const NOTHING: TimeExtent = { firstMs: Number.POSITIVE_INFINITY, newestMs: Number.NEGATIVE_INFINITY };

/**
 * What the store holds of the newest candles, as far as this process has read or written it. Only an economy: a process that starts
 * without it fetches and stores the same. It is read anew every hour, and after a failed write.
 */
export type SyncMemory = { readUntilMs: number; readonly series: Map<string, KnownSeries> };

export function createSyncMemory(): SyncMemory {
  return { readUntilMs: 0, series: new Map() };
}

/** What sync needs of the store. */
export type SyncDb = Pick<
  TimeSeriesDb,
  | 'readCandles'
  | 'storedExtents'
  | 'readWatermarks'
  | 'readCandleGaps'
  | 'insertCandles'
  | 'insertCandleGaps'
  | 'insertCandleRevisions'
  | 'insertWatermarks'
>;

type Moment = { readonly exchange: Exchange; readonly tickMs: number; readonly nowMs: number; readonly settings: FetchSettings };

const MEMORY_LASTS_MS = 3_600_000;

/** What the store holds of the series: how far each is complete, its gaps, and its newest candles. */
export async function readMemory(
  db: SyncDb,
  { exchange, tickMs, nowMs, settings }: Moment,
  memory: SyncMemory,
  series: readonly Series[],
): Promise<void> {
  if (nowMs < memory.readUntilMs && series.every((one) => memory.series.has(seriesKey(one)))) return;
  const windows: Partial<Record<Timeframe, TimeWindow>> = {};
  for (const { timeframe } of series) {
    const timeframeMs = TIMEFRAME_MS[timeframe];
    windows[timeframe] ??= { fromMs: recheckFromMs(tickMs, timeframeMs, settings), untilMs: tickMs + timeframeMs };
  }
  const symbols = [...new Set(series.map(({ symbol }) => symbol))];
  const [watermarks, gaps, stored] = await Promise.all([
    db.readWatermarks(exchange),
    readGaps(db, exchange, symbols, tickMs),
    db.readCandles({ exchange, symbols, windows }),
  ]);
  const markOf = bySeries(watermarks);
  // Where every series has a watermark nobody asks for the extents, which cost a look at every candle there is.
  const extentOf = bySeries(series.every((one) => markOf.has(seriesKey(one))) ? [] : await db.storedExtents(exchange));
  const candlesOf = bySeries(stored);
  memory.series.clear();
  for (const one of series) {
    const key = seriesKey(one);
    const facts = {
      written: markOf.get(key),
      mark: markOf.get(key) ?? firstMark(extentOf.get(key), windows[one.timeframe]?.fromMs ?? 0),
      candles: candlesOf.get(key)?.candles ?? [],
      gaps: gaps.filter((gap) => seriesKey(gap.series) === key && gap.untilMs > (markOf.get(key)?.fromMs ?? 0)),
    };
    memory.series.set(key, knownSeries(one, tickMs, facts));
  }
  memory.readUntilMs = nowMs + MEMORY_LASTS_MS;
}

type StoredFacts = {
  readonly written: Watermark | undefined;
  readonly mark: Pick<Watermark, 'fromMs' | 'completeUntilMs'> | null;
  readonly candles: readonly StoredCandle[];
  readonly gaps: readonly CandleGap[];
};

function knownSeries({ timeframe }: Series, tickMs: number, { written, mark, candles, gaps }: StoredFacts): KnownSeries {
  const byTime = new Map(candles.map((candle) => [candle.openTimeMs, candle]));
  const base = { candles: byTime, held: timeExtent(byTime.keys()), gaps };
  if (mark === null) return { ...base, fromMs: null, completeUntilMs: null, writtenUntilMs: null, rereadUntilMs: null };
  const { fromMs, completeUntilMs } = mark;
  const grid = {
    completeUntilMs,
    closedUntilMs: tickMs,
    timeframeMs: TIMEFRAME_MS[timeframe],
    has: (timeMs: number) => byTime.has(timeMs),
  };
  return {
    ...base,
    fromMs,
    // The store's watermark lags behind its candles.
    completeUntilMs: advance(grid, gaps),
    writtenUntilMs: written?.completeUntilMs ?? null,
    rereadUntilMs: written?.rereadUntilMs ?? fromMs,
  };
}

/** Explained gaps that no second reading reaches any more are of no use here. */
const EXPLAINED_LAST_MS = 26 * 3_600_000;

async function readGaps(db: SyncDb, exchange: Exchange, symbols: readonly MarketSymbol[], tickMs: number): Promise<readonly CandleGap[]> {
  const untilMs = tickMs + EXPLAINED_LAST_MS;
  const [open, explained] = await Promise.all([
    db.readCandleGaps({ exchange, symbols, fromMs: 0, untilMs, states: ['open'] }),
    db.readCandleGaps({ exchange, symbols, fromMs: tickMs - EXPLAINED_LAST_MS, untilMs, states: ['explained'] }),
  ]);
  return [...open, ...explained];
}

/** A series that was stored before there were watermarks: what lies behind the newest candles is taken as it is. */
function firstMark(extent: SeriesExtent | undefined, windowFromMs: number): Pick<Watermark, 'fromMs' | 'completeUntilMs'> | null {
  if (extent === undefined) return null;
  const { firstMs, newestMs, series } = extent;
  const fromMs = newestMs < windowFromMs ? newestMs + TIMEFRAME_MS[series.timeframe] : Math.max(firstMs, windowFromMs);
  return { fromMs, completeUntilMs: fromMs };
}

function bySeries<T extends { readonly series: Series }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [seriesKey(row.series), row]));
}

/** What a tick has found out about a series. */
export type SeriesNews = SeriesCandles & {
  readonly revisions: readonly CandleRevision[];
  readonly fromMs: number | null;
  readonly completeUntilMs: number | null;
  readonly rereadUntilMs: number | null;
  readonly changedGaps: readonly CandleGap[];
  readonly gaps: readonly CandleGap[];
};

/** A watermark in the store may lag by so much; whoever starts from it looks at the candles behind it anyway. */
const WATERMARK_LAG_MS = 15 * 60_000;

/**
 * Writes what is new; only what the store has taken is remembered. What a candle was before is written before it is replaced, and what
 * explains or bounds candles after them: a process that dies in between repeats the tick and writes the same.
 */
export async function writeNews(
  db: SyncDb,
  { exchange, tickMs, nowMs, settings }: Moment,
  memory: SyncMemory,
  news: readonly SeriesNews[],
): Promise<void> {
  const due = dueMarks(memory, news, nowMs);
  let marks: readonly Watermark[] = [];
  try {
    await writeSome(
      news.flatMap(({ revisions }) => revisions),
      (rows) => db.insertCandleRevisions(rows),
    );
    await writeSome(
      news.filter(({ candles }) => candles.length > 0),
      (groups) => db.insertCandles(groups),
    );
    await writeSome(
      news.flatMap(({ changedGaps }) => changedGaps),
      (rows) => db.insertCandleGaps(rows),
    );
    marks = due.length === 0 ? [] : movedBack(due, memory, await db.readWatermarks(exchange));
    await writeSome(marks, (rows) => db.insertWatermarks(rows));
  } catch (error) {
    memory.readUntilMs = 0;
    throw error;
  }
  for (const one of news) keep(memory, one, tickMs, settings);
  for (const mark of marks) {
    const known = memory.series.get(seriesKey(mark.series));
    if (known === undefined) continue;
    known.fromMs = mark.fromMs;
    known.writtenUntilMs = mark.completeUntilMs;
  }
}

/** A backfill may have moved the beginning of a series back since it was read: it stays there. One that sync itself moves on is not moved back. */
function movedBack(marks: readonly Watermark[], memory: SyncMemory, stored: readonly Watermark[]): readonly Watermark[] {
  const storedOf = bySeries(stored);
  return marks.map((mark) => {
    const key = seriesKey(mark.series);
    const other = storedOf.get(key);
    // One that does not reach to where this one begins is of another first backfill, and says nothing about what is between them.
    const storedFromMs = other === undefined || other.completeUntilMs < mark.fromMs ? mark.fromMs : other.fromMs;
    return storedFromMs < (memory.series.get(key)?.fromMs ?? mark.fromMs) ? { ...mark, fromMs: storedFromMs } : mark;
  });
}

async function writeSome<T>(rows: readonly T[], write: (rows: readonly T[]) => Promise<void>): Promise<void> {
  if (rows.length > 0) await write(rows);
}

/** Once one mark is due, all that have moved are written with it: a statement costs the same for one as for all. */
function dueMarks(memory: SyncMemory, news: readonly SeriesNews[], updatedAtMs: number): readonly Watermark[] {
  if (!news.some((one) => isMarkDue(memory.series.get(seriesKey(one.series)), one))) return [];
  return news.flatMap((one) => {
    const { series, fromMs, completeUntilMs, rereadUntilMs } = one;
    const known = memory.series.get(seriesKey(series));
    if (fromMs === null || completeUntilMs === null) return [];
    if (!isReread(known, one) && completeUntilMs === (known?.writtenUntilMs ?? null)) return [];
    return [{ series, fromMs, completeUntilMs, rereadUntilMs: rereadUntilMs ?? fromMs, updatedAtMs }];
  });
}

function isMarkDue(known: KnownSeries | undefined, one: SeriesNews): boolean {
  const { fromMs, completeUntilMs, changedGaps } = one;
  if (fromMs === null || completeUntilMs === null) return false;
  const writtenUntilMs = known?.writtenUntilMs ?? null;
  const lags = writtenUntilMs === null || completeUntilMs - writtenUntilMs >= WATERMARK_LAG_MS || changedGaps.length > 0;
  return isReread(known, one) || (lags && completeUntilMs !== writtenUntilMs);
}

function isReread(known: KnownSeries | undefined, { rereadUntilMs }: SeriesNews): boolean {
  return known !== undefined && known.rereadUntilMs !== null && rereadUntilMs !== known.rereadUntilMs;
}

function keep(
  memory: SyncMemory,
  { series, candles, fromMs, completeUntilMs, rereadUntilMs, gaps }: SeriesNews,
  tickMs: number,
  settings: FetchSettings,
): void {
  const known = memory.series.get(seriesKey(series));
  if (known === undefined) return;
  const windowFromMs = recheckFromMs(tickMs, TIMEFRAME_MS[series.timeframe], settings);
  for (const candle of candles) known.candles.set(candle.openTimeMs, candle);
  for (const openTimeMs of known.candles.keys()) if (openTimeMs < windowFromMs) known.candles.delete(openTimeMs);
  known.held = timeExtent(known.candles.keys());
  known.fromMs = fromMs;
  known.completeUntilMs = completeUntilMs;
  known.rereadUntilMs = rereadUntilMs;
  known.gaps = gaps.filter(({ state, untilMs }) => state === 'open' || untilMs > tickMs - EXPLAINED_LAST_MS);
}
