import { describe, expect, test } from 'vitest';
import { createSymbolPulse } from '#providers/websocket/symbol-pulse.ts';

function pulseOf(tradesMs: readonly number[]) {
  const pulse = createSymbolPulse();
  pulse.begin(0);
  for (const ms of tradesMs) pulse.beat(ms);
  return pulse;
}

/** The first second at which the pulse is overdue. */
function overdueFrom(pulse: ReturnType<typeof createSymbolPulse>, fromMs: number): number {
  let ms = fromMs;
  while (!pulse.isOverdue(ms)) ms += 1000;
  return ms - fromMs;
}

describe('the pulse of a symbol', () => {
  test('is overdue after 60 s without a first trade', () => {
    expect(overdueFrom(pulseOf([]), 0)).toBe(60_000);
  });

  test('is overdue after 20 usual gaps, and never before 30 s', () => {
    expect(overdueFrom(pulseOf([0, 10_000, 20_000, 30_000]), 30_000)).toBe(200_000);
    expect(overdueFrom(pulseOf([0, 1000, 2000, 3000, 4000]), 4000)).toBe(30_000);
  });

  test('takes the median: one long gap changes nothing', () => {
    expect(overdueFrom(pulseOf([0, 2000, 4000, 3_604_000, 3_606_000]), 3_606_000)).toBe(40_000);
  });

  test('counts a burst of trades as one sign of life', () => {
    const bursts = Array.from({ length: 5 }, (_, burst) => Array.from({ length: 30 }, (_, trade) => burst * 20_000 + trade)).flat();
    expect(overdueFrom(pulseOf(bursts), bursts.at(-1)!)).toBeGreaterThanOrEqual(399_000);
  });

  test('has its next alarm after twice the time, up to 128 times, until a trade comes', () => {
    const pulse = pulseOf([0, 1000, 2000, 3000]);
    let nowMs = 3000;
    const waits = Array.from({ length: 9 }, (_, alarm) => {
      const waitMs = overdueFrom(pulse, nowMs);
      nowMs += waitMs;
      expect(pulse.alarm(nowMs)).toBe(alarm + 1);
      return waitMs / 30_000;
    });
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 128]);
    pulse.beat(nowMs);
    expect(pulse.alarm(nowMs + 60_000)).toBe(1);
  });

  test('learns nothing from the time without a subscription', () => {
    const pulse = pulseOf([0, 1000, 2000, 3000]);
    pulse.begin(1_000_000);
    pulse.beat(1_000_100);
    expect(overdueFrom(pulse, 1_000_100)).toBe(30_000);
  });
});
