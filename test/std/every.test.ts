import { describe, expect, test } from 'vitest';
import { every } from '#std/every.ts';
import { handTimer } from './hand-timer.ts';

describe('an action that runs every so often', () => {
  test('runs after each pause, and the pause begins when it has ended', async () => {
    const timer = handTimer();
    let release: () => void = () => {};
    let runs = 0;
    const stop = every(timer, 100, async () => {
      runs += 1;
      await new Promise<void>((resolve) => (release = resolve));
    });
    timer.advance(99);
    expect(runs).toBe(0);
    timer.advance(1);
    timer.advance(1000);
    expect(runs).toBe(1);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    timer.advance(100);
    expect(runs).toBe(2);
    const stopped = stop();
    release();
    await stopped;
    timer.advance(1000);
    expect(runs).toBe(2);
  });
});
