/**
 * An exact decimal number as canonical text: no plus sign, no exponent, no leading zeros, no trailing fraction zeros, never `-0`.
 * At most 20 integer and 18 fraction digits, which is what the store's Decimal(38, 18) holds. Made by `parseDecimal` only, so
 * two decimals are the same number exactly when they are the same text.
 */
export type Decimal = string & { readonly __brand: 'Decimal' };

const MAX_INTEGER_DIGITS = 20;
export const MAX_FRACTION_DIGITS = 18;

// One pass, no nested quantifiers: the input comes from outside. Length is checked first.
const PATTERN = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
const MAX_TEXT_LENGTH = 100;

/** Most of what exchanges send is canonical already. */
const CANONICAL = /^(?:0|[1-9]\d{0,19})(?:\.\d{0,17}[1-9])?$/;

/**
 * Reads what an exchange sent (a string, or a JSON number whose shortest text is taken) as an exact decimal.
 * Returns `undefined` for anything that is not a plain finite ASCII number ("", " 1", "1,000", "0x10", "NaN", null) and for
 * numbers beyond 20 integer or 18 fraction digits: those are refused, never rounded.
 */
export function parseDecimal(value: unknown): Decimal | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text.length > MAX_TEXT_LENGTH) return undefined;
  if (CANONICAL.test(text)) return text as Decimal;
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, sign = '', integer = '', fraction = '', exponent = '0'] = match;
  return canonical(sign, integer, fraction, Number(exponent));
}

function canonical(sign: string, integer: string, fraction: string, exponent: number): Decimal | undefined {
  let digits = integer + fraction;
  let point = integer.length + exponent;
  if (point > digits.length) digits = digits.padEnd(point, '0');
  if (point < 0) {
    digits = '0'.repeat(-point) + digits;
    point = 0;
  }
  const whole = digits.slice(0, point).replace(/^0+/, '');
  const rest = digits.slice(point).replace(/0+$/, '');
  if (whole.length > MAX_INTEGER_DIGITS || rest.length > MAX_FRACTION_DIGITS) return undefined;
  const magnitude = (whole === '' ? '0' : whole) + (rest === '' ? '' : `.${rest}`);
  return (magnitude === '0' ? '0' : sign + magnitude) as Decimal;
}

/** The number times 10^18 as an integer: exact for comparing and adding. */
export function toScaled(value: Decimal): bigint {
  const point = value.indexOf('.');
  const fractionDigits = point === -1 ? 0 : value.length - point - 1;
  const digits = point === -1 ? value : value.slice(0, point) + value.slice(point + 1);
  // So many digits are exact in a double, and from there to a bigint is a much shorter way than from a text.
  const integer = digits.length <= 15 ? BigInt(Number(digits)) : BigInt(digits);
  return integer * SCALES[MAX_FRACTION_DIGITS - fractionDigits]!;
}

const SCALES = Array.from({ length: MAX_FRACTION_DIGITS + 1 }, (_, exponent) => 10n ** BigInt(exponent));

/** Inverse of `toScaled`. Throws `RangeError` when the number needs more than 20 integer digits. */
export function fromScaled(scaled: bigint): Decimal {
  const negative = scaled < 0n;
  const digits = String(negative ? -scaled : scaled).padStart(MAX_FRACTION_DIGITS + 1, '0');
  const split = digits.length - MAX_FRACTION_DIGITS;
  const value = canonical(negative ? '-' : '', digits.slice(0, split), digits.slice(split), 0);
  if (value === undefined) throw new RangeError(`decimal "${scaled}e-18" has more than ${MAX_INTEGER_DIGITS} integer digits`);
  return value;
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. Exact. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a === b) return 0;
  // Doubles that are further apart than their rounding decide; only near neighbours need the exact way.
  const [x, y] = [Number(a), Number(b)];
  if (Math.abs(x - y) > Math.max(Math.abs(x), Math.abs(y)) * 1e-12) return x - y;
  const difference = toScaled(a) - toScaled(b);
  return difference < 0n ? -1 : 1;
}

export const ZERO = '0' as Decimal;
