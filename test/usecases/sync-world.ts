import type { Clock } from '#core/ports/clock.ts';
import { StoreError } from '#core/errors.ts';
import type { SeriesCandles, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { syncCandles, type SeriesSyncReport, type SyncInput, type SyncReport, type SyncSettings } from '#usecases/sync-candles.ts';
import { fakeExchange, symbolOf, type FakeExchange, type FakeExchangeOptions } from './fake-exchange.ts';

export const BTC = symbolOf('BTC/USD');
export const ETH = symbolOf('ETH/USD');
export const SETTINGS: SyncSettings = {
  backfillLimit: 100,
  latestCandles: 5,
  recheckCandles: 60,
  rereadAfterHours: [],
  closeGraceMs: 2000,
  concurrency: 4,
};

export type SyncWorld = {
  readonly exchange: FakeExchange;
  readonly db: TimeSeriesDb;
  /** Runs the tick three seconds after it, and checks that the figures of its report agree. */
  readonly tick: (tickMs: number, input?: Partial<SyncInput>) => Promise<SyncReport>;
  /** Everything that is stored, by series. */
  readonly stored: () => Promise<readonly SeriesCandles[]>;
  readonly storedTimes: (symbol: MarketSymbol, timeframe: Timeframe) => Promise<readonly number[]>;
  /** What is given to every insert, and how often the store is read. */
  readonly inserts: (readonly SeriesCandles[])[];
  readonly reads: () => number;
  /** The next so many inserts fail; `afterTaking` them, as when only the answer of the store is lost. */
  readonly failInserts: (count: number, afterTaking?: boolean) => void;
};

/** The real use case over the memory store and an honest exchange, at a time that the test moves. */
export function syncWorld({
  symbols = [BTC],
  timeframes = ['1m'] as readonly Timeframe[],
  settings = SETTINGS,
  ...options
}: Partial<Pick<SyncInput, 'symbols' | 'timeframes' | 'settings'>> & Omit<FakeExchangeOptions, 'clock'> = {}): SyncWorld {
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
  const exchange = fakeExchange({ clock, ...options });
  const inner = createMemoryTimeSeriesDb();
  const inserts: (readonly SeriesCandles[])[] = [];
  let reads = 0;
  let failures = 0;
  let takes = false;
  const db: TimeSeriesDb = {
    ...inner,
    async insertCandles(groups) {
      inserts.push(groups);
      if (failures > 0 && takes) await inner.insertCandles(groups);
      if (failures-- > 0) throw new StoreError('the store is away', { retryable: true });
      failures = 0;
      await inner.insertCandles(groups);
    },
    readCandles: (query) => {
      reads += 1;
      return inner.readCandles(query);
    },
  };
  const stored = async (): Promise<readonly SeriesCandles[]> => {
    const all = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
    return await inner.readCandles({
      exchange: 'kraken',
      symbols: [BTC, ETH],
      windows: Object.fromEntries(TIMEFRAMES.map((timeframe) => [timeframe, all])),
    });
  };
  return {
    exchange,
    db,
    inserts,
    stored,
    reads: () => reads,
    failInserts(count, afterTaking = false) {
      failures = count;
      takes = afterTaking;
    },
    async tick(tickMs, input = {}) {
      nowMs = Math.max(nowMs, tickMs + 3000);
      exchange.requests.splice(0);
      const report = await syncCandles({ api: exchange, db, clock }, { symbols, timeframes, settings, tickMs, ...input });
      refuseWrongSums(report);
      return report;
    },
    async storedTimes(symbol, timeframe) {
      const found = (await stored()).find(({ series }) => series.symbol === symbol && series.timeframe === timeframe);
      return found?.candles.map(({ openTimeMs }) => openTimeMs) ?? [];
    },
  };
}

function refuseWrongSums(report: SyncReport): void {
  for (const { fetched, stored, changed, unchanged, stillOpen } of report.series) {
    if (fetched !== stored + changed + unchanged + stillOpen)
      throw new RangeError(`fetched ${fetched} is not ${stored} + ${changed} + ${unchanged} + ${stillOpen}`);
  }
  const sum = (count: (series: SeriesSyncReport) => number): number => report.series.reduce((total, series) => total + count(series), 0);
  const sums = [
    sum(({ fetched }) => fetched),
    sum(({ stored }) => stored),
    sum(({ changed }) => changed),
    sum(({ unchanged }) => unchanged),
  ];
  const told = [report.fetched, report.stored, report.changed, report.unchanged];
  if (String(sums) !== String(told)) throw new RangeError(`the sums ${String(told)} are not those of the series, ${String(sums)}`);
}
