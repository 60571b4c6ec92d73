import { describe, expect, test } from 'vitest';
import { createBackoff, type Failure } from '#providers/websocket/backoff.ts';
import { seededRandom } from './virtual-time.ts';

const delays = (failure: Failure, random: number, count: number): readonly number[] => {
  const backoff = createBackoff({ next: () => random });
  return Array.from({ length: count }, () => backoff.nextDelayMs(failure));
};

/** Attempts that fall into a window when each fails at once. */
function attemptsWithin(windowMs: number, failure: Failure, seed: number): number {
  const backoff = createBackoff(seededRandom(seed));
  let attempts = 1;
  for (let nowMs = backoff.nextDelayMs(failure); nowMs < windowMs; nowMs += backoff.nextDelayMs(failure)) attempts++;
  return attempts;
}

describe('the back-off', () => {
  test('from an exchange that cannot be reached is fully random, up to 30 s', () => {
    expect(delays('unreachable', 1, 8)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(delays('unreachable', 0, 3)).toEqual([0, 0, 0]);
  });

  test('from one that drops us is longer, and never below half of its step', () => {
    expect(delays('dropped', 0, 9)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(delays('dropped', 1, 9)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 120_000, 120_000]);
  });

  test('begins anew after a reset', () => {
    const backoff = createBackoff({ next: () => 1 });
    for (let attempt = 0; attempt < 5; attempt++) backoff.nextDelayMs('dropped');
    backoff.reset();
    expect([backoff.nextDelayMs('dropped'), backoff.nextDelayMs('unreachable')]).toEqual([1000, 500]);
  });

  test('makes at most 40 attempts in 5 minutes, and 20 in 10 when the exchange counts them', () => {
    const seeds = Array.from({ length: 1000 }, (_, seed) => seed);
    expect(Math.max(...seeds.map((seed) => attemptsWithin(300_000, 'unreachable', seed)))).toBeLessThanOrEqual(40);
    expect(Math.max(...seeds.map((seed) => attemptsWithin(600_000, 'dropped', seed)))).toBeLessThanOrEqual(20);
  });
});
