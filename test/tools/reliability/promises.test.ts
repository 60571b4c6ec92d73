import { describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { NUMBERS, parsePromises } from '../../../tools/reliability/promises.ts';

/** All numbers, each with one test, but for the rows that are given. */
function yamlOf(changed: Readonly<Record<string, string>> = {}): string {
  const rows = NUMBERS.map((number) => changed[number] ?? `{ number: ${number}, when: w, promise: p, tests: [test/a.test.ts] }`);
  return `chapters:\n  - title: All\n    promises:\n${rows
    .filter((row) => row !== '')
    .map((row) => `      - ${row}\n`)
    .join('')}`;
}

function problemsOf(text: string): readonly string[] {
  try {
    parsePromises('p.yaml', text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.split('\n');
  }
  throw new Error('the promises were accepted');
}

describe('a file of promises', () => {
  test('is read with its tests, and with what they do not show', () => {
    const text = yamlOf({
      1: `{ number: 1, when: w, promise: p, tests: [test/a.test.ts, { file: test/b/c.tools.test.ts, name: 'T01' }], beyond: more }`,
      F2: '{ number: F2, when: it rains, promise: p, unproven: nobody looked }',
    });
    const rows = parsePromises('p.yaml', text).flatMap(({ promises }) => promises);
    expect(rows).toHaveLength(103);
    expect(rows[0]).toEqual({
      number: '1',
      when: 'w',
      promise: 'p',
      tests: [
        { file: 'test/a.test.ts', name: null },
        { file: 'test/b/c.tools.test.ts', name: 'T01' },
      ],
      beyond: 'more',
      unproven: null,
    });
    expect(rows.find(({ number }) => number === 'F2')).toMatchObject({ when: 'it rains', tests: [], unproven: 'nobody looked' });
  });

  test('is refused with everything that its shape forbids, one line each', () => {
    const text = yamlOf({
      2: '{ number: 81, when: w, promise: p, tests: [test/a.test.ts] }',
      3: '{ number: 3, when: w, promise: p, tests: [lib/a.ts] }',
      4: '{ number: 4, when: " ", promise: p, tests: [] }',
      5: '{ number: 5, when: w, promise: p, test: [test/a.test.ts] }',
    });
    expect(problemsOf(text)).toEqual([
      'p.yaml: chapters[0].promises[1].number is "81", expected one of 1 to 80 and F1 to F23; correct the value',
      expect.stringMatching(/promises\[2\]\.tests\[0\] is "lib\/a\.ts", expected the path of a test from the root of the repository/),
      'p.yaml: chapters[0].promises[3].when is " ", expected a text that is not empty; correct the value',
      'p.yaml: chapters[0].promises[3].tests has 0 entries, expected a list of 1 to 20 tests; correct the value',
      expect.stringMatching(/promises\[4\] has the unknown key "test".*did you mean "tests"\?$/),
    ]);
  });

  test('is refused with every row that says too much or too little, and every number that is missing or there twice', () => {
    const text = yamlOf({
      7: '{ number: 7, when: w, promise: p }',
      8: '{ number: 8, when: w, promise: p, tests: [test/a.test.ts], unproven: no }',
      9: '{ number: 9, when: w, promise: p, unproven: no, beyond: more }',
      F1: '',
      F3: '{ number: F4, when: w, promise: p, unproven: no }',
    });
    expect(problemsOf(text).map((problem) => problem.split(', ')[0])).toEqual([
      'p.yaml: promise 7 has neither "tests" nor "unproven"',
      'p.yaml: promise 8 has "tests" and "unproven"',
      'p.yaml: promise 9 has "beyond" without "tests"',
      'p.yaml: promise F1 is missing',
      'p.yaml: promise F3 is missing',
      'p.yaml: promise F4 stands there more than once; remove one of the two',
    ]);
  });
});
