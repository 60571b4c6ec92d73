import { expect, test } from 'vitest';
import { retryAfterMs } from '#providers/ccxt/retry-after.ts';

const NOW = Date.UTC(2023, 2, 11, 12, 0, 30);

test.each<[string | undefined, number | undefined]>([
  ['17', 17_000],
  [' 17 ', 17_000],
  ['0', 0],
  ['86401', 86_401_000],
  ['259200', 259_200_000],
  ['259201', undefined],
  ['1000000000', undefined],
  ['99999999999999999999', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
  ['Sat, 11 Mar 2023 12:01:00 GMT', 30_000],
  ['Sat, 11 Mar 2023 12:00:30 GMT', 0],
  ['Sat, 11 Mar 2023 11:00:00 GMT', undefined],
  ['Sat, 11 Mar 2024 12:00:00 GMT', undefined],
  ['Sat, 41 Mar 2023 12:00:00 GMT', undefined],
  ['2023-03-11T12:01:00Z', undefined],
])('Retry-After %j asks to wait %j ms', (header, waitMs) => {
  expect(retryAfterMs(header, NOW)).toBe(waitMs);
});
