import { describe, expect, test } from 'vitest';
import { isOutlier, LEAST_TRADES } from '#domain/quality/outlier-check.ts';
import { createPriceWindow, type PriceWindow } from '#domain/quality/price-window.ts';
import { SETTINGS } from './made-market.ts';

function windowOf(prices: readonly number[]): PriceWindow {
  const window = createPriceWindow(51);
  for (const [index, price] of prices.entries()) window.add(price, index);
  return window;
}

const repeat = (count: number, ...prices: readonly number[]): readonly number[] => Array.from({ length: count }, () => prices).flat();

/** `step` is small unless told. */
function judged(window: PriceWindow, price: number, { last = window.median(), step = 0.01, widening = 1 } = {}): boolean {
  return isOutlier(price, last, window, step, widening, SETTINGS);
}

describe('an outlier', () => {
  test('in a quiet book is further than the floor: 4 x 12 hundredths of a percent', () => {
    const quiet = windowOf(repeat(51, 1000));
    expect([1004.7, 1004.9, 995.3, 995.1].map((price) => judged(quiet, price))).toEqual([false, true, false, true]);
  });

  test('in a lively book is further than four times where 80 % of the trades are', () => {
    const lively = windowOf(repeat(10, 996, 998, 1000, 1002, 1004));
    expect([1015.9, 1016.1, 984.1, 983.9].map((price) => judged(lively, price))).toEqual([false, true, false, true]);
  });

  test('is not what a tenth of the trades did before, two times over', () => {
    const bounces = windowOf([...repeat(38, 1000), ...repeat(13, 1010)]);
    expect([judged(bounces, 1010), judged(bounces, 1039), judged(bounces, 1041)]).toEqual([false, false, true]);
  });

  test('is far from the last good price too: a market on the move is not one', () => {
    const moving = windowOf(repeat(51, 1000));
    expect([judged(moving, 1010, { last: 1007 }), judged(moving, 1010, { last: 1004 })]).toEqual([false, true]);
    expect(judged(moving, 1001, { last: 1010 })).toBe(false);
  });

  test('is more than two steps away, where steps are coarse', () => {
    const coarse = windowOf(repeat(51, 100));
    expect([101, 102, 103].map((price) => judged(coarse, price, { step: 1 }))).toEqual([false, false, true]);
    const fine = windowOf(repeat(51, 1000));
    expect([1012, 1013].map((price) => judged(fine, price, { step: 6 }))).toEqual([false, true]);
    // A market that was seen at whole hundreds alone may well trade at cents.
    expect([102, 103].map((price) => judged(coarse, price, { step: 100 }))).toEqual([false, true]);
  });

  test('needs more after a silence', () => {
    const quiet = windowOf(repeat(51, 1000));
    expect([judged(quiet, 1009, { widening: 2 }), judged(quiet, 1010, { widening: 2 })]).toEqual([false, true]);
    const lively = windowOf(repeat(10, 996, 998, 1000, 1002, 1004));
    expect([judged(lively, 1031.9, { widening: 2 }), judged(lively, 1032.1, { widening: 2 })]).toEqual([false, true]);
  });

  test('is unknown before ten trades', () => {
    expect(judged(windowOf(repeat(LEAST_TRADES - 1, 1000)), 2000)).toBe(false);
    expect(judged(windowOf(repeat(LEAST_TRADES, 1000)), 2000)).toBe(true);
  });
});
