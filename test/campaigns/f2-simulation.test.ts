import { expect, test } from 'vitest';
import { DEFAULTS, simulate, type SimulationResult } from '../../tools/simulation/simulate.ts';
import { neverHappened } from '../../tools/simulation/faults.ts';

// F2: the real sync against every fault at once, in virtual time. `npm run prove` goes on with other seeds.

const SEEDS = 12;

/** Seeds that once found a fault of ours; they are played for ever. */
const FOUND = [
  // A slower process opened a gap again that another had explained.
  2,
  // Corrections in hours whose second reading failed.
  8,
];

let runs: readonly SimulationResult[] = [];

test(`F2: ${SEEDS} seeds lose, double and spoil nothing, and every kind of fault has happened`, async () => {
  const results: SimulationResult[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one run after the other keeps memory small
  for (let seed = 1; seed <= SEEDS; seed++) results.push(await simulate({ ...DEFAULTS, seed }));
  runs = results;
  expect(results.flatMap(({ seed, violations }) => violations.map((one) => ({ seed, ...one })))).toEqual([]);
  const counts: Record<string, number> = {};
  for (const { faults } of results) for (const [kind, count] of Object.entries(faults)) counts[kind] = (counts[kind] ?? 0) + count;
  expect(neverHappened(counts)).toEqual([]);
  const sum = (of: (result: SimulationResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  console.log(
    `F2: ${sum(({ faultCount }) => faultCount)} faults injected in ${SEEDS} seeds, ${sum(({ lost }) => lost)} candles lost, ${sum(({ duplicates }) => duplicates)} duplicates, ${sum(({ wrong }) => wrong)} wrong, ${sum(({ openAsClosed }) => openAsClosed)} open stored as closed; recovery at most ${Math.max(...results.map(({ recoveryTicks }) => recoveryTicks)) + 1} tick`,
  );
  expect(Math.max(...results.map(({ recoveryTicks }) => recoveryTicks))).toBeLessThanOrEqual(1);
}, 180_000);

test('F2: a seed is the same run every time', async () => {
  const seed = FOUND[0] ?? 1;
  for (let again = 0; again < 3; again++) {
    // oxlint-disable-next-line no-await-in-loop -- the same run, again
    const { traceHash } = await simulate({ ...DEFAULTS, seed });
    expect(traceHash).toBe(runs.find((run) => run.seed === seed)?.traceHash);
  }
}, 60_000);

test.each(FOUND)(
  'F2: seed %i, which once found a fault of ours, finds none',
  async (seed) => {
    expect((await simulate({ ...DEFAULTS, seed, faultyMinutes: 600 })).violations).toEqual([]);
  },
  60_000,
);

test('F17: of candles of which every hundredth is corrected hours later, the store has the last figures, and the ledger those before', async () => {
  const result = await simulate({ ...DEFAULTS, seed: 17, requestFaults: 0, storeFaults: 0, outagesADay: 0, revisedShare: 0.02 });
  expect(result).toMatchObject({ lost: 0, wrong: 0, violations: [] });
  expect(result.revisions).toBeGreaterThan(50);
}, 60_000);

test('F3: two outages of thirty minutes and more a day of us, the network and the store cost no candle', async () => {
  const outages = { requestFaults: 0, storeFaults: 0, outagesADay: 6, longestOutage: 120, faultyMinutes: 1440 };
  const result = await simulate({ ...DEFAULTS, ...outages, seed: 3 });
  expect(result).toMatchObject({ lost: 0, duplicates: 0, wrong: 0, openAsClosed: 0, recoveryTicks: 0, violations: [] });
}, 60_000);
