import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NUMBERS, parsePromises } from '../../tools/reliability/promises.ts';
import { ROOT, textOf } from './repository-files.ts';

const promises = parsePromises('docs/promises.yaml', textOf('docs/promises.yaml')).flatMap((chapter) => chapter.promises);
const proofs = promises.flatMap(({ number, tests }) => tests.map((proof) => ({ number, ...proof })));

/** A test file with the contracts that it runs: their tests are its tests. */
function sourceOf(file: string): string {
  const text = textOf(file);
  const contracts = Array.from(text.matchAll(/from '(\.[^']+\.contract\.ts)'/g), ([, path = '']) => textOf(join(dirname(file), path)));
  return [text, ...contracts].join('\n');
}

describe('the promises', () => {
  test('are there, each number once', () => {
    expect(promises.map(({ number }) => number)).toEqual(NUMBERS);
  });

  test('name files that exist', () => {
    expect(proofs.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test('name tests that stand in these files', () => {
    expect(proofs.filter(({ file, name }) => existsSync(join(ROOT, file)) && name !== null && !sourceOf(file).includes(name))).toEqual([]);
  });

  test('are those of RELIABILITY.md', () => {
    const rows = Array.from(textOf('RELIABILITY.md').matchAll(/^\| (F?\d+) \|/gm), ([, number]) => number);
    expect(rows).toEqual(NUMBERS);
  });
});
