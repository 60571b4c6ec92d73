import { StoreError } from '#core/errors.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { syncCandles, type SyncReport } from '#usecases/sync-candles.ts';
import { createSyncMemory, type SyncMemory } from '#usecases/sync-memory.ts';
import type { Dice } from './dice.ts';
import type { FaultCounter } from './fault-counter.ts';
import type { Judge } from './judge.ts';
import { within, type Outages } from './outages.ts';
import { simulatedExchange } from './simulated-exchange.ts';
import { Crash, simulatedStore } from './simulated-store.ts';
import type { Truth } from './simulated-truth.ts';
import { MINUTE, SETTINGS, START, symbolsOf, type SimulationOptions, type Venue } from './workload.ts';

export type WorldParts = {
  readonly options: SimulationOptions;
  readonly dice: Dice;
  readonly faults: FaultCounter;
  readonly truth: Truth;
  readonly outages: Outages;
  readonly judge: Judge;
  readonly clock: { trueMs: number };
};

export type World = {
  readonly db: TimeSeriesDb;
  /** One scheduled minute of one exchange; what the process told of it, null when there was none or it failed. */
  readonly tick: (exchange: Venue, tickMs: number) => Promise<SyncReport | null>;
};

/** How many processes of one tick have written a candle: two that overlap may write the same. */
type Writers = Map<string, number>;

/** Three exchanges, a store, a schedule and the processes that it starts. */
export function createWorld({ options, dice, faults, truth, outages, judge, clock }: WorldParts): World {
  const db = createMemoryTimeSeriesDb();
  const untilMs = START + options.faultyMinutes * MINUTE;
  const isFaulty = (): boolean => clock.trueMs < untilMs;
  const often = (chance: number): boolean => isFaulty() && dice.hits(chance * options.processFaults);
  const memories = new Map<Venue, SyncMemory>();
  const begun = new Set<unknown>();
  const vanished = new Set<string>();
  const hasLost = new Map<Venue, boolean>();
  let skewMs = 0;

  const apis = new Map(
    options.venues.map((exchange) => [
      exchange,
      simulatedExchange({
        exchange,
        truth,
        dice,
        faults,
        outages,
        pageFaults: options.pageFaults,
        nowMs: () => clock.trueMs,
        faultChance: () => (isFaulty() ? options.requestFaults : 0),
        isStored: judge.isStored,
        onRefused: judge.onRefused,
        onVanished(series, openTimeMs) {
          const name = `${seriesKey(series)} ${openTimeMs}`;
          if (!vanished.has(name)) faults.count('stored candle vanishes from an answer');
          vanished.add(name);
        },
      }),
    ]),
  );

  const storeOf = (exchange: Venue, writers: Writers) =>
    simulatedStore(db, {
      dice,
      faults,
      faultChance: () => (isFaulty() ? options.storeFaults : 0),
      isDown: () => within(outages.store, clock.trueMs),
      onWrite: judge.onWrite,
      onTaken(written) {
        const [method, rows] = written;
        judge.onTaken(written);
        if (method !== 'insertCandles') return;
        for (const { series, candles } of rows) {
          const name = `${seriesKey(series)} ${candles.at(-1)?.openTimeMs ?? 0}`;
          if (writers.has(name)) judge.came('two processes wrote one candle at one tick');
          writers.set(name, 1);
        }
      },
      onLost() {
        if (hasLost.get(exchange) === true) judge.came('a write was lost and its repetition failed');
        hasLost.set(exchange, true);
      },
    });

  const run = async (exchange: Venue, tickMs: number, memory: SyncMemory | undefined, writers: Writers): Promise<SyncReport | null> => {
    const requests = new Map<string, number>();
    const api = watched(apis.get(exchange)!, requests, judge);
    const ports = { api, db: storeOf(exchange, writers), clock: { nowMs: () => clock.trueMs + skewMs, sleepUntil: async () => {} } };
    const input = {
      symbols: symbolsOf(options),
      timeframes: options.timeframes,
      tickMs,
      settings: { ...SETTINGS, rereadAfterHours: options.rereadAfterHours, ...options.sabotage?.settings },
      ...(memory === undefined ? {} : { memory }),
    };
    try {
      const sync = options.sabotage?.sync ?? syncCandles;
      const report = await sync(options.sabotage?.ports?.(ports) ?? ports, input);
      judge.checkReport(report, requests);
      hasLost.set(exchange, false);
      return report;
    } catch (error) {
      if (error instanceof Crash) memories.delete(exchange);
      else if (!(error instanceof StoreError)) throw error;
      return null;
    }
  };

  const isMissed = (): boolean => {
    const outage = outages.ours.find((window) => within([window], clock.trueMs));
    if (outage !== undefined && !begun.has(outage)) faults.count('outage of ours');
    begun.add(outage);
    if (outage !== undefined) return true;
    const isLost = often(0.02);
    if (isLost) faults.count('tick missed');
    return isLost;
  };

  return {
    db,
    async tick(exchange, tickMs) {
      clock.trueMs = tickMs + dice.between(2500, 20_000);
      if (often(0.01)) {
        skewMs = dice.between(-options.skewMs, options.skewMs);
        faults.count('our clock is wrong');
      } else if (!isFaulty()) skewMs = 0;
      if (isMissed()) return null;
      if (often(0.03)) {
        faults.count('process begins anew');
        memories.delete(exchange);
      }
      const memory = memories.get(exchange) ?? createSyncMemory();
      memories.set(exchange, memory);
      const writers: Writers = new Map();
      const isTwice = often(0.03);
      if (isTwice) faults.count('tick delivered twice at once');
      const [report] = await Promise.all([
        run(exchange, tickMs, memory, writers),
        ...(isTwice ? [run(exchange, tickMs, undefined, writers)] : []),
      ]);
      if (often(0.02)) {
        faults.count('tick repeated');
        await run(exchange, tickMs, memory, new Map());
      }
      return report;
    },
  };
}

/** The exchange as one process asks it: each request is counted, and pages that follow each other are seen. */
function watched(api: ExchangeRestApi, requests: Map<string, number>, judge: Judge): ExchangeRestApi {
  const pageEnds = new Map<string, number>();
  return {
    ...api,
    async fetchCandles(request) {
      const { symbol, timeframe, fromMs, limit } = request;
      const series = { exchange: api.exchange, symbol, timeframe };
      const key = seriesKey(series);
      requests.set(key, (requests.get(key) ?? 0) + 1);
      if (pageEnds.get(key) === fromMs) judge.came('a catch-up took more than one page');
      pageEnds.set(key, fromMs + limit * TIMEFRAME_MS[timeframe]);
      try {
        return await api.fetchCandles(request);
      } catch (error) {
        if (!judge.isKnown(series)) judge.came('a first backfill met a fault');
        throw error;
      }
    },
  };
}
