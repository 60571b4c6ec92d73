import { createHash } from 'node:crypto';
import type { StoredCandle } from '#core/candle.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import { StoreError } from '#core/errors.ts';
import type { SeriesCandles, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { sameCandle } from '#domain/candles/compare.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { auditStore } from '#usecases/audit-store.ts';
import { syncCandles, type SyncPorts, type SyncReport, type SyncSettings } from '#usecases/sync-candles.ts';
import { createSyncMemory, type SyncMemory } from '#usecases/sync-memory.ts';
import { createDice, type Dice } from './dice.ts';
import { createFaultCounter, type FaultCounter } from './fault-counter.ts';
import { simulatedExchange } from './simulated-exchange.ts';
import { Crash, simulatedStore } from './simulated-store.ts';
import { createTruth, type Truth, type TruthRule } from './simulated-truth.ts';

const MINUTE = 60_000;
const REVISED_FROM = candleVersion({ finality: 'revised', sourceRank: 0, fetchedAtMs: 0, sequence: 0 });
const START = Date.UTC(2026, 0, 5);
/** Candles before the start that a first backfill has to bring, whatever its first answers are. */
const FIRST_CANDLES = 60;
const VENUES = ['binance', 'coinbase', 'kraken'] as const;
type Venue = (typeof VENUES)[number];

export type SimulationOptions = {
  readonly seed: number;
  /** How long faults happen, virtual minutes; afterwards nothing does, and everything must heal. */
  readonly faultyMinutes: number;
  readonly quietMinutes: number;
  readonly symbols: number;
  readonly timeframes: readonly Timeframe[];
  /** Chance of a fault for each request to an exchange, and for each statement to the store. */
  readonly requestFaults: number;
  readonly storeFaults: number;
  /** Outages of us, the exchange's network and the store, so many a day of each, and how long at the most, minutes. */
  readonly outagesADay: number;
  readonly longestOutage: number;
  /** Our clock may be wrong by so much, ms. */
  readonly skewMs: number;
  readonly revisedShare: number;
  /** A way to break the platform on purpose; a battery that does not see it is worth nothing. */
  readonly sabotage?: Sabotage;
};

/** Stands between sync and its ports, or in front of sync itself. */
export type Sabotage = {
  readonly ports?: (ports: SyncPorts) => SyncPorts;
  readonly settings?: Partial<SyncSettings>;
  readonly sync?: typeof syncCandles;
};

export const DEFAULTS: Omit<SimulationOptions, 'seed'> = {
  faultyMinutes: 480,
  quietMinutes: 420,
  symbols: 2,
  timeframes: ['1m', '5m'],
  requestFaults: 0.3,
  storeFaults: 0.03,
  outagesADay: 12,
  longestOutage: 90,
  skewMs: 120_000,
  revisedShare: 0.01,
};

type Violation = { readonly invariant: string; readonly what: string };

export type SimulationResult = {
  readonly seed: number;
  readonly candles: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly faultCount: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly wrong: number;
  readonly openAsClosed: number;
  readonly revisions: number;
  /** Ticks of the quiet time until every series was complete. */
  readonly recoveryTicks: number;
  readonly violations: readonly Violation[];
  /** SHA-256 of everything that happened, in order. */
  readonly traceHash: string;
};

const SETTINGS: SyncSettings = {
  backfillLimit: 100,
  latestCandles: 5,
  recheckCandles: 300,
  rereadAfterHours: [1, 3],
  closeGraceMs: 2000,
  concurrency: 4,
};

/** Corrections come before the last turn of the second reading, which is three hours after the candle, and comes once an hour. */
const REVISED_WITHIN_MS = 2.5 * 3_600_000;
const SETTLED_AFTER_MS = 4.25 * 3_600_000;

/** One run of the real sync over three exchanges, in virtual time, decided by its seed: first faults, then none. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const dice = createDice(options.seed);
  const faults = createFaultCounter();
  const trace = createHash('sha256');
  const series = VENUES.flatMap((exchange) => seriesOf(exchange, options));
  const untilMs = START + options.faultyMinutes * MINUTE;
  const outages = planOutages(options, dice);
  const truth = createTruth(truthRule(options, outages.silent));
  const violations: Violation[] = [];
  const violate = (invariant: string, what: string): void => {
    if (violations.length < 100) violations.push({ invariant, what });
  };
  const world = createWorld({ options, dice, faults, truth, outages, untilMs, violate });
  let recoveryTicks = 0;
  for (let minute = 0; minute < options.faultyMinutes + options.quietMinutes; minute++) {
    const tickMs = START + minute * MINUTE;
    for (const exchange of VENUES) {
      const report = await world.tick(exchange, tickMs);
      trace.update(`${tickMs} ${exchange} ${report === null ? 'none' : `${report.stored} ${report.changed} ${report.missing}`}\n`);
    }
    if (tickMs >= untilMs && recoveryTicks === (tickMs - untilMs) / MINUTE && !(await isCaughtUp(world.db, series, truth, tickMs)))
      recoveryTicks += 1;
  }
  const endMs = START + (options.faultyMinutes + options.quietMinutes - 1) * MINUTE;
  const end = await compareWithTruth(world.db, series, truth, endMs, violate);
  const revisions = await allRevisions(world.db);
  checkRevisions(end.stored, revisions, violate);
  await auditEverything(world.db, violate);
  for (const [kind, count] of Object.entries(faults.counts())) trace.update(`${kind} ${count}\n`);
  for (const candle of end.stored) trace.update(`${candle.openTimeMs} ${candle.volume} ${candle.version}\n`);
  return {
    seed: options.seed,
    candles: end.stored.length,
    faults: faults.counts(),
    faultCount: faults.total(),
    lost: end.lost,
    duplicates: end.duplicates,
    wrong: end.wrong,
    openAsClosed: world.openAsClosed(),
    revisions: revisions.length,
    recoveryTicks,
    violations,
    traceHash: trace.digest('hex'),
  };
}

function symbolsOf({ symbols }: SimulationOptions): readonly MarketSymbol[] {
  return ['BTC/USD', 'ETH/USD', 'SOL/USD', 'XRP/USD', 'ADA/USD', 'DOT/USD', 'LTC/USD']
    .slice(0, symbols)
    .map((text) => parseMarketSymbol(text)!);
}

function seriesOf(exchange: Venue, options: SimulationOptions): readonly Series[] {
  return options.timeframes.flatMap((timeframe) => symbolsOf(options).map((symbol) => ({ exchange, symbol, timeframe })));
}

type Window = { readonly fromMs: number; readonly untilMs: number };

type Outages = {
  readonly ours: readonly Window[];
  readonly store: readonly Window[];
  readonly network: Readonly<Record<Venue, readonly Window[]>>;
  /** Nothing is traded at the exchange. */
  readonly silent: TruthRule['outages'];
};

function planOutages({ outagesADay, longestOutage, faultyMinutes }: SimulationOptions, dice: Dice): Outages {
  const some = (share = 1): readonly Window[] =>
    Array.from({ length: Math.round((outagesADay * share * faultyMinutes) / 1440) }, () => {
      const fromMs = START + dice.between(1, faultyMinutes) * MINUTE;
      return { fromMs, untilMs: Math.min(fromMs + dice.between(1, longestOutage) * MINUTE, START + faultyMinutes * MINUTE) };
    });
  return {
    ours: some(),
    store: some(0.5),
    network: { binance: some(), coinbase: some(), kraken: some() },
    silent: VENUES.flatMap((exchange) => some(0.25).map((window) => ({ exchange, ...window }))),
  };
}

function truthRule({ seed, revisedShare }: SimulationOptions, outages: TruthRule['outages']): TruthRule {
  return {
    seed,
    // Coinbase has no row for a step without a trade; the second market is a quiet one.
    emptyShare: ({ exchange, symbol, timeframe }) =>
      exchange !== 'coinbase' || timeframe !== '1m' ? 0 : symbol === 'BTC/USD' ? 0.01 : 0.3,
    revisedShare,
    revisedWithinMs: REVISED_WITHIN_MS,
    outages,
  };
}

type WorldParts = {
  readonly options: SimulationOptions;
  readonly dice: Dice;
  readonly faults: FaultCounter;
  readonly truth: Truth;
  readonly outages: Outages;
  readonly untilMs: number;
  readonly violate: (invariant: string, what: string) => void;
};

function createWorld({ options, dice, faults, truth, outages, untilMs, violate }: WorldParts) {
  const db = createMemoryTimeSeriesDb();
  let trueMs = START;
  let skewMs = 0;
  let openAsClosed = 0;
  const isFaulty = (): boolean => trueMs < untilMs;
  const within = (windows: readonly Window[]): boolean => windows.some(({ fromMs, untilMs: end }) => trueMs >= fromMs && trueMs < end);
  const memories = new Map<Venue, SyncMemory>();
  const marks = new Map<string, number>();

  const checkWritten = (groups: readonly SeriesCandles[]): void => {
    for (const { series, candles } of groups) {
      const stepMs = TIMEFRAME_MS[series.timeframe];
      for (const candle of candles) {
        if (candle.openTimeMs + stepMs > trueMs) {
          openAsClosed += 1;
          violate('no open candle is stored', `${seriesKey(series)} ${candle.openTimeMs} at ${trueMs}`);
        }
      }
    }
  };
  const store = simulatedStore(db, {
    dice,
    faults,
    faultChance: () => (isFaulty() ? options.storeFaults : 0),
    isDown: () => isFaulty() && within(outages.store),
    onInsert: checkWritten,
  });
  const apis = new Map(
    VENUES.map((exchange) => [
      exchange,
      simulatedExchange({
        exchange,
        truth,
        dice,
        faults,
        nowMs: () => trueMs,
        faultChance: () => (isFaulty() ? options.requestFaults : 0),
        isDown: () => isFaulty() && within(outages.network[exchange]),
      }),
    ]),
  );

  const run = async (exchange: Venue, tickMs: number, memory: SyncMemory | undefined): Promise<SyncReport | null> => {
    const ports = { api: apis.get(exchange)!, db: store, clock: { nowMs: () => trueMs + skewMs, sleepUntil: async () => {} } };
    const input = {
      symbols: symbolsOf(options),
      timeframes: options.timeframes,
      tickMs,
      settings: { ...SETTINGS, ...options.sabotage?.settings },
      ...(memory === undefined ? {} : { memory }),
    };
    try {
      const sync = options.sabotage?.sync ?? syncCandles;
      return await sync(options.sabotage?.ports?.(ports) ?? ports, input);
    } catch (error) {
      if (error instanceof Crash) memories.delete(exchange);
      else if (!(error instanceof StoreError)) throw error;
      return null;
    }
  };

  return {
    db,
    openAsClosed: () => openAsClosed,
    async tick(exchange: Venue, tickMs: number): Promise<SyncReport | null> {
      trueMs = tickMs + dice.between(2500, 20_000);
      if (isFaulty() && dice.hits(0.01)) {
        skewMs = dice.between(-options.skewMs, options.skewMs);
        faults.count('our clock is wrong');
      } else if (!isFaulty()) skewMs = 0;
      if (isFaulty() && within(outages.ours)) {
        faults.count('tick missed in an outage of ours');
        return null;
      }
      if (isFaulty() && dice.hits(0.02)) {
        faults.count('tick missed');
        return null;
      }
      if (isFaulty() && dice.hits(0.03)) {
        faults.count('process begins anew');
        memories.delete(exchange);
      }
      const memory = memories.get(exchange) ?? createSyncMemory();
      memories.set(exchange, memory);
      const isTwice = isFaulty() && dice.hits(0.03);
      if (isTwice) faults.count('tick delivered twice at once');
      const [report] = await Promise.all([run(exchange, tickMs, memory), ...(isTwice ? [run(exchange, tickMs, undefined)] : [])]);
      if (isFaulty() && dice.hits(0.02)) {
        faults.count('tick repeated');
        await run(exchange, tickMs, memory);
      }
      await checkMarks(db, exchange, marks, violate);
      return report;
    },
  };
}

/** A watermark never goes back, and never passes a step that is neither stored nor in the ledger. */
async function checkMarks(db: TimeSeriesDb, exchange: Venue, marks: Map<string, number>, violate: WorldParts['violate']): Promise<void> {
  for (const { series, completeUntilMs } of await db.readWatermarks(exchange)) {
    const before = marks.get(seriesKey(series)) ?? 0;
    if (completeUntilMs < before) violate('a watermark never goes back', `${seriesKey(series)} from ${before} to ${completeUntilMs}`);
    if (completeUntilMs > before && before > 0) await checkAccounted(db, series, before, completeUntilMs, violate);
    marks.set(seriesKey(series), completeUntilMs);
  }
}

async function checkAccounted(
  db: TimeSeriesDb,
  series: Series,
  fromMs: number,
  untilMs: number,
  violate: WorldParts['violate'],
): Promise<void> {
  const { exchange, symbol, timeframe } = series;
  const window = { fromMs, untilMs };
  const [group] = await db.readCandles({ exchange, symbols: [symbol], windows: { [timeframe]: window } });
  const times = new Set(group?.candles.map(({ openTimeMs }) => openTimeMs));
  const gaps = (await db.readCandleGaps({ exchange, symbols: [symbol], ...window, states: ['open', 'explained', 'resolved'] })).filter(
    (gap) => gap.series.timeframe === timeframe,
  );
  for (let timeMs = fromMs; timeMs < untilMs; timeMs += TIMEFRAME_MS[timeframe]) {
    const isExplained = gaps.some((gap) => gap.fromMs <= timeMs && timeMs < gap.untilMs);
    if (!times.has(timeMs) && !isExplained)
      violate('a watermark passes only what is stored or explained', `${seriesKey(series)} ${timeMs}`);
  }
}

async function storedOf(db: TimeSeriesDb, series: Series, untilMs: number): Promise<readonly StoredCandle[]> {
  const windows = { [series.timeframe]: { fromMs: 0, untilMs } };
  const [group] = await db.readCandles({ exchange: series.exchange, symbols: [series.symbol], windows });
  return group?.candles ?? [];
}

/** Whether everything that the exchange has of closed candles is stored. Its newest minute is the tick's own work. */
async function isCaughtUp(db: TimeSeriesDb, series: readonly Series[], truth: Truth, tickMs: number): Promise<boolean> {
  for (const one of series) {
    const stepMs = TIMEFRAME_MS[one.timeframe];
    const times = new Set((await storedOf(db, one, tickMs)).map(({ openTimeMs }) => openTimeMs));
    const firstMs = START - FIRST_CANDLES * stepMs;
    for (let timeMs = firstMs; timeMs + stepMs <= tickMs; timeMs += stepMs)
      if (!times.has(timeMs) && truth(one, timeMs, tickMs) !== null) return false;
  }
  return true;
}

async function compareWithTruth(db: TimeSeriesDb, series: readonly Series[], truth: Truth, endMs: number, violate: WorldParts['violate']) {
  const all: StoredCandle[] = [];
  const sums = { lost: 0, duplicates: 0, wrong: 0 };
  for (const one of series) {
    const stepMs = TIMEFRAME_MS[one.timeframe];
    const stored = await storedOf(db, one, endMs);
    all.push(...stored);
    const byTime = new Map(stored.map((candle) => [candle.openTimeMs, candle]));
    sums.duplicates += stored.length - byTime.size;
    for (let timeMs = START - FIRST_CANDLES * stepMs; timeMs + stepMs <= endMs; timeMs += stepMs) {
      const should = truth(one, timeMs, endMs);
      const is = byTime.get(timeMs);
      if (should !== null && is === undefined) {
        sums.lost += 1;
        violate('no candle is lost', `${seriesKey(one)} ${new Date(timeMs).toISOString()}`);
      }
      // A correction of the last hours is still to be found.
      const isYoung = timeMs + stepMs > endMs - SETTLED_AFTER_MS;
      const first = truth(one, timeMs, timeMs + stepMs);
      const isKnown = is !== undefined && [should, isYoung ? first : null].some((candle) => candle !== null && sameCandle(candle, is));
      if (is !== undefined && !isKnown) {
        sums.wrong += 1;
        violate(
          'what is stored is what the exchange serves in the end',
          `${seriesKey(one)} ${new Date(timeMs).toISOString()}: ${is.volume}, not ${should?.volume ?? 'there'}`,
        );
      }
    }
  }
  return { ...sums, stored: all };
}

/** What a candle was before it was replaced is never gone. */
function checkRevisions(stored: readonly StoredCandle[], revisions: readonly CandleRevision[], violate: WorldParts['violate']): void {
  const kept = new Set(revisions.map(({ after }) => after.version));
  const replaced = stored.filter(({ version }) => version >= REVISED_FROM);
  for (const { openTimeMs, version } of replaced)
    if (!kept.has(version)) violate('what a candle was before is in the ledger of revisions', new Date(openTimeMs).toISOString());
}

async function allRevisions(db: TimeSeriesDb) {
  const window = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
  const rows = await Promise.all(VENUES.map((exchange) => db.readCandleRevisions({ exchange, ...window })));
  return rows.flat().filter(({ before }) => before !== null);
}

/** The audit that users run finds nothing either. The made-up timeframes do not add up, so that check is left out. */
async function auditEverything(db: TimeSeriesDb, violate: WorldParts['violate']): Promise<void> {
  const { findings } = await auditStore(
    { db },
    {
      exchanges: VENUES,
      indicators: { indicators: [{ kind: 'sma', length: 20 }], lookback: 400, minCandles: 20, maxFilledCandles: 60, ttlSeconds: 180 },
      sampleCandles: 1,
      keptFromMs: Number.NEGATIVE_INFINITY,
    },
  );
  for (const { check, series, openTimeMs, message } of findings.filter((one) => one.check !== 'roll-up'))
    violate(`audit: ${check}`, `${seriesKey(series)} ${new Date(openTimeMs).toISOString()} ${message}`);
}
