import type { Promised } from '../../../tools/reliability/promises.ts';
import { rowsOf, type RowChapter } from '../../../tools/reliability/rows.ts';
import type { Outcome } from '../../../tools/reliability/test-reports.ts';

/** A promise with one file of tests, changed as the test wants. */
export function promised(change: Partial<Promised> = {}): Promised {
  const tests = [{ file: 'test/a.test.ts', name: null }];
  return { number: '1', when: 'it rains', promise: 'It stays dry.', tests, beyond: null, unproven: null, ...change };
}

/** Rows of promises whose file `test/a.test.ts` ended so; null: it never ran. */
export function rowsAfter(promises: readonly Promised[], outcomes: readonly Outcome[] | null): readonly RowChapter[] {
  const tests = (outcomes ?? []).map((outcome, index) => ({ name: `test ${index}`, outcome }));
  const results = outcomes === null ? [] : [{ path: '/r/test/a.test.ts', startedAtMs: 0, isBroken: false, tests }];
  return rowsOf([{ title: 'Weather', promises }], results);
}
