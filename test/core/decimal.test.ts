import { describe, expect, test } from 'vitest';
import { compareDecimals, fromScaled, parseDecimal, toScaled, ZERO, type Decimal } from '#core/decimal.ts';

const decimal = (text: string): Decimal => {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`"${text}" is not a decimal`);
  return value;
};

describe('parseDecimal', () => {
  test.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.000', '0'],
    ['1', '1'],
    ['00012.500', '12.5'],
    ['-12.50', '-12.5'],
    ['0.00000001', '0.00000001'],
    ['1e3', '1000'],
    ['1E+3', '1000'],
    ['1.5e-3', '0.0015'],
    ['12345e-2', '123.45'],
    ['-2e-8', '-0.00000002'],
    ['0e999', '0'],
    ['99999999999999999999.999999999999999999', '99999999999999999999.999999999999999999'],
    ['0.000000000000000001', '0.000000000000000001'],
    ['1e-18', '0.000000000000000001'],
    ['1e19', '10000000000000000000'],
    ['100000000000000000000e-1', '10000000000000000000'],
    ['0.10000000000000000000000000', '0.1'],
  ])('reads the text %j as %s', (text, expected) => {
    expect(parseDecimal(text)).toBe(expected);
  });

  test.each([
    [0, '0'],
    [-0, '0'],
    [0.1, '0.1'],
    [22413.5, '22413.5'],
    [1e-7, '0.0000001'],
    [-1.5e-9, '-0.0000000015'],
    [123456789012345680000, undefined],
    [1e19, '10000000000000000000'],
  ])('reads the number %d by its shortest text as %s', (value, expected) => {
    expect(parseDecimal(value)).toBe(expected);
  });

  test.each([
    ['null', null],
    ['undefined', undefined],
    ['true', true],
    ['an empty text', ''],
    ['a word', 'abc'],
    ['NaN in words', 'NaN'],
    ['infinity in words', 'Infinity'],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['hexadecimal', '0x10'],
    ['a thousands separator', '1,000.5'],
    ['full-width digits', '１２'],
    ['Arabic digits', '١٢'],
    ['a blank before', ' 1'],
    ['a blank behind', '1 '],
    ['a line break behind', '1\n'],
    ['a plus sign', '+1'],
    ['two signs', '--1'],
    ['no digit before the point', '.5'],
    ['no digit behind the point', '1.'],
    ['two points', '1.2.3'],
    ['an exponent without digits', '1e'],
    ['an underscore', '1_000'],
    ['the largest exponents', '1e400'],
    ['an exponent of four digits', '1e1000'],
    ['the smallest double', 5e-324],
    ['1e-300', 1e-300],
    ['1e300', 1e300],
    ['21 integer digits', '100000000000000000000'],
    ['19 fraction digits', '0.0000000000000000001'],
    ['40 significant digits', '1234567890123456789.0123456789012345678901'],
    ['10,000 digits', '1'.repeat(10_000)],
    ['10,000 zeros', '0'.repeat(10_000)],
    ['a list', ['1']],
    ['an object', { toString: () => '1' }],
    ['a bigint', 1n],
  ])('refuses %s', (_what, value) => {
    expect(parseDecimal(value)).toBeUndefined();
  });
});

describe('toScaled and fromScaled', () => {
  test.each([
    ['0', 0n],
    ['1', 10n ** 18n],
    ['-1.5', -15n * 10n ** 17n],
    ['0.000000000000000001', 1n],
    ['-0.000000000000000001', -1n],
    ['-0.5', -5n * 10n ** 17n],
    ['99999999999999999999.999999999999999999', 10n ** 38n - 1n],
  ])('are exact for %s', (text, scaled) => {
    expect(toScaled(decimal(text))).toBe(scaled);
    expect(fromScaled(scaled)).toBe(text);
  });

  test('fromScaled throws beyond 20 integer digits and names the number', () => {
    expect(() => fromScaled(10n ** 38n)).toThrow(
      new RangeError('decimal "100000000000000000000000000000000000000e-18" has more than 20 integer digits'),
    );
    expect(() => fromScaled(-(10n ** 38n))).toThrow(RangeError);
  });
});

describe('compareDecimals', () => {
  test.each([
    ['2', '10', -1],
    ['-2', '-10', 1],
    ['0.1', '0.1', 0],
    ['-0.000000000000000001', '0', -1],
    ['9007199254740993', '9007199254740992', 1],
    ['0.30000000000000004', '0.3', 1],
    ['9007199254740992', '9007199254740993', -1],
    ['20000.000000000000000001', '20000.000000000000000002', -1],
    ['-20000.000000000000000001', '-20000.000000000000000002', 1],
  ])('orders %s and %s by value', (a, b, sign) => {
    expect(Math.sign(compareDecimals(decimal(a), decimal(b)))).toBe(sign);
  });

  test('knows zero', () => {
    expect(parseDecimal('0.00')).toBe(ZERO);
  });
});
