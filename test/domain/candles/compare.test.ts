import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import { fromScaled } from '#core/decimal.ts';
import { sameCandle } from '#domain/candles/compare.ts';

const decimal = fc.bigInt({ min: 1n, max: 10n ** 24n }).map(fromScaled);
const candle: fc.Arbitrary<Candle> = fc.record({
  openTimeMs: fc.nat({ max: 1000 }).map((minute) => minute * 60_000),
  open: decimal,
  high: decimal,
  low: decimal,
  close: decimal,
  volume: decimal,
  quoteVolume: fc.option(decimal),
  tradeCount: fc.option(fc.nat()),
});

describe('sameCandle', () => {
  test('sees that a copy says the same', () => {
    fc.assert(
      fc.property(candle, (given) => {
        expect(sameCandle(given, { ...given })).toBe(true);
      }),
    );
  });

  test('sees a difference in any part, from either side', () => {
    const keys = ['openTimeMs', 'open', 'high', 'low', 'close', 'volume', 'quoteVolume', 'tradeCount'] as const;
    fc.assert(
      fc.property(candle, candle, fc.constantFrom(...keys), (given, other, key) => {
        const changed = { ...given, [key]: other[key] };
        expect(sameCandle(given, changed)).toBe(given[key] === other[key]);
        expect(sameCandle(changed, given)).toBe(given[key] === other[key]);
      }),
    );
  });

  test('knows the absence of a count from a count of zero', () => {
    const [bare] = fc.sample(candle, { numRuns: 1, seed: 1 }) as [Candle];
    expect(sameCandle({ ...bare, tradeCount: null }, { ...bare, tradeCount: 0 })).toBe(false);
  });

  test('does not look at the version', () => {
    const [bare] = fc.sample(candle, { numRuns: 1, seed: 1 }) as [Candle];
    const stored = [1n, 2n].map((version) => ({ ...bare, version }));
    expect(sameCandle(stored[0] as Candle, stored[1] as Candle)).toBe(true);
  });
});
