import { describe, expect, test } from 'vitest';
import { createLevelRun } from '#domain/quality/level-run.ts';

const SETTINGS = { levelTrades: 5, levelMs: 2000, loneVenueMs: 0 };

/** For each trade whether the run is a level with it; the old level is 100. */
function levels(prices: readonly number[], stepMs: number): readonly boolean[] {
  const run = createLevelRun(SETTINGS);
  return prices.map((price, index) => {
    run.add(price, index * stepMs, 100);
    return run.isLevel();
  });
}

const atThe = (place: number, of: number): readonly boolean[] => Array.from({ length: of }, (_, index) => index + 1 >= place);

describe('a run of suspicious trades', () => {
  test.each([
    ['five that agree', [85, 85.1, 85, 84.9, 85], 1, 5],
    ['five that agree after others that did not', [95, 90, 85, 85, 85, 85, 85], 1, 7],
    ['two seconds, however the price moves', [95, 90, 85, 80, 75, 70], 500, 5],
    ['three over a longer time, in a thin market', [85, 80, 85], 5000, 3],
    ['three within two seconds and no more, when time is up', [85, 80, 85, 90], 1000, 3],
  ])('is a level after %s', (_name, prices, stepMs, place) => {
    expect(levels(prices, stepMs)).toEqual(atThe(place, prices.length));
  });

  test.each([
    ['four', [85, 85, 85, 85], 1],
    ['five that are further apart than 1 %', [85, 86, 87, 88, 85, 86], 1],
    ['five that are each near the first, and not near each other', [85, 84.3, 85.7, 84.3, 85.7], 1],
    ['two, however long they take', [85, 85], 60_000],
    ['prices on both sides of the old level', [85, 115, 85, 115, 85, 115, 85, 115], 1000],
  ])('is none after %s', (_name, prices, stepMs) => {
    expect(levels(prices, stepMs)).not.toContain(true);
  });

  test('ends with a good trade, and tells its price and times while it lasts', () => {
    const run = createLevelRun(SETTINGS);
    const facts = () => [run.price(), run.sinceMs(), run.newestMs()];
    expect(facts()).toEqual([0, NaN, NaN]);
    for (const timeMs of [10, 20, 30, 40]) run.add(85, timeMs, 100);
    expect(facts()).toEqual([85, 10, 40]);
    run.clear();
    expect(facts()).toEqual([0, NaN, NaN]);
    run.add(85, 50, 100);
    expect([run.isLevel(), ...facts()]).toEqual([false, 85, 50, 50]);
  });
});
