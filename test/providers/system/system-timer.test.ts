import { describe, expect, test } from 'vitest';
import { createSystemTimer } from '#providers/system/system-timer.ts';

describe('the system timer', () => {
  test('never goes back', () => {
    const timer = createSystemTimer();
    const times = Array.from({ length: 1000 }, () => timer.monotonicMs());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('acts once, after the delay', async () => {
    const timer = createSystemTimer();
    const startMs = timer.monotonicMs();
    let acts = 0;
    await new Promise<void>((resolve) => {
      timer.after(20, () => {
        acts += 1;
        resolve();
      });
    });
    // Timers count whole milliseconds, the monotonic clock parts of them.
    expect([acts, timer.monotonicMs() - startMs >= 19]).toEqual([1, true]);
  });

  test('does not act when it is called off before', async () => {
    const timer = createSystemTimer();
    const acts: string[] = [];
    const callOff = timer.after(1, () => acts.push('called off'));
    callOff();
    callOff();
    await new Promise<void>((resolve) => {
      timer.after(10, resolve);
    });
    expect(acts).toEqual([]);
  });
});
