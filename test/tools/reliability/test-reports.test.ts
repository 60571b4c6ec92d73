import { describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { countOf, latestOf, parseReport, testsOf, type FileResult } from '../../../tools/reliability/test-reports.ts';

function fileResult(change: Partial<FileResult> = {}): FileResult {
  return { path: '/repository/test/a.test.ts', startedAtMs: 1000, isBroken: false, tests: [{ name: 'one', outcome: 'passed' }], ...change };
}

describe('a report', () => {
  const file = (status: string, ...tests: readonly (readonly [string, string])[]) => ({
    name: '/repository/test/a.test.ts',
    status,
    startTime: 1000.5,
    message: '',
    assertionResults: tests.map(([fullName, outcome]) => ({ fullName, status: outcome, title: fullName, ancestorTitles: [] })),
  });
  const read = (...files: readonly object[]) => parseReport('r.json', JSON.stringify({ success: true, testResults: files }));

  test('tells of each test how it ended; what neither passed nor failed is skipped', () => {
    const outcomes = [
      ['a', 'passed'],
      ['b', 'failed'],
      ['c', 'pending'],
      ['d', 'todo'],
      ['e', 'skipped'],
    ] as const;
    expect(read(file('failed', ...outcomes))).toEqual([
      {
        path: '/repository/test/a.test.ts',
        startedAtMs: 1000.5,
        isBroken: false,
        tests: [
          { name: 'a', outcome: 'passed' },
          { name: 'b', outcome: 'failed' },
          { name: 'c', outcome: 'skipped' },
          { name: 'd', outcome: 'skipped' },
          { name: 'e', outcome: 'skipped' },
        ],
      },
    ]);
  });

  test('tells a file that failed without a failed test: it could not be run', () => {
    expect(read(file('failed'), file('failed', ['a', 'passed']), file('passed')).map(({ isBroken }) => isBroken)).toEqual([
      true,
      true,
      false,
    ]);
  });

  test.each(['', '{', 'null', '{}', '{"testResults":[{}]}'])('that is none is refused: %j', (text) => {
    expect(() => parseReport('r.json', text)).toThrow(
      new ConfigError('r.json is no JSON report of vitest; remove it, and run the suite again with CI=true'),
    );
  });
});

test('of several runs of a file the latest counts, in whatever order they are read', () => {
  const [early, late] = [fileResult({ startedAtMs: 1 }), fileResult({ startedAtMs: 2 })];
  const other = fileResult({ path: '/repository/test/b.test.ts', startedAtMs: 0 });
  expect(latestOf([early, late, other])).toEqual([late, other]);
  expect(latestOf([late, other, early])).toEqual([late, other]);
});

describe('the tests of a proof', () => {
  const results = [
    fileResult({ path: '/elsewhere/test/not-a.test.ts' }),
    fileResult({
      tests: [
        { name: 'F2: seeds', outcome: 'passed' },
        { name: 'F22: bugs', outcome: 'failed' },
        { name: 'F22: bugs', outcome: 'failed' },
        { name: 'F2: hashes', outcome: 'skipped' },
      ],
    }),
  ];
  const counts = (file: string, name: string | null): readonly number[] => {
    const tests = testsOf({ file, name }, results);
    return [countOf(tests, 'passed'), countOf(tests, 'failed'), countOf(tests, 'skipped')];
  };

  test('are all of a file, wherever the repository was when they ran', () => {
    expect(counts('test/a.test.ts', null)).toEqual([1, 2, 1]);
  });

  test('are those with the text in their full name', () => {
    expect(counts('test/a.test.ts', 'F2:')).toEqual([1, 0, 1]);
    expect(counts('test/a.test.ts', 'F22')).toEqual([0, 2, 0]);
  });

  test('are none where the file or the name is not in the reports', () => {
    expect(testsOf({ file: 'test/b.test.ts', name: null }, results)).toEqual([]);
    expect(testsOf({ file: 'test/a.test.ts', name: 'F3' }, results)).toEqual([]);
    expect(testsOf({ file: 'a.test.ts', name: null }, [fileResult({ path: '/x/extra.test.ts' })])).toEqual([]);
  });

  test('are one that failed where the file could not be run', () => {
    const tests = testsOf({ file: 'test/a.test.ts', name: 'one' }, [fileResult({ isBroken: true, tests: [] })]);
    expect([countOf(tests, 'failed'), tests.length]).toEqual([1, 1]);
  });

  test('count once, however often they are named', () => {
    const tests = testsOf({ file: 'test/a.test.ts', name: null }, results);
    expect(countOf([...tests, ...tests], 'failed')).toBe(2);
  });
});
