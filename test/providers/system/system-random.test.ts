import { expect, test } from 'vitest';
import { createSystemRandom } from '#providers/system/system-random.ts';

test('chance is in [0, 1) and does not repeat', () => {
  const random = createSystemRandom();
  const values = Array.from({ length: 1000 }, () => random.next());
  expect([values.every((value) => value >= 0 && value < 1), new Set(values).size]).toEqual([true, 1000]);
});
