import { expect, test } from 'vitest';
import { simulate } from '../../tools/simulation/simulate.ts';
import { addResult, closingLines, createTotals } from '../../tools/simulation/totals.ts';
import { drawnWorkload } from '../../tools/simulation/workload.ts';
import { failingSeeds } from './failing-seeds.ts';

// F2: the real sync against every fault at once, in virtual time. Here ten seeds; `f2-simulation.tools.test.ts` plays the campaign, and
// `npm run prove` goes on with other seeds.

const SEEDS = 10;

test(`F2: ${SEEDS} seeds lose, double and spoil nothing`, { timeout: 120_000 }, async () => {
  const totals = createTotals();
  for (let seed = 1; seed <= SEEDS; seed++) addResult(totals, await simulate(drawnWorkload(seed)));
  console.log(['F2:', ...closingLines(totals)].join('\n  '));
  expect(totals.broken).toEqual([]);
  expect(totals.faults).toBeGreaterThan(SEEDS * 1000);
  expect(Math.max(...totals.recoveryTicks)).toBeLessThanOrEqual(2);
});

test('F2: a seed is the same run every time, and another one another', { timeout: 60_000 }, async () => {
  const play = async (seed: number): Promise<string> =>
    (await simulate({ ...drawnWorkload(seed), faultyMinutes: 120, quietMinutes: 60 })).traceHash;
  const first = await play(7);
  for (let again = 0; again < 4; again++) expect(await play(7)).toBe(first);
  expect(await play(8)).not.toBe(first);
});

test.each(failingSeeds())('F2: seed $seed, which on $date found that $found, finds nothing', { timeout: 60_000 }, async ({ seed }) => {
  expect((await simulate(drawnWorkload(seed))).violations).toEqual([]);
});
