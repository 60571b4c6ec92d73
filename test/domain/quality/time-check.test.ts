import { expect, test } from 'vitest';
import { checkTime } from '#domain/quality/time-check.ts';
import { madeTrade, NOON, SETTINGS } from './made-market.ts';

test.each([
  ['stream', -60_000, 'good'],
  ['stream', -60_001, 'refused'],
  ['synthetic', -60_001, 'refused'],
  ['rest', -86_400_000, 'good'],
  ['stream', 5000, 'good'],
  ['stream', 5001, 'refused'],
  ['rest', 5001, 'refused'],
] as const)('a trade by %s that happened %d ms from now is %s', (source, offsetMs, verdict) => {
  expect(checkTime(madeTrade('1', NOON + offsetMs, '1'), NOON, source, SETTINGS).verdict).toBe(verdict);
});
