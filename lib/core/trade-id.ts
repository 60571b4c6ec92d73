const DIGITS = /^\d+$/;

/**
 * Negative, zero or positive as trade `a` came before, is, or came after trade `b` of the same symbol. Two ids of ASCII digits are compared
 * as numbers of any length, leading zeros aside; anything else (ASCII) as text. Never throws.
 */
export function compareTradeIds(a: string, b: string): number {
  if (a === b) return 0;
  if (!DIGITS.test(a) || !DIGITS.test(b)) return a < b ? -1 : 1;
  const [x, y] = [withoutZeros(a), withoutZeros(b)];
  if (x.length !== y.length) return x.length - y.length;
  return x === y ? 0 : x < y ? -1 : 1;
}

function withoutZeros(digits: string): string {
  return digits.startsWith('0') ? digits.replace(/^0+(?=\d)/, '') : digits;
}
