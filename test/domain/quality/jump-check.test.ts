import { expect, test } from 'vitest';
import { isJump } from '#domain/quality/jump-check.ts';

test.each([
  [105, 1, false],
  [105.01, 1, true],
  [95.3, 1, false],
  [95.2, 1, true],
  [100, 1, false],
  [109.9, 2, false],
  [110.1, 2, true],
  [102.4, 0.5, false],
  [102.6, 0.5, true],
  [1e-18, 1, true],
  [1e18, 1, true],
])('%d after 100, limits %d times as wide: %s', (price, widening, expected) => {
  expect(isJump(price, 100, widening, { jumpPercent: 5 })).toBe(expected);
});
