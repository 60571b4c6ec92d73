import { describe, expect, test } from 'vitest';
import { mutationChapter } from '../../../tools/reliability/mutation-score.ts';
import { pageOf, summaryOf, withoutResults } from '../../../tools/reliability/page.ts';
import type { Outcome } from '../../../tools/reliability/test-reports.ts';
import { promised, rowsAfter } from './made-rows.ts';
import { madeScore } from './made-score.ts';

const FACTS = { date: '2026-11-23', node: '24.21.0', commit: 'abc1234' };
const UNPROVEN = promised({ number: '2', tests: [], unproven: 'no rain here' });

/** The lines of the table. */
const tableOf = (page: string): readonly string[] =>
  (page.split('## Mutation')[0] ?? '').split('\n').filter((line) => line.startsWith('| '));

describe('the page', () => {
  test('has a row for each promise: number, when, promise, linked proof, last result', () => {
    const tests = [
      { file: 'test/a.test.ts', name: 'test 0' },
      { file: 'test/a.test.ts', name: 'test 1' },
      { file: 'test/b/c.tools.test.ts', name: null },
    ];
    const page = pageOf(rowsAfter([promised({ tests, beyond: 'hail' }), UNPROVEN], ['passed', 'passed']), FACTS, madeScore());
    expect(page).toContain('\n## Weather\n');
    expect(tableOf(page)).toEqual([
      '| # | when | promise | proof | last result |',
      '| 1 | it rains | It stays dry. | [a](test/a.test.ts) “test 0”, “test 1”<br>[b/c.tools](test/b/c.tools.test.ts)<br>*Beyond*: hail | not run: 1 of 3 named, passed 2 |',
      '| 2 | it rains | It stays dry. | **unproven**: no rain here | – |',
    ]);
  });

  test.each<[readonly Outcome[] | null, string]>([
    [['passed', 'passed'], 'passed 2'],
    [['failed', 'passed'], '**failed 1**, passed 1'],
    [['skipped', 'passed'], 'skipped 1, passed 1'],
    [null, 'not run'],
    [[], 'not run'],
  ])('says of tests that ended as %j: %s', (outcomes, result) => {
    expect(tableOf(pageOf(rowsAfter([promised()], outcomes), FACTS, madeScore()))[1]).toMatch(
      new RegExp(`\\| ${result.replaceAll('*', '\\*')} \\|$`),
    );
  });

  test('ends with the mutation score', () => {
    const page = pageOf(rowsAfter([promised()], ['passed']), FACTS, madeScore());
    expect(page.endsWith(`\n\n${mutationChapter(madeScore())}`)).toBe(true);
  });

  test('cannot be broken by what a promise says', () => {
    const page = pageOf(rowsAfter([promised({ when: 'a | b\nc', promise: '<script>' })], ['passed']), FACTS, madeScore());
    expect(tableOf(page)[1]).toMatch(/^\| 1 \| a \\\| b c \| &lt;script> \| /);
  });
});

describe('the summary', () => {
  test('counts how promises stand, each test once, and names the run', () => {
    const promises = [promised(), promised({ number: '3', beyond: 'hail' }), UNPROVEN];
    expect(summaryOf(rowsAfter(promises, ['passed', 'passed']), FACTS)).toBe(
      '3 promised: 1 proven and 1 partly proven by 2 tests, 1 unproven, 0 failed, 0 not run. 2026-11-23, Node 24.21.0, commit abc1234.',
    );
  });

  test('counts nothing as proven that did not run or failed', () => {
    expect(summaryOf(rowsAfter([promised()], null), FACTS)).toMatch(
      /: 0 proven and 0 partly proven by 0 tests, 0 unproven, 0 failed, 1 not run\./,
    );
    expect(summaryOf(rowsAfter([promised()], ['failed', 'passed']), FACTS)).toMatch(
      /: 0 proven .* by 0 tests, 0 unproven, 1 failed, 0 not run\./,
    );
  });
});

describe('a page without its results', () => {
  const pageAfter = (outcomes: readonly Outcome[] | null, change = {}): string =>
    withoutResults(pageOf(rowsAfter([promised(change), UNPROVEN], outcomes), { ...FACTS, date: String(outcomes) }, madeScore()));

  test('is the same whatever the tests said, and when', () => {
    expect(pageAfter(['passed'])).toBe(pageAfter(null));
    expect(pageAfter(['failed', 'skipped'])).toBe(pageAfter(null));
  });

  test('is the same whatever the mutation score is, also when there was none', () => {
    const page = pageOf(rowsAfter([promised()], ['passed']), FACTS, madeScore());
    const other = pageOf(rowsAfter([promised()], ['passed']), FACTS, { ...madeScore(), commit: 'fff0000' });
    expect(other).not.toBe(page);
    expect(withoutResults(other)).toBe(withoutResults(page));
    expect(withoutResults(page.slice(0, page.indexOf('\n## Mutation score')))).toBe(withoutResults(page));
    expect(withoutResults(page)).toContain('It stays dry.');
  });

  test.each([
    { number: '5' },
    { when: 'it snows' },
    { promise: 'It gets wet.' },
    { beyond: 'hail' },
    { tests: [{ file: 'test/b.test.ts', name: null }] },
  ])('is another one for another promise: %j', (change) => {
    expect(pageAfter(['passed'], change)).not.toBe(pageAfter(['passed']));
  });
});
