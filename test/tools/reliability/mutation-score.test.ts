import { describe, expect, test } from 'vitest';
import { mutantsOf, mutationChapter, parseScore, percentText, scoreOf, totalOf } from '../../../tools/reliability/mutation-score.ts';
import { jsonOf, textOf } from '../../architecture/repository-files.ts';
import { madeScore } from './made-score.ts';

const counts = (killed: number, timedOut: number, survived: number, uncovered: number) => ({ killed, timedOut, survived, uncovered });

describe('a mutation score', () => {
  test('is the share of mutants that a test noticed, by failing or by not coming to an end', () => {
    expect([mutantsOf(counts(5, 1, 3, 1)), scoreOf(counts(5, 1, 3, 1))]).toEqual([10, 60]);
    expect(scoreOf(counts(0, 0, 0, 0))).toBe(100);
  });

  test('of all packages is that of all their mutants', () => {
    expect(totalOf(madeScore().packages)).toEqual({ name: 'all', killed: 1070, timedOut: 50, survived: 60, uncovered: 20 });
  });

  test('is rounded down: what is below the least score never looks like it', () => {
    expect(percentText(counts(8499, 0, 1501, 0))).toBe('84.9 %');
    expect(percentText(counts(17, 0, 3, 0))).toBe('85.0 %');
  });
});

describe('the chapter', () => {
  const lines = mutationChapter(madeScore()).split('\n');

  test('has a row for each package and one for all', () => {
    expect(lines.filter((line) => line.startsWith('| ')).slice(1)).toEqual([
      '| lib/core | 200 | 170 | 0 | 10 | 20 | 85.0 % |',
      '| lib/domain/candles | 1000 | 900 | 50 | 50 | 0 | 95.0 % |',
      '| all | 1200 | 1070 | 50 | 60 | 20 | 93.3 % |',
    ]);
  });

  test('says when, on which machine and of which commit, and how to do it again', () => {
    expect(lines).toContain('2026-11-23, a machine of 2 cores, Node 24.21.0, commit abc1234.');
    expect(lines.join('\n')).toContain('`npm run mutation`');
  });
});

describe('the file of the score', () => {
  test('is read as it was written', () => {
    expect(parseScore('x.json', JSON.stringify(madeScore()))).toEqual(madeScore());
  });

  test.each<[string, unknown]>([
    ['no packages', { ...madeScore(), packages: [] }],
    ['a count below zero', { ...madeScore(), packages: [{ name: 'lib/core', killed: -1, timedOut: 0, survived: 0, uncovered: 0 }] }],
    ['no commit', { ...madeScore(), commit: '' }],
    ['another date', { ...madeScore(), date: 'yesterday' }],
    ['a word more', { ...madeScore(), score: 100 }],
  ])('is refused with %s', (_what, value) => {
    expect(() => parseScore('x.json', JSON.stringify(value))).toThrow(
      'x.json is no mutation score; restore it, or write it again with npm run mutation',
    );
  });

  test('is refused when it is no JSON', () => {
    expect(() => parseScore('x.json', '<<<<<<<')).toThrow('x.json is no mutation score');
  });

  test('that is committed has at least 85 % for core and for each package of the domain', () => {
    const { packages } = parseScore('docs/mutation.json', textOf('docs/mutation.json'));
    expect(packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['lib/core', 'lib/domain/candles', 'lib/domain/trades']));
    expect(packages.filter((one) => scoreOf(one) < 85)).toEqual([]);
  });
});

test('the packages of npm run mutation are pinned, each with its SHA-512, and run no script when they are installed', () => {
  type Lock = { readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly hasInstallScript?: boolean }>> };
  const { dependencies } = jsonOf<{ dependencies: Readonly<Record<string, string>> }>('tools/mutation/package.json');
  expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  const entries = Object.entries(jsonOf<Lock>('tools/mutation/package-lock.json').packages).filter(([path]) => path !== '');
  expect(entries.length).toBeGreaterThan(100);
  expect(entries.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
  expect(entries.filter(([, { hasInstallScript = false }]) => hasInstallScript)).toEqual([]);
  expect(textOf('tools/mutation/.npmrc').split('\n')).toContain('ignore-scripts=true');
});
