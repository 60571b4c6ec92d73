import { describe, expect, test } from 'vitest';
import { floorToGrid, holesOf } from '#domain/candles/grid.ts';

const MINUTE = 60_000;

describe('floorToGrid', () => {
  test.each([
    [0, 0],
    [59_999, 0],
    [60_000, 60_000],
    [60_001, 60_000],
    [-1, -60_000],
  ])('floors %i to %i', (timeMs, expected) => {
    expect(floorToGrid(timeMs, MINUTE)).toBe(expected);
  });

  test('puts hours on the hour of UTC', () => {
    expect(new Date(floorToGrid(Date.parse('2023-03-10T08:59:59.999Z'), 3_600_000)).toISOString()).toBe('2023-03-10T08:00:00.000Z');
  });
});

describe('holesOf', () => {
  const holes = (present: readonly number[], from: number, until: number) =>
    holesOf(new Set(present.map((minute) => minute * MINUTE)), from * MINUTE, until * MINUTE, MINUTE);

  test('finds none where all are there, and none in an empty stretch', () => {
    expect(holes([0, 1, 2], 0, 3)).toEqual([]);
    expect(holes([], 5, 5)).toEqual([]);
  });

  test('finds one that covers everything', () => {
    expect(holes([], 0, 3)).toEqual([{ firstMs: 0, lastMs: 2 * MINUTE, candles: 3 }]);
  });

  test('finds holes at the beginning, between and at the end', () => {
    expect(holes([1, 4], 0, 7)).toEqual([
      { firstMs: 0, lastMs: 0, candles: 1 },
      { firstMs: 2 * MINUTE, lastMs: 3 * MINUTE, candles: 2 },
      { firstMs: 5 * MINUTE, lastMs: 6 * MINUTE, candles: 2 },
    ]);
  });

  test('looks neither before nor behind the stretch', () => {
    expect(holes([0, 9], 1, 3)).toEqual([{ firstMs: MINUTE, lastMs: 2 * MINUTE, candles: 2 }]);
  });
});
