import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRfc3339Reader } from '#std/rfc3339.ts';

describe('a reader of RFC 3339 times', () => {
  const read = createRfc3339Reader();

  test.each([
    ['2026-11-22T13:00:00Z', Date.UTC(2026, 10, 22, 13)],
    ['2026-11-22T13:00:59.9Z', Date.UTC(2026, 10, 22, 13, 0, 59, 900)],
    ['2026-11-22T13:00:59.12Z', Date.UTC(2026, 10, 22, 13, 0, 59, 120)],
    ['2026-11-22T13:00:00.123456Z', Date.UTC(2026, 10, 22, 13, 0, 0, 123)],
    ['2024-02-29T23:59:59.999999999Z', Date.UTC(2024, 1, 29, 23, 59, 59, 999)],
  ])('reads %s', (text, ms) => {
    expect(read(text)).toBe(ms);
  });

  test.each([
    ['2026-02-30T13:00:00Z'],
    ['2026-13-01T13:00:00Z'],
    ['2026-11-22T24:00:00Z'],
    ['2026-11-22T13:60:00Z'],
    ['2026-11-22T13:00:60Z'],
    ['2026-11-22T13:00:0xZ'],
    ['2026-11-22T13:00:00.Z'],
    ['2026-11-22T13:00:00.12x456Z'],
    ['2026-11-22T13:00:00,123Z'],
    ['2026-11-22T13:00:00.123+00:00'],
    ['2026-11-22T13:00:00.1234567890Z'],
    ['2026-11-22 13:00:00.123Z'],
    ['2026-11-22T13:00:00'],
    [''],
    [null],
    [1_795_352_400_123],
  ])('refuses %s', (text) => {
    // Also right after a good time of the same minute, which it remembers.
    read('2026-11-22T13:00:00Z');
    expect(read(text)).toBeUndefined();
  });

  test('agrees with the engine for every time, in any order', () => {
    const date = fc.date({ min: new Date('2009-01-03T00:00:00Z'), max: new Date('2099-12-31T00:00:00Z'), noInvalidDate: true });
    fc.assert(fc.property(date, (time) => read(time.toISOString()) === time.getTime()));
  });
});
