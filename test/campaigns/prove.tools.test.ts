import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { simulate } from '../../tools/simulation/simulate.ts';
import { addResult, closingLines, createTotals } from '../../tools/simulation/totals.ts';
import { drawnWorkload } from '../../tools/simulation/workload.ts';

const prove = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', 'prove', '--', ...args], { encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n'), stderr };
};

test('prove plays one seed and ends with what it has come to, which is the same everywhere', { timeout: 60_000 }, async () => {
  const { status, lines, stderr } = prove('--seed', '3');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const totals = createTotals();
  addResult(totals, await simulate(drawnWorkload(3)));
  expect(lines.slice(-3)).toEqual(closingLines(totals));
  expect(lines.at(-3)).toMatch(/^1 seed, \d+ candles, \d+ corrections; trace [0-9a-f]{64}$/);
  expect(lines.at(-2)).toMatch(/^recovery once the faults end, in ticks: p50 1, p99 \d, max \d$/);
  expect(lines.at(-1)).toMatch(/^\d+ faults injected, 0 candles lost, 0 duplicates, 0 wrong, 0 open stored as closed$/);
  expect(lines.at(-4)).toMatch(/^from seed 3 on, at commit ([0-9a-f]{12}( with changes)?|unknown):$/);
});

test('prove explains itself', () => {
  const { status, lines, stderr } = prove('--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(lines.join('\n')).toMatch(/--seed <n>[^]*--minutes <n>/);
});

test.each([
  [['--seed', 'abc'], 'prove: --seed "abc" is not such a number, expected a whole one from 0 to 999999999; correct it'],
  [['--seed', '-1'], 'prove: --seed "-1" is not such a number, expected a whole one from 0 to 999999999; correct it'],
  [['--seed', '1.5'], 'prove: --seed "1.5" is not such a number, expected a whole one from 0 to 999999999; correct it'],
  [['--seed', '4294967296'], 'prove: --seed "4294967296" is not such a number, expected a whole one from 0 to 999999999; correct it'],
  [['--minutes', '0'], 'prove: --minutes "0" is not such a number, expected a whole one from 1 to 1440; correct it'],
  [['--seed', '1', '--seed', '2'], 'prove: --seed is given twice, expected once; remove one'],
  [['--seeds', '1'], "error: unknown option '--seeds'\n(Did you mean --seed?)"],
  [['5'], 'error: too many arguments. Expected 0 arguments but got 1: 5.'],
])('prove %j is refused', (args, message) => {
  const { status, lines, stderr } = prove(...args);
  expect({ status, lines, stderr: stderr.trimEnd() }).toEqual({ status: 2, lines: [''], stderr: message });
});
