import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDecimals, fromScaled, parseDecimal, type Decimal } from '#core/decimal.ts';
import { checkCandle, type RawCandle } from '#providers/ccxt/candle-row.ts';

const MINUTE = 60_000;
const LATEST = 40_000_000 * MINUTE;
const scaled = (max: bigint) => fc.bigInt({ min: 1n, max }).map(fromScaled);

const validRow = fc
  .record({
    minute: fc.integer({ min: 21_000_000, max: 40_000_000 }),
    prices: fc.tuple(scaled(10n ** 26n), scaled(10n ** 26n), scaled(10n ** 26n), scaled(10n ** 26n)),
    volume: scaled(10n ** 30n),
    quoteVolume: scaled(10n ** 30n),
    tradeCount: fc.integer({ min: 1, max: 1_000_000 }),
  })
  .map(({ minute, prices, ...rest }): RawCandle => {
    const [low, open, close, high] = prices.toSorted(compareDecimals) as [Decimal, Decimal, Decimal, Decimal];
    return { openTimeMs: minute * MINUTE, open, high, low, close, ...rest };
  });

const FIELDS = ['openTimeMs', 'open', 'high', 'low', 'close', 'volume', 'quoteVolume', 'tradeCount'] as const;

/** What goes wrong on the way: another type, another spelling, a cut, something around it. Never another number in the same spelling. */
const SPELLINGS: readonly ((value: unknown) => unknown)[] = [
  (value) => Number(value),
  (value) => BigInt(Math.trunc(Number(value))),
  (value) => [value],
  (value) => ({ value }),
  () => null,
  () => true,
  () => '',
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => {},
  (value) => ` ${String(value)}`,
  (value) => `${String(value)} `,
  (value) => `+${String(value)}`,
  (value) => `-${String(value)}`,
  (value) => `0${String(value)}`,
  (value) => `${String(value)}e0`,
  (value) => `${String(value)},5`,
  (value) => `${String(value)}${String(value)}.1.1`,
  (value) => `0x${String(value)}`,
  (value) => `"${String(value)}"`,
  (value) => String(value).replaceAll(/\d/g, (digit) => String.fromCodePoint(0x06_60 + Number(digit))),
  (value) => `${String(value)}\u0000`,
  (value) => (String(value).includes('.') ? `${String(value)}000` : `${String(value)}.000`),
];

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
    fc.assert(
      fc.property(validRow, fc.constantFrom(...FIELDS), fc.constantFrom(...SPELLINGS), (row, field, spell) => {
        const damaged: RawCandle = { ...row, [field]: spell(row[field]) };
        const result = checkCandle(damaged, MINUTE, LATEST);
        if (typeof result === 'string')
          expect(result).toMatch(/^(open time|a price or the volume|low|high|volume|trade count|quote volume) is /);
        else if (damaged[field] === undefined)
          expect(result).toEqual({ ...row, quoteVolume: null, tradeCount: field === 'tradeCount' ? null : row.tradeCount });
        else expect(result).toEqual(row);
      }),
      { seed: 2, numRuns: 4000 },
    );
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
