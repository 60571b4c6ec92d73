import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOfPath, pathOfKey } from '#providers/files/key-path.ts';

const segment = fc
  .string({ unit: fc.constantFrom('a', 'b', '.', '-', 'object', '.object', '2E'), minLength: 1, maxLength: 6 })
  .filter((text) => text !== '.' && text !== '..');
const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));

describe('the path of a key', () => {
  test.each([
    ['trades/hour=00/0-1-2.ndjson.zst', 'trades/hour=00/0-1-2.ndjson.zst'],
    ['list/a', 'list/a.object'],
    ['list/a.object', 'list/a.object.object'],
    ['v1.2/x', 'v1%2E2/x.object'],
  ])('of %j is %j', (of, path) => {
    expect([pathOfKey(of), keyOfPath(path, false)]).toEqual([path, of]);
  });

  test('leads back to the key', () => {
    fc.assert(
      fc.property(key, (one) => {
        expect(keyOfPath(pathOfKey(one) ?? '', false)).toBe(one);
      }),
    );
  });

  test('is never a folder of another key', () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        expect(`${pathOfKey(`${one}/${other}`)}`.startsWith(`${pathOfKey(one)}/`)).toBe(false);
      }),
    );
  });

  test('of a folder is that of its keys', () => {
    expect([keyOfPath('v1%2E2/b', true), keyOfPath('v1.2', true)]).toEqual(['v1.2/b', null]);
  });

  test('that no key has is none', () => {
    expect([keyOfPath('README', false), keyOfPath('v1.2/x.txt', false)]).toEqual([null, null]);
  });
});
