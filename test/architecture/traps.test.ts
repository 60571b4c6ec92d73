import { expect, test } from 'vitest';
import { textOf, typeScriptFiles } from './repository-files.ts';

const REST_TRAPS = [...Array.from({ length: 28 }, (_, index) => index + 1), 49].map((number) => `T${String(number).padStart(2, '0')}`);

test('every trap of the exchanges’ REST has a test that bears its number', () => {
  const files = typeScriptFiles('test').filter((path) => path.endsWith('.test.ts'));
  const titles = new Set(files.flatMap((path) => [...textOf(path).matchAll(/(?:\btest|\bit|\))\(\s*'(T\d\d): /g)].map(([, id]) => id)));
  expect(REST_TRAPS.filter((id) => !titles.has(id))).toEqual([]);
});
