import type { Candle, StoredCandle } from '#core/candle.ts';
import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi, MarketReport, RefusedRow } from '#core/ports/exchange-rest-api.ts';
import type { SeriesCandles, TimeSeriesDb, TimeWindow } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { sameCandle } from '#domain/candles/compare.ts';
import { isDue, planFetch, recheckFromMs, type FetchPlan, type FetchSettings } from '#domain/candles/fetch-plan.ts';
import { holesOf, type Hole } from '#domain/candles/grid.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { mapConcurrent } from '#std/map-concurrent.ts';

export type SyncSettings = FetchSettings & {
  /** A candle counts as closed this long after its end, by the exchange's clock. */
  readonly closeGraceMs: number;
  /** Requests in flight at the exchange. */
  readonly concurrency: number;
};

export type SyncPorts = {
  readonly api: ExchangeRestApi;
  readonly db: Pick<TimeSeriesDb, 'readCandles' | 'storedExtents' | 'insertCandles'>;
  readonly clock: Clock;
  /** Told after each series, for showing progress. */
  readonly onSeries?: (report: SeriesSyncReport) => void;
};

export type SyncInput = {
  readonly symbols: readonly MarketSymbol[];
  readonly timeframes: readonly Timeframe[];
  /** Which timeframes of a symbol are wanted; all of them when absent. A recording may have a symbol in one timeframe only. */
  readonly hasSeries?: (series: Series) => boolean;
  /** The scheduled time, a whole minute, UTC ms. */
  readonly tickMs: number;
  readonly settings: SyncSettings;
  /** Kept by the caller from one tick of this exchange to the next; without it the store is read at every tick. */
  readonly memory?: SyncMemory;
};

type KnownSeries = { firstMs: number | null; newestMs: number | null; readonly candles: Map<number, StoredCandle> };

/**
 * What the store holds of the newest candles, as far as this process has read or written it. Only an economy: a process that starts
 * without it fetches and stores the same. It is read anew every hour, and after a failed write.
 */
export type SyncMemory = { readUntilMs: number; readonly series: Map<string, KnownSeries> };

export function createSyncMemory(): SyncMemory {
  return { readUntilMs: 0, series: new Map() };
}

type Failure = { readonly code: string; readonly message: string };

export type SeriesSyncReport = {
  readonly series: Series;
  readonly isBackfill: boolean;
  /** First open time that this fetch looked at. */
  readonly fromMs: number;
  readonly requests: number;
  /** Candles that the exchange sent in the asked range: = stored + changed + unchanged + stillOpen. */
  readonly fetched: number;
  readonly stored: number;
  /** Sent with other values than stored: the new version replaces the old one. */
  readonly changed: number;
  readonly unchanged: number;
  /** Sent, but not closed yet by the exchange's clock or beyond the tick: not stored. */
  readonly stillOpen: number;
  readonly refused: readonly RefusedRow[];
  /** Newest closed candle that is there after this fetch; null when there is none. */
  readonly newestOpenTimeMs: number | null;
  /** Closed candles of the asked range that are still not there after this fetch. */
  readonly missing: readonly Hole[];
  /** Asked for in a backfill, but before the first candle that the exchange has sent: its history begins later. */
  readonly beforeHistory: number;
  readonly missingReason: 'not_sent' | 'fetch_failed' | null;
  readonly failure: Failure | null;
};

export type SyncReport = {
  readonly exchange: Exchange;
  readonly tickMs: number;
  readonly series: readonly SeriesSyncReport[];
  readonly fetched: number;
  readonly stored: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly missing: number;
  /** Symbols that the exchange does not list or does not trade now, with its word. */
  readonly unavailable: MarketReport['unavailable'];
  /** Set when the exchange as a whole could not be asked. */
  readonly failure: Failure | null;
};

/** More pages than this are left to the next ticks: a tick must end before the next one. */
const MAX_PAGES_PER_SERIES = 20;

/** The exchange's own REST answer; above it only a proof could rank. */
const REST_SOURCE_RANK = 8;

/**
 * One tick of one exchange: fetches what is missing or new, and stores closed candles. A symbol that fails is reported and spoils no
 * other; what could not be fetched is asked for again by the next tick. Rejects only with `StoreError`: then nothing is confirmed,
 * and repeating the tick is safe.
 */
export async function syncCandles(ports: SyncPorts, input: SyncInput): Promise<SyncReport> {
  const { api } = ports;
  const markets = await loadMarkets(api, input.symbols);
  if ('code' in markets) return reportOf(api.exchange, input, [], [], markets);
  const memory = input.memory ?? createSyncMemory();
  const series = wantedSeries(api.exchange, input, markets.listed);
  await remember(ports, input, memory, series);
  const jobs = planJobs(input, memory, series);
  const results = await mapConcurrent(jobs, input.settings.concurrency, async (job) => {
    const result = await runJob(ports, input, job);
    ports.onSeries?.(result.report);
    return result;
  });
  await store(ports, input, memory, results);
  return reportOf(
    api.exchange,
    input,
    results.map(({ report }) => report),
    markets.unavailable,
    null,
  );
}

function wantedSeries(exchange: Exchange, { timeframes, hasSeries }: SyncInput, symbols: readonly MarketSymbol[]): readonly Series[] {
  const all = timeframes.flatMap((timeframe) => symbols.map((symbol): Series => ({ exchange, symbol, timeframe })));
  return hasSeries === undefined ? all : all.filter(hasSeries);
}

async function loadMarkets(api: ExchangeRestApi, symbols: readonly MarketSymbol[]): Promise<MarketReport | Failure> {
  try {
    return await api.loadMarkets(symbols);
  } catch (error) {
    return failureOf(error);
  }
}

type Job = { readonly series: Series; readonly plan: FetchPlan; readonly known: KnownSeries };

/** Decides for every series whether and what to fetch. */
function planJobs(input: SyncInput, memory: SyncMemory, series: readonly Series[]): readonly Job[] {
  const { tickMs, settings } = input;
  return series.flatMap((one) => {
    const timeframeMs = TIMEFRAME_MS[one.timeframe];
    const known = memory.series.get(seriesKey(one)) ?? { firstMs: null, newestMs: null, candles: new Map() };
    const { firstMs, newestMs, candles } = known;
    if (!isDue({ tickMs, timeframeMs, newestMs })) return [];
    return [{ series: one, known, plan: planFetch({ tickMs, timeframeMs, stored: new Set(candles.keys()), firstMs, newestMs }, settings) }];
  });
}

const MEMORY_LASTS_MS = 3_600_000;

/** Two reads of the store: how far each series reaches, and the candles among which holes are asked for again. */
async function remember(
  { api, db, clock }: SyncPorts,
  { tickMs, settings, timeframes }: SyncInput,
  memory: SyncMemory,
  series: readonly Series[],
): Promise<void> {
  const nowMs = clock.nowMs();
  if (nowMs < memory.readUntilMs && series.every((one) => memory.series.has(seriesKey(one)))) return;
  const windows: Partial<Record<Timeframe, TimeWindow>> = {};
  for (const timeframe of timeframes)
    windows[timeframe] = { fromMs: recheckFromMs(tickMs, TIMEFRAME_MS[timeframe], settings), untilMs: tickMs + TIMEFRAME_MS[timeframe] };
  const extents = new Map((await db.storedExtents(api.exchange)).map((entry) => [seriesKey(entry.series), entry]));
  const symbols = [...new Set(series.map(({ symbol }) => symbol))];
  const stored = new Map(
    (await db.readCandles({ exchange: api.exchange, symbols, windows })).map((entry) => [seriesKey(entry.series), entry.candles]),
  );
  memory.series.clear();
  for (const key of series.map(seriesKey)) {
    const candles = new Map((stored.get(key) ?? []).map((candle) => [candle.openTimeMs, candle]));
    memory.series.set(key, { firstMs: extents.get(key)?.firstMs ?? null, newestMs: extents.get(key)?.newestMs ?? null, candles });
  }
  memory.readUntilMs = nowMs + MEMORY_LASTS_MS;
}

/** Writes what is new; only what the store has taken is remembered. */
async function store(
  { db }: SyncPorts,
  { tickMs, settings }: SyncInput,
  memory: SyncMemory,
  results: readonly SeriesCandles[],
): Promise<void> {
  try {
    await db.insertCandles(results.filter(({ candles }) => candles.length > 0));
  } catch (error) {
    memory.readUntilMs = 0;
    throw error;
  }
  for (const { series, candles } of results) {
    const known = memory.series.get(seriesKey(series));
    if (known === undefined) continue;
    for (const candle of candles) {
      known.candles.set(candle.openTimeMs, candle);
      known.firstMs = Math.min(known.firstMs ?? Number.POSITIVE_INFINITY, candle.openTimeMs);
      known.newestMs = Math.max(known.newestMs ?? 0, candle.openTimeMs);
    }
    const fromMs = recheckFromMs(tickMs, TIMEFRAME_MS[series.timeframe], settings);
    for (const openTimeMs of known.candles.keys()) if (openTimeMs < fromMs) known.candles.delete(openTimeMs);
  }
}

type Fetched = {
  readonly candles: readonly Candle[];
  readonly refused: readonly RefusedRow[];
  readonly requests: number;
  readonly failure: Failure | null;
};

async function runJob(ports: SyncPorts, input: SyncInput, job: Job): Promise<SeriesCandles & { readonly report: SeriesSyncReport }> {
  const fetched = await fetchPages(ports.api, job);
  const closedUntilMs = closedUntil(ports, input);
  const timeframeMs = TIMEFRAME_MS[job.series.timeframe];
  const closed = fetched.candles.filter(({ openTimeMs }) => openTimeMs + timeframeMs <= closedUntilMs);
  const fresh = closed.filter(({ openTimeMs }) => !job.known.candles.has(openTimeMs));
  const changed = closed.filter((candle) => {
    const known = job.known.candles.get(candle.openTimeMs);
    return known !== undefined && !sameCandle(known, candle);
  });
  const version = candleVersion({ finality: 'closed', sourceRank: REST_SOURCE_RANK, fetchedAtMs: ports.clock.nowMs(), sequence: 0 });
  const there = new Set([...job.known.candles.keys(), ...closed.map(({ openTimeMs }) => openTimeMs)]);
  const historyFromMs = historyStart(job, there, fetched.failure);
  const missing = holesOf(there, Math.max(historyFromMs, job.plan.fromMs), job.plan.untilMs, timeframeMs);
  const report: SeriesSyncReport = {
    series: job.series,
    isBackfill: job.plan.isBackfill,
    fromMs: job.plan.fromMs,
    requests: fetched.requests,
    fetched: fetched.candles.length,
    stored: fresh.length,
    changed: changed.length,
    unchanged: closed.length - fresh.length - changed.length,
    stillOpen: fetched.candles.length - closed.length,
    refused: fetched.refused,
    newestOpenTimeMs: there.size === 0 ? null : Math.max(...there),
    missing,
    beforeHistory: Math.max(0, historyFromMs - job.plan.fromMs) / timeframeMs,
    missingReason: missing.length === 0 ? null : fetched.failure === null ? 'not_sent' : 'fetch_failed',
    failure: fetched.failure,
  };
  return { series: job.series, candles: [...fresh, ...changed].map((candle) => ({ ...candle, version })), report };
}

/** A backfill that was answered begins where the exchange's candles begin; nothing sent at all, or a failure, proves nothing. */
function historyStart({ plan }: Job, there: ReadonlySet<number>, failure: Failure | null): number {
  return plan.isBackfill && failure === null && there.size > 0 ? Math.min(...there) : plan.fromMs;
}

/** Older candles than the exchange's horizon cannot be had from it: asking for them would bring the same newest ones, page after page. */
function reachableFrom({ historyCandles }: ExchangeRestApi, { fromMs, untilMs }: FetchPlan, timeframeMs: number): number {
  return historyCandles === null ? fromMs : Math.max(fromMs, untilMs - historyCandles * timeframeMs);
}

/** Pages along the time grid, not along the rows: a row that is left out at a page's edge is seen as a hole and asked for again. */
async function fetchPages(api: ExchangeRestApi, { series, plan }: Job): Promise<Fetched> {
  const { symbol, timeframe } = series;
  const timeframeMs = TIMEFRAME_MS[timeframe];
  const candles: Candle[] = [];
  const refused: RefusedRow[] = [];
  let requests = 0;
  for (let fromMs = reachableFrom(api, plan, timeframeMs); fromMs < plan.untilMs && requests < MAX_PAGES_PER_SERIES;) {
    // One more than the closed ones, so that the row of the open candle never costs a closed one its place.
    const limit = Math.min((plan.untilMs - fromMs) / timeframeMs + 1, api.maxCandlesPerRequest);
    const pageUntilMs = fromMs + limit * timeframeMs;
    requests += 1;
    try {
      // oxlint-disable-next-line no-await-in-loop -- pages are fetched in order, so that a failure leaves no hole behind it
      const page = await api.fetchCandles({ symbol, timeframe, fromMs, limit });
      refused.push(...page.refused);
      candles.push(...page.candles.filter(({ openTimeMs }) => openTimeMs < pageUntilMs));
    } catch (error) {
      return { candles, refused, requests, failure: failureOf(error) };
    }
    fromMs = pageUntilMs;
  }
  return { candles, refused, requests, failure: null };
}

/** Candles that end at or before this are closed: by the tick, by our clock and by the exchange's, whichever is earliest. */
function closedUntil({ api, clock }: SyncPorts, { tickMs, settings }: SyncInput): number {
  const nowMs = Math.min(clock.nowMs(), api.serverTimeMs() ?? Number.POSITIVE_INFINITY);
  return Math.min(tickMs, nowMs - settings.closeGraceMs);
}

/** Only what the exchange did is a failure of the exchange; a fault of ours must not pass as one. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof ExchangeError)) throw error;
  return { code: error.code, message: error.message };
}

function reportOf(
  exchange: Exchange,
  { tickMs }: SyncInput,
  series: readonly SeriesSyncReport[],
  unavailable: MarketReport['unavailable'],
  failure: Failure | null,
): SyncReport {
  const sum = (count: (report: SeriesSyncReport) => number): number => series.reduce((total, report) => total + count(report), 0);
  return {
    exchange,
    tickMs,
    series,
    fetched: sum(({ fetched }) => fetched),
    stored: sum(({ stored }) => stored),
    changed: sum(({ changed }) => changed),
    unchanged: sum(({ unchanged }) => unchanged),
    refused: sum(({ refused }) => refused.length),
    missing: sum(({ missing }) => missing.reduce((total, hole) => total + hole.candles, 0)),
    unavailable,
    failure,
  };
}
