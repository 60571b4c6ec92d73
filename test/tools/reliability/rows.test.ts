import { describe, expect, test } from 'vitest';
import type { Promised } from '../../../tools/reliability/promises.ts';
import { shortcomings } from '../../../tools/reliability/rows.ts';
import type { Outcome } from '../../../tools/reliability/test-reports.ts';
import { promised, rowsAfter } from './made-rows.ts';

const TWO_FILES = [
  { file: 'test/a.test.ts', name: null },
  { file: 'test/never-ran.test.ts', name: null },
];

describe('a promise', () => {
  test.each<[string, Partial<Promised>, readonly Outcome[] | null, string]>([
    ['whose tests passed', {}, ['passed', 'passed'], 'proven'],
    ['whose tests do not show all of it', { beyond: 'hail' }, ['passed'], 'proven in part'],
    ['of which one test failed', { beyond: 'hail' }, ['passed', 'failed', 'skipped'], 'failed'],
    ['of which one test was skipped', {}, ['passed', 'skipped'], 'not run'],
    ['whose file never ran', {}, null, 'not run'],
    ['whose file ran without a test', {}, [], 'not run'],
    ['of which one file never ran', { tests: TWO_FILES }, ['passed'], 'not run'],
    ['of which one file never ran and another failed', { tests: TWO_FILES }, ['failed'], 'failed'],
    ['without tests', { tests: [], unproven: 'no rain here' }, ['passed'], 'unproven'],
  ])('%s', (_what, change, outcomes, standing) => {
    expect(rowsAfter([promised(change)], outcomes)).toMatchObject([{ title: 'Weather', rows: [{ standing }] }]);
  });
});

describe('what a proof comes short of', () => {
  test('is nothing where all tests passed, and where there are none', () => {
    expect(shortcomings(rowsAfter([promised(), promised({ tests: [], unproven: 'no rain here' })], ['passed']))).toEqual([]);
  });

  test.each<[readonly Outcome[] | null, string]>([
    [['passed', 'failed'], 'promise 1: test/a.test.ts failed in 1 of 2 tests; mend it'],
    [['passed', 'skipped'], 'promise 1: test/a.test.ts was skipped in 1 of 2 tests, expected none; run them'],
    [null, 'promise 1: test/a.test.ts is not in the reports, expected at least one test'],
  ])('after %j is named with its cure', (outcomes, line) => {
    expect(shortcomings(rowsAfter([promised()], outcomes))).toEqual([expect.stringContaining(line)]);
  });

  test('is named with the name that nobody found', () => {
    const tests = [{ file: 'test/a.test.ts', name: 'hail' }];
    expect(shortcomings(rowsAfter([promised({ tests })], ['passed']))).toEqual([
      expect.stringMatching(/^promise 1: test\/a\.test\.ts "hail" is not/),
    ]);
  });
});
