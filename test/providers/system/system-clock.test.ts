import { describe, expect, test } from 'vitest';
import { createSystemClock, sleep } from '#providers/system/system-clock.ts';
import { handTimer } from '../../std/hand-timer.ts';

describe('sleep', () => {
  test('ends when its time is over, by the timer', async () => {
    const timer = handTimer();
    let isOver = false;
    const over = sleep(timer, 1000).then(() => (isOver = true));
    timer.advance(999);
    await Promise.resolve();
    expect(isOver).toBe(false);
    timer.advance(1);
    await over;
    expect([isOver, timer.pending()]).toEqual([true, 0]);
  });

  test.each([0, -5])('of %i ms does not wait', async (delayMs) => {
    const timer = handTimer();
    await sleep(timer, delayMs);
    expect(timer.pending()).toBe(0);
  });

  test('ends at once when it is stopped, and leaves no timer behind', async () => {
    const timer = handTimer();
    const stop = new AbortController();
    const over = sleep(timer, 1000, stop.signal);
    stop.abort();
    await over;
    expect(timer.pending()).toBe(0);
  });

  test('does not begin when it is stopped already', async () => {
    const timer = handTimer();
    await sleep(timer, 1000, AbortSignal.abort());
    expect(timer.pending()).toBe(0);
  });
});

describe('the system clock', () => {
  test('is the time of the machine', () => {
    const before = Date.now();
    const nowMs = createSystemClock(handTimer()).nowMs();
    expect(nowMs).toBeGreaterThanOrEqual(before);
    expect(nowMs).toBeLessThanOrEqual(Date.now());
  });

  test('sleeps until a time that is to come, and not for one that is over', async () => {
    const timer = handTimer();
    const clock = createSystemClock(timer);
    await clock.sleepUntil(clock.nowMs() - 1);
    const over = clock.sleepUntil(clock.nowMs() + 3_600_000);
    expect(timer.pending()).toBe(1);
    timer.advance(3_600_000);
    await over;
  });
});
