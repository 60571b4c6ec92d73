import type { StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import type { SeriesCandles, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import { sameCandle } from '#domain/candles/compare.ts';
import { auditStore } from '#usecases/audit-store.ts';
import { REVISED_FROM, type Judge } from './judge.ts';
import { united, type Outages } from './outages.ts';
import { HABITS } from './simulated-exchange.ts';
import type { SeriesTruth, Truth } from './simulated-truth.ts';
import { FIRST_CANDLES, MINUTE, SETTLED_AFTER_MS, START, type NamedSeries, type Venue } from './workload.ts';

const ALL_TIME = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };

/**
 * A watermark never goes back, and never passes a step that is neither stored nor in the ledger. Of two processes that overlap, the one that
 * has come further in both readings together wins, as the port promises: then it may stand before what the other had reached.
 */
export async function checkMarks(db: TimeSeriesDb, exchange: Venue, judge: Judge): Promise<void> {
  const { marks, rereadMarks, begins, violate, came } = judge;
  for (const { series, completeUntilMs, rereadUntilMs } of await db.readWatermarks(exchange)) {
    const key = seriesKey(series);
    const before = marks.get(key) ?? 0;
    const isBack = completeUntilMs < before;
    if (isBack && completeUntilMs + rereadUntilMs < before + (rereadMarks.get(key) ?? 0))
      violate('a watermark never goes back', `${key} from ${before} to ${completeUntilMs}`);
    else if (isBack) came('a slower process set a watermark back');
    // What the first one lacks before the other's beginning stays open in the ledger.
    const beginMs = Math.max(before, begins.get(key) ?? 0);
    if (completeUntilMs > beginMs && before > 0) await checkAccounted(db, series, beginMs, completeUntilMs, judge);
    marks.set(key, completeUntilMs);
    rereadMarks.set(key, rereadUntilMs);
  }
}

async function checkAccounted(
  db: TimeSeriesDb,
  series: Series,
  fromMs: number,
  untilMs: number,
  { violate, wasExplained }: Pick<Judge, 'violate' | 'wasExplained'>,
): Promise<void> {
  const { exchange, symbol, timeframe } = series;
  const [group] = await db.readCandles({ exchange, symbols: [symbol], windows: { [timeframe]: { fromMs, untilMs } } });
  const stepMs = TIMEFRAME_MS[timeframe];
  if ((group?.candles.length ?? 0) * stepMs === untilMs - fromMs) return;
  const times = new Set(group?.candles.map(({ openTimeMs }) => openTimeMs));
  for (let timeMs = fromMs; timeMs < untilMs; timeMs += stepMs)
    if (!times.has(timeMs) && !wasExplained(series, timeMs))
      violate('a watermark passes only what is stored or explained', `${seriesKey(series)} ${timeMs}`);
}

/** A candle that the exchange had dropped before one outage of everything ended that had begun before it closed. */
function isOutOfReach({ exchange, timeframe }: NamedSeries, timeMs: number, { ours, network, store }: Outages): boolean {
  const { horizon } = HABITS[exchange];
  if (horizon === null) return false;
  const stepMs = TIMEFRAME_MS[timeframe];
  const keptFrom = (endMs: number): number => floorToGrid(endMs, stepMs) - horizon * stepMs;
  return united([...ours, ...network[exchange], ...store]).some(
    ({ fromMs, untilMs }) => fromMs <= timeMs + stepMs + MINUTE && timeMs < keptFrom(untilMs),
  );
}

async function storedOf(db: TimeSeriesDb, series: Series, untilMs: number): Promise<readonly StoredCandle[]> {
  const windows = { [series.timeframe]: { fromMs: 0, untilMs } };
  const [group] = await db.readCandles({ exchange: series.exchange, symbols: [series.symbol], windows });
  return group?.candles ?? [];
}

/** Open times of closed candles that the exchange has and the store has not, but for those that nobody could have had. */
async function missingOf(db: TimeSeriesDb, series: NamedSeries, truth: Truth, outages: Outages, tickMs: number): Promise<number> {
  const stepMs = TIMEFRAME_MS[series.timeframe];
  const times = new Set((await storedOf(db, series, tickMs)).map(({ openTimeMs }) => openTimeMs));
  const { at } = truth(series);
  let missing = 0;
  for (let timeMs = START - FIRST_CANDLES * stepMs; timeMs + stepMs <= tickMs; timeMs += stepMs) {
    const isMissing = !times.has(timeMs) && at(timeMs, tickMs) !== null;
    if (isMissing && !isOutOfReach(series, timeMs, outages)) missing += 1;
  }
  return missing;
}

export type Sums = { lost: number; outOfReach: number; duplicates: number; wrong: number; vanished: number };

/** Whether everything that the exchange has of closed candles is stored. Its newest minute is the tick's own work. */
export async function isCaughtUp(
  db: TimeSeriesDb,
  series: readonly NamedSeries[],
  truth: Truth,
  outages: Outages,
  tickMs: number,
): Promise<boolean> {
  for (const one of series) if ((await missingOf(db, one, truth, outages, tickMs)) > 0) return false;
  return true;
}

/** The store in the end against what the exchange has in the end. */
export async function compareWithTruth(
  db: TimeSeriesDb,
  series: readonly NamedSeries[],
  { truth, outages, endMs, judge }: { readonly truth: Truth; readonly outages: Outages; readonly endMs: number; readonly judge: Judge },
): Promise<Sums & { readonly stored: readonly SeriesCandles[] }> {
  const all: SeriesCandles[] = [];
  const sums: Sums = { lost: 0, outOfReach: 0, duplicates: 0, wrong: 0, vanished: 0 };
  for (const one of series) {
    const stored = await storedOf(db, one, endMs);
    all.push({ series: one, candles: stored });
    const byTime = new Map(stored.map((candle) => [candle.openTimeMs, candle]));
    sums.duplicates += stored.length - byTime.size;
    if (stored.length !== byTime.size) judge.violate('a candle is there once', one.key);
    const lost = await lostGaps(db, one);
    const stepMs = TIMEFRAME_MS[one.timeframe];
    for (let timeMs = START - FIRST_CANDLES * stepMs; timeMs + stepMs <= endMs; timeMs += stepMs)
      compareOne(one, timeMs, byTime.get(timeMs), { truth: truth(one), outages, endMs, judge, sums, lost });
  }
  return { ...sums, stored: all };
}

async function lostGaps(db: TimeSeriesDb, { exchange, symbol, timeframe }: Series): Promise<readonly CandleGap[]> {
  const gaps = await db.readCandleGaps({ exchange, symbols: [symbol], ...ALL_TIME, states: ['explained'] });
  return gaps.filter(({ series, reason }) => series.timeframe === timeframe && reason === 'retention_lost');
}

function compareOne(
  series: NamedSeries,
  timeMs: number,
  is: StoredCandle | undefined,
  {
    truth,
    outages,
    endMs,
    judge: { violate, came },
    sums,
    lost,
  }: {
    readonly truth: SeriesTruth;
    readonly outages: Outages;
    readonly endMs: number;
    readonly judge: Judge;
    readonly sums: Sums;
    readonly lost: readonly CandleGap[];
  },
): void {
  const stepMs = TIMEFRAME_MS[series.timeframe];
  const should = truth.at(timeMs, endMs);
  const name = `${series.key} ${new Date(timeMs).toISOString()}`;
  if (is === undefined) {
    if (should === null) return;
    const isTold = isOutOfReach(series, timeMs, outages) && lost.some(({ fromMs, untilMs }) => fromMs <= timeMs && timeMs < untilMs);
    if (isTold) sums.outOfReach += 1;
    else {
      sums.lost += 1;
      violate('no candle is lost', name);
    }
    return;
  }
  const isGone = should === null && (truth.vanishesAtMs(timeMs) ?? endMs) < endMs;
  if (isGone) {
    sums.vanished += 1;
    came('a vanished candle stayed stored');
  }
  // A correction of the last hours is still to be found, and one of a candle that has vanished may never have been seen.
  const isYoung = timeMs + stepMs > endMs - SETTLED_AFTER_MS;
  const isRight = isYoung || isGone ? truth.wasServed(is) : should !== null && sameCandle(should, is);
  if (isRight) return;
  sums.wrong += 1;
  violate('what is stored is what the exchange serves in the end', `${name}: ${is.volume}, not ${should?.volume ?? 'there'}`);
}

/**
 * What the exchange has not listed stays so in the ledger, whatever is learned later, unless it came after all. Once it is out of the
 * exchange's reach nobody can know any more: then the evidence keeps it.
 */
export async function checkUnlisted(db: TimeSeriesDb, venues: readonly Venue[], series: readonly Series[], judge: Judge): Promise<void> {
  const symbols = [...new Set(series.map(({ symbol }) => symbol))];
  const gaps = await Promise.all(venues.map((exchange) => db.readCandleGaps({ exchange, symbols, ...ALL_TIME, states: ['explained'] })));
  const isToldSo = ({ reason, evidence }: CandleGap): boolean =>
    reason === 'not_listed' || (reason === 'retention_lost' && evidence.includes('not_listed'));
  for (const gap of gaps.flat().filter((one) => !isToldSo(one))) {
    const stepMs = TIMEFRAME_MS[gap.series.timeframe];
    for (let timeMs = gap.fromMs; timeMs < gap.untilMs; timeMs += stepMs)
      if (judge.wasUnlisted(gap.series, timeMs))
        judge.violate('what was not listed stays so in the ledger', `${seriesKey(gap.series)} ${timeMs}: ${gap.reason}`);
  }
}

/**
 * What a candle was before it was replaced is never gone. From what is stored in the end the ledger leads back, row by row, to the figures
 * that the candle came with. Where processes overlap or die (`isShaky`) a row may lead to a version that no row is about: then the oldest row
 * has to be older than what is stored.
 */
export function checkRevisions(
  stored: readonly SeriesCandles[],
  revisions: readonly CandleRevision[],
  { violate }: Judge,
  isShaky: boolean,
): void {
  const befores = new Map<string, bigint>();
  const oldest = new Map<string, bigint>();
  for (const { series, openTimeMs, before, after } of revisions) {
    if (before === null) continue;
    const name = `${seriesKey(series)} ${openTimeMs}`;
    befores.set(`${name} ${after.version}`, before.version);
    if (before.version < (oldest.get(name) ?? before.version + 1n)) oldest.set(name, before.version);
  }
  for (const { series, candles } of stored) {
    for (const { openTimeMs, version } of candles.filter((candle) => candle.version >= REVISED_FROM)) {
      const name = `${seriesKey(series)} ${openTimeMs}`;
      let [at, before] = [version, befores.get(`${name} ${version}`)];
      while (before !== undefined && before < at) [at, before] = [before, befores.get(`${name} ${before}`)];
      // Here the ledger leads no further: right where the candle was new.
      const isKept = isShaky ? (oldest.get(name) ?? version) < version : at < REVISED_FROM;
      if (!isKept) violate('what a candle was before is in the ledger of revisions', `${name}: nothing before version ${at}`);
    }
  }
}

export async function allRevisions(db: TimeSeriesDb, venues: readonly Venue[]): Promise<readonly CandleRevision[]> {
  const rows = await Promise.all(venues.map((exchange) => db.readCandleRevisions({ exchange, ...ALL_TIME })));
  return rows.flat().filter(({ before }) => before !== null);
}

/** The audit that users run finds nothing either. The made-up timeframes do not add up, so that check is left out. */
export async function auditEverything(db: TimeSeriesDb, exchanges: readonly Venue[], { violate }: Judge): Promise<void> {
  const { findings } = await auditStore(
    { db },
    {
      exchanges,
      indicators: { indicators: [{ kind: 'sma', length: 20 }], lookback: 400, minCandles: 20, maxFilledCandles: 60, ttlSeconds: 180 },
      sampleCandles: 1,
      keptFromMs: Number.NEGATIVE_INFINITY,
    },
  );
  for (const { check, series, openTimeMs, message } of findings.filter((one) => one.check !== 'roll-up'))
    violate(`audit: ${check}`, `${seriesKey(series)} ${new Date(openTimeMs).toISOString()} ${message}`);
}
