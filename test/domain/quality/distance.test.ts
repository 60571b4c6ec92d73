import { expect, test } from 'vitest';
import { distanceBetween, exceeds, wideningAfter } from '#domain/quality/distance.ts';

test('the distance of two prices is the same both ways and in every unit', () => {
  expect([distanceBetween(100, 105), distanceBetween(105, 100), distanceBetween(7, 7)]).toEqual([
    expect.closeTo(0.05, 12),
    expect.closeTo(0.05, 12),
    0,
  ]);
  expect([distanceBetween(50, 100), distanceBetween(200, 100)]).toEqual([1, 1]);
});

test('a price exactly at its limit is within it, however it is rounded', () => {
  expect(exceeds(distanceBetween(0.105, 0.1), 0.05)).toBe(false);
  expect(exceeds(distanceBetween(1.05, 1), 0.05)).toBe(false);
  expect(exceeds(distanceBetween(105_000_000, 100_000_000), 0.05)).toBe(false);
  expect(exceeds(distanceBetween(1.050_000_01, 1), 0.05)).toBe(true);
});

test.each([
  [-5000, 1],
  [0, 1],
  [60_000, 1],
  [240_000, 2],
  [36 * 60_000, 6],
  [86_400_000, 6],
])('after %d ms of silence limits are %d times as wide', (silenceMs, widening) => {
  expect(wideningAfter(silenceMs)).toBeCloseTo(widening, 12);
});
