import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDecimals, fromScaled, parseDecimal, toScaled, type Decimal } from '#core/decimal.ts';

const LIMIT = 10n ** 38n - 1n;
const scaled = fc.oneof(
  fc.bigInt({ min: -LIMIT, max: LIMIT }),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
);

/** The same number in another spelling: zeros around it, and the point moved against an exponent. */
function respelt(value: Decimal, zerosBefore: number, zerosBehind: number, shift: number): string {
  const sign = value.startsWith('-') ? '-' : '';
  const [integer = '', fraction = ''] = value.replace('-', '').split('.');
  const digits = '0'.repeat(zerosBefore + 30) + integer + fraction + '0'.repeat(zerosBehind + 30);
  const point = zerosBefore + 30 + integer.length + shift;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}e${-shift}`.replace(/\.e/, '.0e');
}

describe('a decimal', () => {
  test('goes through its scaled form and back unchanged', () => {
    fc.assert(
      fc.property(scaled, (value) => {
        const decimal = fromScaled(value);
        expect(toScaled(decimal)).toBe(value);
        expect(parseDecimal(decimal)).toBe(decimal);
      }),
      { numRuns: 2000 },
    );
  });

  test('is canonical: one text for one number, in whatever spelling it came', () => {
    const padding = fc.nat({ max: 3 });
    fc.assert(
      fc.property(scaled, padding, padding, fc.integer({ min: -25, max: 25 }), (value, before, behind, shift) => {
        const decimal = fromScaled(value);
        const text = respelt(decimal, before, behind, shift);
        fc.pre(text.length <= 100);
        expect(parseDecimal(text)).toBe(decimal);
      }),
      { numRuns: 1000 },
    );
  });

  test('is written without plus, exponent, leading zeros, trailing zeros and minus zero', () => {
    fc.assert(
      fc.property(scaled, (value) => {
        const text = fromScaled(value);
        expect(text).toMatch(/^-?(0|[1-9]\d{0,19})(\.\d{0,17}[1-9])?$/);
        expect(text).not.toBe('-0');
      }),
    );
  });

  test('compares as the integers do', () => {
    fc.assert(
      fc.property(scaled, scaled, (a, b) => {
        const sign = a < b ? -1 : a > b ? 1 : 0;
        expect(Math.sign(compareDecimals(fromScaled(a), fromScaled(b)))).toBe(sign);
      }),
    );
  });

  test('compares with its nearest neighbours, which are the same double, as the integers do', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -LIMIT + 3n, max: LIMIT - 3n }), fc.bigInt({ min: -3n, max: 3n }), (a, step) => {
        const sign = step > 0n ? -1 : step < 0n ? 1 : 0;
        expect(Math.sign(compareDecimals(fromScaled(a), fromScaled(a + step)))).toBe(sign);
      }),
    );
  });

  test('keeps every double that it takes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (value) => {
        const decimal = parseDecimal(value);
        if (decimal !== undefined) expect(Number(decimal) + 0).toBe(value + 0);
        else expect(Math.abs(value)).toBeLessThan(1);
      }),
    );
  });

  test('is never made of what is no number in another reading', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', '+', 'e', 'E', ' ', 'x', ','), maxLength: 12 }), (text) => {
        const decimal = parseDecimal(text);
        if (decimal === undefined) return;
        expect(text.trim()).toBe(text);
        expect(Number(decimal)).toBeCloseTo(Number(text), 6);
      }),
      { numRuns: 2000 },
    );
  });
});
