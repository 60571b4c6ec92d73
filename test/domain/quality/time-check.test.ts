import { expect, test } from 'vitest';
import { checkTime } from '#domain/quality/time-check.ts';
import { madeTrade, NOON, SETTINGS } from './made-market.ts';

test('a refused time says which way it is wrong', () => {
  const reason = (offsetMs: number) => checkTime(madeTrade('1', NOON + offsetMs, '1'), NOON, 'stream', SETTINGS).reason;
  expect([reason(5001), reason(-60_001), reason(0)]).toEqual(['event time is in the future', 'event time is too far in the past', '']);
});

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
