import { expect, test } from 'vitest';
import { parseDecimal } from '#core/decimal.ts';
import { lastDigitExponent } from '#domain/quality/price-step.ts';

test.each([
  ['36160.9', -1],
  ['0.0012', -4],
  ['0.000000000000000001', -18],
  ['7', 0],
  ['20000', 4],
  ['20010', 1],
  ['100000000', 8],
])('the last digit of %s that is not 0 stands for ten to the power of %d', (text, exponent) => {
  const price = parseDecimal(text);
  if (price === undefined) throw new Error('not a decimal');
  expect(lastDigitExponent(price)).toBe(exponent);
});
