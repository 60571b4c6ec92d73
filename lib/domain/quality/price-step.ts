import type { Decimal } from '#core/decimal.ts';

/**
 * The exponent of the last digit that is not 0: `0.0012` -> -4, `36160.9` -> -1, `20000` -> 4. The least one that a market has shown tells
 * the step of its prices: ten to its power, or a divisor of that such as 0.05 of 0.01. For a positive canonical decimal.
 */
export function lastDigitExponent(price: Decimal): number {
  const point = price.indexOf('.');
  // Canonical text ends in no 0 after a point.
  if (point !== -1) return point - price.length + 1;
  let exponent = 0;
  while (exponent < price.length && price.codePointAt(price.length - 1 - exponent) === ZERO_DIGIT) exponent += 1;
  return exponent;
}

const ZERO_DIGIT = 48;
