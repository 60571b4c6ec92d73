import { createHash } from 'node:crypto';
import {
  allRevisions,
  auditEverything,
  checkMarks,
  checkRevisions,
  checkUnlisted,
  compareWithTruth,
  isCaughtUp,
  type Sums,
} from './checks.ts';
import { createDice } from './dice.ts';
import { createFaultCounter } from './fault-counter.ts';
import { createJudge, type Violation } from './judge.ts';
import { planOutages, type Outages } from './outages.ts';
import { createTruth, type TruthRule } from './simulated-truth.ts';
import { createWorld } from './world.ts';
import { MINUTE, seriesOf, START, VANISHED_WITHIN_MS, type SimulationOptions, type Venue } from './workload.ts';

export type SimulationResult = Readonly<Sums> & {
  readonly seed: number;
  readonly candles: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly faultCount: number;
  readonly situations: Readonly<Record<string, number>>;
  readonly openAsClosed: number;
  readonly revisions: number;
  /** Ticks of the quiet time until every series of an exchange was complete: 1 when the first brought everything. */
  readonly recoveryTicks: Readonly<Partial<Record<Venue, number>>>;
  readonly violations: readonly Violation[];
  /** SHA-256 of everything that happened, in order. */
  readonly traceHash: string;
};

/** One run of the real sync over three exchanges, in virtual time, decided by its seed: first faults, then none. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { venues, faultyMinutes, quietMinutes } = options;
  const dice = createDice(options.seed);
  const [faults, situations] = [createFaultCounter(), createFaultCounter()];
  const trace = createHash('sha256');
  const series = seriesOf(options);
  const untilMs = START + faultyMinutes * MINUTE;
  const outages = planOutages(options, dice);
  const truth = createTruth(truthRule(options, outages.silences));
  const clock = { trueMs: START };
  const judge = createJudge({ truth, situations, nowMs: () => clock.trueMs });
  const world = createWorld({ options, dice, faults, truth, outages, judge, clock });
  const recovery = new Map<Venue, { ticks: number; isDone: boolean }>(venues.map((exchange) => [exchange, { ticks: 0, isDone: false }]));
  for (let minute = 0; minute < faultyMinutes + quietMinutes; minute++) {
    const tickMs = START + minute * MINUTE;
    for (const exchange of venues) {
      const report = await world.tick(exchange, tickMs);
      await checkMarks(world.db, exchange, judge);
      trace.update(`${tickMs} ${exchange} ${report === null ? 'none' : `${report.stored} ${report.changed} ${report.missing}`}\n`);
      const healing = recovery.get(exchange)!;
      if (tickMs < untilMs || healing.isDone) continue;
      healing.ticks += 1;
      const own = series.filter((one) => one.exchange === exchange);
      healing.isDone = await isCaughtUp(world.db, own, truth, outages, tickMs);
    }
  }
  const endMs = START + (faultyMinutes + quietMinutes - 1) * MINUTE;
  const { stored, ...sums } = await compareWithTruth(world.db, series, { truth, outages, endMs, judge });
  const revisions = await allRevisions(world.db, venues);
  checkRevisions(stored, revisions, judge, options.processFaults > 0 || options.storeFaults > 0);
  await checkUnlisted(world.db, venues, series, judge);
  await auditEverything(world.db, venues, judge);
  for (const [kind, count] of Object.entries({ ...faults.counts(), ...situations.counts() })) trace.update(`${kind} ${count}\n`);
  const candles = stored.flatMap((group) => group.candles);
  for (const candle of candles) trace.update(`${candle.openTimeMs} ${candle.volume} ${candle.version}\n`);
  return {
    ...sums,
    seed: options.seed,
    candles: candles.length,
    faults: faults.counts(),
    faultCount: faults.total(),
    situations: situations.counts(),
    openAsClosed: judge.openAsClosed(),
    revisions: revisions.length,
    recoveryTicks: Object.fromEntries([...recovery].map(([exchange, { ticks }]) => [exchange, ticks])),
    violations: judge.violations,
    traceHash: trace.digest('hex'),
  };
}

const HOUR = 60 * MINUTE;

/** Kraken drops a minute after twelve hours; it is read for the last time after so many. What is corrected then nobody can see. */
const LAST_READING_OF_KRAKENS_MINUTES_HOURS = 10.8;

/** What the exchanges of a run have: all of it follows from its seed. */
export function truthRule(options: SimulationOptions, silences: Outages['silences']): TruthRule {
  const { seed, revisedShare, revisedTwiceShare, revisedWithinHours, revisedMinutes, vanishedShare, emptyShare } = options;
  return {
    seed,
    // Coinbase has no row for a step without a trade; all of its markets but the first are quiet ones.
    emptyShare: ({ exchange, symbol, timeframe }) =>
      exchange !== 'coinbase' || timeframe !== '1m' ? 0 : symbol === 'BTC/USD' ? emptyShare / 30 : emptyShare,
    revisedShare,
    revisedWithinMs: ({ exchange, timeframe }) =>
      HOUR *
      (exchange === 'kraken' && timeframe === '1m'
        ? Math.min(revisedWithinHours, LAST_READING_OF_KRAKENS_MINUTES_HOURS)
        : revisedWithinHours),
    revisedUntilMs: revisedMinutes === null ? Number.POSITIVE_INFINITY : START + revisedMinutes * MINUTE,
    revisedTwiceShare,
    vanishedShare,
    vanishedWithinMs: VANISHED_WITHIN_MS,
    silences,
  };
}
