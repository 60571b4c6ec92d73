import { expect, test } from 'vitest';
import { runSeeds } from '../../tools/simulation/run-seeds.ts';
import { addResult, closingLines, createTotals, unseen } from '../../tools/simulation/totals.ts';
import { drawnWorkload } from '../../tools/simulation/workload.ts';

// F2 in full: every seed with its own mixture of faults, on all processors. What did not come about has proved nothing, and fails.

const SEEDS = 200;
const LEAST_FAULTS = 500_000;

test(`F2: ${SEEDS} seeds with more than ${LEAST_FAULTS} faults lose, double and spoil nothing`, { timeout: 600_000 }, async () => {
  const totals = createTotals();
  const startedAt = performance.now();
  const runs = Array.from({ length: SEEDS }, (_, index) => drawnWorkload(index + 1));
  await runSeeds(runs, (result) => addResult(totals, result));
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log([`F2 in ${seconds} s:`, ...closingLines(totals)].join('\n  '));
  expect(totals.broken).toEqual([]);
  expect(totals).toMatchObject({ seeds: SEEDS, lost: 0, duplicates: 0, wrong: 0, openAsClosed: 0 });
  expect(unseen(totals)).toEqual([]);
  expect(totals.faults).toBeGreaterThanOrEqual(LEAST_FAULTS);
  expect(Math.max(...totals.recoveryTicks)).toBeLessThanOrEqual(2);
});

test('F2: the same seed has the same trace, 20 of 20 times', { timeout: 120_000 }, async () => {
  const hashes: string[] = [];
  const runs = Array.from({ length: 20 }, () => drawnWorkload(20));
  await runSeeds(runs, ({ traceHash }) => void hashes.push(traceHash));
  expect(hashes).toEqual(Array.from({ length: 20 }, () => hashes[0]));
});
