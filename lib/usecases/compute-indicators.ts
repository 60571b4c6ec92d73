import type { Exchange } from '#core/exchange.ts';
import type { CacheClient, CacheEntry } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { IndicatorInput, IndicatorInputQuery, IndicatorValues, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { createGridWorkspace } from '#domain/candles/filled-grid.ts';
import { createIndicatorSet, type IndicatorSet } from '#domain/indicators/indicator-set.ts';
import type { IndicatorSetting } from '#domain/indicators/registry.ts';
import { seriesValues, type SeriesValues } from '#domain/indicators/series-values.ts';
import {
  createIndicatorsMemory,
  dueTimeframes,
  isKnown,
  isRevisionsTurn,
  noteRevisions,
  recall,
  remember,
  revisionsFrom,
  settleTimeframe,
  type IndicatorsMemory,
} from './indicators-memory.ts';

export type IndicatorsSettings = {
  readonly indicators: readonly IndicatorSetting[];
  /** Least number of candles before a value that go into it; more are read where an indicator needs them to settle. */
  readonly lookback: number;
  readonly minCandles: number;
  readonly maxFilledCandles: number;
  readonly ttlSeconds: number;
};

export type ComputeIndicatorsPorts = {
  readonly db: Pick<TimeSeriesDb, 'readIndicatorInputs' | 'insertIndicators' | 'readCandleRevisions'>;
  readonly cache: CacheClient;
  readonly clock: Clock;
  readonly logger: Logger;
};

export type ComputeIndicatorsInput = {
  readonly exchange: Exchange;
  /** Candles that end at or before this are closed. UTC ms. */
  readonly tickMs: number;
  readonly timeframes: readonly Timeframe[];
  readonly settings: IndicatorsSettings;
  /** Kept by the caller from one tick of this exchange to the next; without it every timeframe is read at every tick. */
  readonly memory?: IndicatorsMemory;
  /** `tick` checks the newest candles, and further back only where those are stale; `catch-up` checks all of history. */
  readonly mode: 'tick' | 'catch-up';
  /** Where the store removes old candles: those that open before this may be gone. UTC ms; absent where everything is kept. */
  readonly keptFromMs?: number | undefined;
};

type WarmingSeries = { readonly series: Series; readonly candles: number; readonly needed: number };

export type IndicatorsReport = {
  readonly exchange: Exchange;
  readonly tickMs: number;
  readonly seriesRead: number;
  readonly candlesRead: number;
  /** Stored candles whose values were written. */
  readonly candlesComputed: number;
  readonly valuesWritten: number;
  readonly filledCandles: number;
  /** Series whose newest candle lacks values because too few candles lie behind it. */
  readonly warming: readonly WarmingSeries[];
  readonly cacheKeysWritten: number;
  /** Why the cache was not written; the values in the store are not affected. */
  readonly cacheFailure: string | null;
};

const RECHECKED_CANDLES = 10;
const DEEPENING = 8;
const MAX_ROWS_PER_INSERT = 100_000;

/**
 * Brings the stored indicator values of an exchange up to date with its stored candles and puts the newest ones into the cache.
 * One query and one insert per tick; further queries only where values further back are stale as well (after a standstill), and every fifth
 * minute one for candles of the past that were revised or came late: from such a candle on values are computed again. Repeating it writes nothing new. Rejects when the store fails; a failing cache is reported.
 */
export async function computeIndicators(ports: ComputeIndicatorsPorts, input: ComputeIndicatorsInput): Promise<IndicatorsReport> {
  const set = createIndicatorSet(input.settings);
  const computedAtMs = ports.clock.nowMs();
  const writer = createWriter(ports.db, computedAtMs);
  const newest: Newest[] = [];
  let candlesRead = 0;
  let filledCandles = 0;
  const memory = input.memory ?? createIndicatorsMemory();
  const due = input.mode === 'catch-up' ? input.timeframes : dueTimeframes(memory, input.timeframes, input.tickMs);
  const settled: SettledSeries[] = [];
  for await (const one of settledSeries(ports.db, { ...input, timeframes: due, memory }, set)) {
    const { series, values } = one;
    settled.push(one);
    candlesRead += values.storedCandles;
    filledCandles += values.filledCandles;
    if (values.newest !== null) newest.push({ series, ...values.newest });
    await writer.add(series, values.stale);
  }
  const nowMs = ports.clock.nowMs();
  const past = input.mode === 'tick' && isRevisionsTurn(memory, input.tickMs) ? await revisedSeries(ports.db, input, memory, nowMs) : [];
  for (const { series, fromMs } of past) {
    const depth = (input.tickMs - fromMs) / TIMEFRAME_MS[series.timeframe] + 1;
    const round = { ...input, timeframes: [series.timeframe], memory };
    // oxlint-disable-next-line no-await-in-loop -- seldom any, and one at a time keeps memory bounded
    for await (const { values } of settledSeries(ports.db, round, set, { depth, wanted: [series] })) await writer.add(series, values.stale);
  }
  await writer.flush();
  if (input.mode === 'tick')
    noteRevisions(
      memory,
      past.map(({ series }) => series),
      nowMs,
      input.tickMs,
    );
  const needed = Math.max(input.settings.minCandles, set.lastWarmUp + 1);
  for (const one of newest) memory.newest.set(seriesKey(one.series), cacheEntry(one, needed));
  if (input.mode === 'tick') {
    for (const { read, values, keepFromMs } of settled) remember(memory, read, values.stale, keepFromMs);
    for (const timeframe of due) settleTimeframe(memory, timeframe, input.tickMs, newest);
  }
  const entries = [...memory.newest.values()].map(({ key, fields }) => ({ key, fields: { ...fields, computed_at: String(computedAtMs) } }));
  const cacheFailure = await writeCache(ports, input, entries);
  return {
    exchange: input.exchange,
    tickMs: input.tickMs,
    seriesRead: newest.length,
    candlesRead,
    ...writer.written(),
    filledCandles,
    warming: newest
      .filter(({ gridCandles }) => gridCandles < needed)
      .map(({ series, gridCandles }) => ({ series, candles: gridCandles, needed })),
    cacheKeysWritten: cacheFailure === null ? entries.length : 0,
    cacheFailure,
  };
}

type Newest = { readonly series: Series } & NonNullable<SeriesValues['newest']>;

type SettledSeries = { readonly series: Series; readonly read: IndicatorInput; readonly values: SeriesValues; readonly keepFromMs: number };

type Round = Omit<ComputeIndicatorsInput, 'memory'> & { readonly memory: IndicatorsMemory };

/** Every series once, each read as far back as its stale values go. */
async function* settledSeries(
  db: ComputeIndicatorsPorts['db'],
  round: Round,
  set: IndicatorSet,
  start: { readonly depth: number; readonly wanted: readonly Series[] | null } = { depth: firstDepth(round), wanted: null },
): AsyncGenerator<SettledSeries> {
  const workspace = createGridWorkspace();
  let { wanted } = start;
  for (let { depth } = start; ; depth = nextDepth(depth, set)) {
    const unsettled: Series[] = [];
    const { query, checkFromMs, keepFromMs } = reachOf(round, set, depth, wanted);
    // oxlint-disable-next-line no-await-in-loop -- how far back the next read goes depends on this one
    for (const found of await db.readIndicatorInputs(query)) {
      const { series } = found;
      if (wanted !== null && !wanted.some((one) => seriesKey(one) === seriesKey(series))) continue;
      const isWhole = query.seenFromMs[series.timeframe] !== undefined;
      const read = isWhole ? found : recall(round.memory, found, query.fromMs[series.timeframe] ?? 0);
      const values =
        read === null ? null : seriesValues(read, set, valuesRule(round, series, checkFromMs[series.timeframe] ?? 0), workspace);
      if (read === null || values === null || values.unsettled) unsettled.push(series);
      else yield { series, read, values, keepFromMs: keepFromMs[series.timeframe] ?? 0 };
    }
    if (unsettled.length === 0) return;
    wanted = unsettled;
  }
}

type RevisedSeries = { readonly series: Series; readonly fromMs: number };

/** Series with a candle that changed, or came, behind what a tick looks at; each with the oldest such candle. */
async function revisedSeries(
  db: ComputeIndicatorsPorts['db'],
  { exchange, tickMs, timeframes, settings }: ComputeIndicatorsInput,
  memory: IndicatorsMemory,
  nowMs: number,
): Promise<readonly RevisedSeries[]> {
  const checked = Math.max(RECHECKED_CANDLES, settings.minCandles) + settings.maxFilledCandles;
  const oldest = new Map<string, RevisedSeries>();
  for (const { series, openTimeMs } of await db.readCandleRevisions({
    exchange,
    fromMs: revisionsFrom(memory, tickMs),
    untilMs: nowMs + 1,
  })) {
    const isBehind = openTimeMs < candlesBefore(tickMs, TIMEFRAME_MS[series.timeframe], checked);
    const known = oldest.get(seriesKey(series));
    if (isBehind && timeframes.includes(series.timeframe) && openTimeMs < (known?.fromMs ?? Number.POSITIVE_INFINITY))
      oldest.set(seriesKey(series), { series, fromMs: openTimeMs });
  }
  return [...oldest.values()];
}

function firstDepth({ mode, settings }: Round): number {
  // When a series becomes long enough for values, all its candles up to that one get theirs.
  return mode === 'catch-up' ? Infinity : Math.max(RECHECKED_CANDLES, settings.minCandles);
}

function nextDepth(depth: number, { lookback }: IndicatorSet): number {
  // A late candle makes a lookback of values stale; more than that is a standstill of unknown length.
  return depth < lookback ? depth + lookback : depth * DEEPENING;
}

type OpenTimes = Readonly<Partial<Record<Timeframe, number>>>;

type Reach = { readonly query: IndicatorInputQuery; readonly checkFromMs: OpenTimes; readonly keepFromMs: OpenTimes };

/** What to read so that the newest `depth` candles can be checked and computed again: of all series, or of the `wanted` ones. */
function reachOf(
  { exchange, tickMs, settings, memory, ...round }: Round,
  set: IndicatorSet,
  depth: number,
  wanted: readonly Series[] | null,
): Reach {
  const timeframes = round.timeframes.filter((timeframe) => wanted === null || wanted.some((series) => series.timeframe === timeframe));
  const backFrom = (candles: number, of: readonly Timeframe[]) =>
    Object.fromEntries(of.map((timeframe) => [timeframe, candlesBefore(tickMs, TIMEFRAME_MS[timeframe], candles)]));
  // Twice the longest filled hole is added: behind a new candle its stored predecessor is checked too, or every candle of a thinly
  // traded series would look like the end of a standstill; and the first candle read has a full lookback or stands behind a hole.
  const checked = depth + settings.maxFilledCandles;
  const reach = checked + set.lookback + settings.maxFilledCandles;
  const forgotten = timeframes.filter((timeframe) => wanted !== null || round.mode === 'catch-up' || !isKnown(memory, timeframe, tickMs));
  const checkFromMs = backFrom(checked, timeframes);
  return {
    query: {
      exchange,
      fromMs: { ...checkFromMs, ...backFrom(reach, forgotten) },
      seenFromMs: backFrom(checked, forgotten),
      ...(wanted === null ? {} : { symbols: [...new Set(wanted.map(({ symbol }) => symbol))] }),
    },
    checkFromMs,
    keepFromMs: backFrom(reach, timeframes),
  };
}

function candlesBefore(tickMs: number, timeframeMs: number, candles: number): number {
  return Math.max(0, tickMs - (tickMs % timeframeMs) - candles * timeframeMs);
}

function valuesRule({ tickMs, settings, keptFromMs = -Infinity }: Round, { timeframe }: Series, checkFromMs: number) {
  const { minCandles, maxFilledCandles } = settings;
  return { timeframeMs: TIMEFRAME_MS[timeframe], minCandles, maxFilledCandles, closedUntilMs: tickMs, checkFromMs, keptFromMs };
}

function createWriter(db: ComputeIndicatorsPorts['db'], computedAtMs: number) {
  let rows: IndicatorValues[] = [];
  let candlesComputed = 0;
  let valuesWritten = 0;
  const insert = async (chunk: readonly IndicatorValues[]) => {
    await db.insertIndicators(chunk);
    candlesComputed += chunk.length;
    valuesWritten += chunk.reduce((total, { values }) => total + Object.keys(values).length, 0);
  };
  return {
    async add(series: Series, stale: SeriesValues['stale']) {
      for (const one of stale) rows.push({ series, ...one, computedAtMs });
      while (rows.length > MAX_ROWS_PER_INSERT) {
        // oxlint-disable-next-line no-await-in-loop -- in order and one at a time, so that memory stays bounded
        await insert(rows.slice(0, MAX_ROWS_PER_INSERT));
        rows = rows.slice(MAX_ROWS_PER_INSERT);
      }
    },
    async flush() {
      if (rows.length > 0) await insert(rows);
      rows = [];
    },
    written: () => ({ candlesComputed, valuesWritten }),
  };
}

/** Complete but for `computed_at`, which is the time of the tick that writes it: a reader sees by it that the service lives. */
function cacheEntry({ series, openTimeMs, values, gridCandles }: Newest, needed: number): CacheEntry {
  const numbers = Object.entries(values).map(([name, value]) => [name, String(value)]);
  return {
    key: `indicators:${series.exchange}:${series.symbol}:${series.timeframe}`,
    fields: {
      ...Object.fromEntries(numbers),
      open_time: String(openTimeMs),
      status: gridCandles < needed ? 'warming' : 'ready',
    },
  };
}

async function writeCache(
  { cache, logger }: ComputeIndicatorsPorts,
  { exchange, settings }: ComputeIndicatorsInput,
  entries: readonly CacheEntry[],
): Promise<string | null> {
  if (entries.length === 0) return null;
  try {
    await cache.writeHashes(entries, settings.ttlSeconds);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn('the newest indicator values are not in the cache', { exchange, keys: entries.length, reason });
    return reason;
  }
}
