import fc from 'fast-check';
import { expect } from 'vitest';
import { compareDecimals, fromScaled, type Decimal } from '#core/decimal.ts';
import type { checkCandle, RawCandle } from '#providers/ccxt/candle-row.ts';

export const MINUTE = 60_000;
export const LATEST = 40_000_000 * MINUTE;
const scaled = (max: bigint) => fc.bigInt({ min: 1n, max }).map(fromScaled);

export const validRow = fc
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

/** Fails when a row that was damaged on its way is taken for another candle than it was. */
export function noDamagedRowIsAnotherCandle(check: typeof checkCandle): void {
  fc.assert(
    fc.property(validRow, fc.constantFrom(...FIELDS), fc.constantFrom(...SPELLINGS), (row, field, spell) => {
      const damaged: RawCandle = { ...row, [field]: spell(row[field]) };
      const result = check(damaged, MINUTE, LATEST);
      if (typeof result === 'string')
        expect(result).toMatch(/^(open time|a price or the volume|low|high|volume|trade count|quote volume) is /);
      else if (damaged[field] === undefined)
        expect(result).toEqual({ ...row, quoteVolume: null, tradeCount: field === 'tradeCount' ? null : row.tradeCount });
      else expect(result).toEqual(row);
    }),
    { seed: 2, numRuns: 4000 },
  );
}
