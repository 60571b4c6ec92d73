import { expect, test } from 'vitest';
import { findingsOf, regularDistance } from '#domain/audit/finding-runs.ts';

test('neighbours on the grid are one finding, with the message of the first', () => {
  const faults = [1, 2, 3, 7].map((n) => ({ timeMs: n * 10, message: `fault ${n}` }));
  expect(findingsOf('frozen', faults, 10)).toEqual([
    { check: 'frozen', fromMs: 10, toMs: 30, count: 3, message: 'fault 1' },
    { check: 'frozen', fromMs: 70, toMs: 70, count: 1, message: 'fault 7' },
  ]);
});

test('beyond a thousand the last finding stands for all the others', () => {
  const findings = findingsOf(
    'prices',
    Array.from({ length: 1500 }, (_, i) => ({ timeMs: i * 20, message: 'x' })),
    10,
  );
  expect([findings.length, findings.at(-1)?.count, findings.reduce((sum, { count }) => sum + count, 0)]).toEqual([1001, 500, 1500]);
});

test('a distance is regular when it is the same four times, and not before', () => {
  expect([regularDistance([5, 8, 11, 14]), regularDistance([5, 8, 11]), regularDistance([5, 8, 11, 15]), regularDistance([])]).toEqual([
    3,
    null,
    null,
    null,
  ]);
});
