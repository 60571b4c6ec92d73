import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDecimals, parseDecimal } from '#core/decimal.ts';
import { checkCandle, type RawCandle } from '#providers/ccxt/candle-row.ts';
import { LATEST, MINUTE, noDamagedRowIsAnotherCandle, validRow } from './damaged-rows.ts';

describe('a valid row', () => {
  test('is accepted, and every decimal in it is the number that was sent', () => {
    fc.assert(
      fc.property(validRow, (row) => {
        expect(checkCandle(row, MINUTE, LATEST)).toEqual(row);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('that is damaged is refused or means the same: never another candle', () => {
    noDamagedRowIsAnotherCandle(checkCandle);
  });

  test('with two fields exchanged is accepted only when its prices still agree', () => {
    const prices = fc.constantFrom('open', 'high', 'low', 'close');
    fc.assert(
      fc.property(validRow, prices, prices, (row, a, b) => {
        const result = checkCandle({ ...row, [a]: row[b as keyof RawCandle], [b]: row[a as keyof RawCandle] }, MINUTE, LATEST);
        if (typeof result === 'string') return;
        for (const inside of [result.open, result.close]) {
          expect(compareDecimals(result.low, inside)).toBeLessThanOrEqual(0);
          expect(compareDecimals(inside, result.high)).toBeLessThanOrEqual(0);
        }
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('is never accepted from arbitrary JSON with anything but decimals in it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.integer({ min: 21_000_000, max: 40_000_000 }), (some, other, minute) => {
        const result = checkCandle(
          { openTimeMs: minute * MINUTE, open: some, high: other, low: some, close: other, volume: other },
          MINUTE,
          LATEST,
        );
        if (typeof result !== 'string') expect([parseDecimal(result.open), parseDecimal(result.high)]).toEqual([result.open, result.high]);
      }),
      { seed: 4, numRuns: 1000 },
    );
  });
});
