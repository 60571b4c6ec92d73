import type { Exchange } from '#core/exchange.ts';
import type { ExchangeRestApi, MarketReport } from '#core/ports/exchange-rest-api.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { mapConcurrent } from '#std/map-concurrent.ts';
import { failureOf, type Failure } from './fetch-windows.ts';
import { absentSeries, settle } from './sync-account.ts';
import { createSyncMemory, readMemory, writeNews, type SeriesNews } from './sync-memory.ts';
import { planJobs, readOlder } from './sync-plan.ts';
import { runJob } from './sync-series.ts';
import type { SeriesSyncReport, SyncInput, SyncPorts } from './sync-types.ts';

export type { SeriesSyncReport, SyncInput, SyncPorts, SyncSettings } from './sync-types.ts';

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

/**
 * One tick of one exchange: fetches what is missing or new, stores closed candles, and keeps the account of what is not there: a watermark up
 * to which a series is complete, a ledger of gaps with their reasons, and one of candles that changed. A symbol that fails is reported and
 * spoils no other; what could not be fetched is asked for again by the next tick. Rejects only with `StoreError`: then nothing is confirmed,
 * and repeating the tick is safe.
 */
export async function syncCandles(ports: SyncPorts, input: SyncInput): Promise<SyncReport> {
  const { api, db, clock } = ports;
  const memory = input.memory ?? createSyncMemory();
  const wanted = wantedSeries(api.exchange, input, input.symbols);
  const markets = await loadMarkets(api, input.symbols);
  const moment = { exchange: api.exchange, tickMs: input.tickMs, nowMs: clock.nowMs(), settings: input.settings };
  await readMemory(db, moment, memory, wanted);
  const isDown = 'code' in markets;
  const listed = isDown ? [] : wanted.filter(({ symbol }) => markets.listed.includes(symbol));
  const jobs = planJobs(api, input, memory, listed);
  const before = await readOlder(db, api.exchange, input, jobs);
  const outcomes = await mapConcurrent(jobs, input.settings.concurrency, async (job) => {
    const outcome = await runJob(ports, input, job, before.get(seriesKey(job.series)) ?? []);
    ports.onSeries?.(outcome.report);
    return outcome;
  });
  const absent = wanted
    .filter((series) => !listed.includes(series))
    .flatMap((series) => absentSeries(ports, input, memory, series, markets));
  const news = settle(ports, input, [...outcomes, ...absent]);
  await writeNews(db, moment, memory, news);
  const reports = outcomes.map(({ report }, i) => ({ ...report, ...accountOf(news[i]) }));
  return reportOf(api.exchange, input, reports, isDown ? [] : markets.unavailable, isDown ? markets : null);
}

function accountOf(news: SeriesNews | undefined): Pick<SeriesSyncReport, 'completeUntilMs' | 'gaps'> {
  return { completeUntilMs: news?.completeUntilMs ?? null, gaps: news?.changedGaps ?? [] };
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
