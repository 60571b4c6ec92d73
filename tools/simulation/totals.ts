import { createHash } from 'node:crypto';
import { FAULTS, neverHappened, SITUATIONS } from './faults.ts';
import type { SimulationResult } from './simulate.ts';

/** What a number of runs has come to. */
export type Totals = {
  seeds: number;
  candles: number;
  revisions: number;
  faults: number;
  lost: number;
  duplicates: number;
  wrong: number;
  openAsClosed: number;
  readonly byKind: Map<string, number>;
  readonly situations: Map<string, number>;
  /** Ticks that each exchange of each run needed, once nothing happened any more. */
  readonly recoveryTicks: number[];
  readonly broken: { readonly seed: number; readonly invariant: string; readonly what: string }[];
  readonly hashes: string[];
};

export function createTotals(): Totals {
  return {
    seeds: 0,
    candles: 0,
    revisions: 0,
    faults: 0,
    lost: 0,
    duplicates: 0,
    wrong: 0,
    openAsClosed: 0,
    byKind: new Map(),
    situations: new Map(),
    recoveryTicks: [],
    broken: [],
    hashes: [],
  };
}

export function addResult(totals: Totals, result: SimulationResult): void {
  totals.seeds += 1;
  totals.candles += result.candles;
  totals.revisions += result.revisions;
  totals.faults += result.faultCount;
  totals.lost += result.lost;
  totals.duplicates += result.duplicates;
  totals.wrong += result.wrong;
  totals.openAsClosed += result.openAsClosed;
  addCounts(totals.byKind, result.faults);
  addCounts(totals.situations, result.situations);
  totals.recoveryTicks.push(...Object.values(result.recoveryTicks));
  totals.broken.push(...result.violations.map((one) => ({ seed: result.seed, ...one })));
  totals.hashes.push(result.traceHash);
}

function addCounts(sums: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
}

/** Faults and situations that did not come about in any of the runs. */
export function unseen({ byKind, situations }: Totals): readonly string[] {
  return [...neverHappened(FAULTS, byKind), ...neverHappened(SITUATIONS, situations)];
}

/** One hash over the traces of all runs, in order. */
function hashOf({ hashes }: Totals): string {
  return createHash('sha256').update(hashes.join('\n')).digest('hex');
}

/** The value below or at which so many hundredths of all lie. */
function percentile(values: readonly number[], hundredths: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * hundredths) / 100) - 1)] ?? 0;
}

/** The lines that a run of the campaign ends with. */
export function closingLines(totals: Totals): readonly string[] {
  const { seeds, candles, revisions, faults, lost, duplicates, wrong, openAsClosed, recoveryTicks } = totals;
  const [p50, p99, most] = [50, 99, 100].map((hundredths) => percentile(recoveryTicks, hundredths));
  return [
    `${counted(seeds, 'seed')}, ${counted(candles, 'candle')}, ${counted(revisions, 'correction')}; trace ${hashOf(totals)}`,
    `recovery once the faults end, in ticks: p50 ${p50}, p99 ${p99}, max ${most}`,
    `${counted(faults, 'fault')} injected, ${counted(lost, 'candle')} lost, ${counted(duplicates, 'duplicate')}, ${wrong} wrong, ${openAsClosed} open stored as closed`,
  ];
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
