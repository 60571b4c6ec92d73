import { describe, expect, test } from 'vitest';
import { objectKeyProblem } from '#std/object-key.ts';

describe('objectKeyProblem', () => {
  test.each(['a', 'a/b', 'trades/exchange=kraken/date=2023-11-17/hour=00/0-1-2.ndjson.zst', '...', 'a..b', '-', 'a@b,c+d:e'])(
    'has nothing against %j',
    (key) => {
      expect(objectKeyProblem(key)).toBeNull();
    },
  );

  test.each([
    ['', 'it is empty'],
    ['/a', 'it begins or ends with "/" or has two in a row'],
    ['a/', 'it begins or ends with "/" or has two in a row'],
    ['a//b', 'it begins or ends with "/" or has two in a row'],
    ['a/../b', 'it has the segment ".."'],
    ['.', 'it has the segment "."'],
    ['a\nb', 'it has characters other than letters, digits and _ . = + @ , : - /'],
    ['a%b', 'it has characters other than letters, digits and _ . = + @ , : - /'],
    ['a'.repeat(1025), 'it has 1025 bytes, expected at most 1024'],
    ['ü'.repeat(513), 'it has 1026 bytes, expected at most 1024'],
  ])('says of %j that %s', (key, problem) => {
    expect(objectKeyProblem(key)).toBe(problem);
  });
});
