import { describe, expect, test } from 'vitest';
import { packagesOf, parseStrykerReport, reportWithin, survivorLines } from '../../../tools/reliability/stryker-report.ts';

type Mutant = { readonly status: string; readonly line?: number; readonly from?: number; readonly until?: number; readonly to?: string };

const SOURCE = 'const a = 1;\nreturn a < b;\n';

function file(...mutants: readonly Mutant[]) {
  return {
    source: SOURCE,
    mutants: mutants.map(({ status, line = 2, from = 8, until = 13, to = 'a <= b' }) => ({
      id: '0',
      mutatorName: 'EqualityOperator',
      replacement: to,
      status,
      location: { start: { line, column: from }, end: { line, column: until } },
    })),
  };
}

const report = (files: Readonly<Record<string, unknown>>) => parseStrykerReport('r.json', JSON.stringify({ schemaVersion: '2', files }));

test('counts are by package, in order, without what could not be tried', () => {
  const packages = packagesOf(
    report({
      'lib/domain/trades/a.ts': file({ status: 'Survived' }, { status: 'NoCoverage' }),
      'lib/core/b.ts': file({ status: 'Killed' }, { status: 'Timeout' }, { status: 'Ignored' }, { status: 'RuntimeError' }),
      'lib/domain/trades/c.ts': file({ status: 'Killed' }),
    }),
  );
  expect(packages).toEqual([
    { name: 'lib/core', killed: 1, timedOut: 1, survived: 0, uncovered: 0 },
    { name: 'lib/domain/trades', killed: 1, timedOut: 0, survived: 1, uncovered: 1 },
  ]);
});

test('what was not noticed is told by its place, in order, with what stood there and what was put there', () => {
  const lines = survivorLines(
    report({
      'lib/b.ts': file({ status: 'Survived' }, { status: 'Killed' }),
      'lib/a.ts': file({ status: 'NoCoverage' }, { status: 'Survived', line: 1, from: 11, until: 12, to: '{\n  2 }' }),
    }),
  );
  expect(lines).toEqual([
    'lib/a.ts:1:11 EqualityOperator: 1 -> { 2 }',
    'lib/a.ts:2:8 EqualityOperator: a < b -> a <= b',
    'lib/b.ts:2:8 EqualityOperator: a < b -> a <= b',
  ]);
});

test('a report of a part has the files of that part alone', () => {
  const whole = report({ 'lib/core/a.ts': file(), 'lib/core/a.tsx': file(), 'lib/corex/b.ts': file(), 'lib/core/ports/c.ts': file() });
  expect(Object.keys(reportWithin(whole, 'lib/core').files)).toEqual(['lib/core/a.ts', 'lib/core/a.tsx', 'lib/core/ports/c.ts']);
  expect(Object.keys(reportWithin(whole, 'lib/core/a.ts').files)).toEqual(['lib/core/a.ts']);
});

describe('a text', () => {
  test.each(['', '{}', '{"files":{"a.ts":{"source":"","mutants":[{"status":"Fine"}]}}}'])('that is no report is refused: %s', (text) => {
    expect(() => parseStrykerReport('r.json', text)).toThrow('r.json is no JSON report of Stryker; run npm run mutation again');
  });

  test('of a run that did not end is refused', () => {
    expect(() => report({ 'a.ts': file({ status: 'Pending' }) })).toThrow('r.json is of a run that did not end');
  });
});
