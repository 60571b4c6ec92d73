import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPriceWindow } from '#domain/quality/price-window.ts';

/** What the window promises, the slow way. */
function slowly(prices: readonly number[], size: number, share: number) {
  const sorted = prices.slice(-size).toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? Number.NaN;
  const deviations = sorted.map((price) => Math.abs(price - median)).sort((a, b) => a - b);
  return { sorted, median, deviation: deviations[Math.ceil(share * sorted.length) - 1] ?? Number.NaN };
}

describe('a window of prices', () => {
  test('has the median, deviations and ranks of the last prices, whatever came before', () => {
    const price = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(price, { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 21 }),
        fc.constantFrom(0.5, 0.8, 1),
        (prices, size, share) => {
          const window = createPriceWindow(size);
          for (const [index, one] of prices.entries()) {
            window.add(one, index);
            const { sorted, median, deviation } = slowly(prices.slice(0, index + 1), size, share);
            expect([window.count(), window.median(), window.deviation(share)]).toEqual([sorted.length, median, deviation]);
            expect(sorted.map((_, rank) => window.atRank(rank))).toEqual(sorted);
            expect(window.oldestTimeMs()).toBe(Math.max(0, index + 1 - size));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('says NaN when it is empty, and begins anew when it is cleared', () => {
    const window = createPriceWindow(3);
    const all = () => [window.count(), window.median(), window.deviation(0.5), window.atRank(0), window.oldestTimeMs()];
    expect(all()).toEqual([0, NaN, NaN, NaN, NaN]);
    for (const price of [5, 6, 7, 8]) window.add(price, price);
    window.clear();
    expect(all()).toEqual([0, NaN, NaN, NaN, NaN]);
    window.add(9, 90);
    expect(all()).toEqual([1, 9, 0, 9, 90]);
  });
});
