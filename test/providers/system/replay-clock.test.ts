import { describe, expect, test } from 'vitest';
import type { Timer } from '#core/ports/timer.ts';
import { createReplayClock } from '#providers/system/replay-clock.ts';

const START = Date.UTC(2023, 2, 11);

describe('a running replay clock', () => {
  test('passes so many virtual seconds in a real second', async () => {
    const timer = handTimer();
    const clock = createReplayClock({ startMs: START, speed: 60, runsFree: true, timer });
    await timer.pass(500);
    expect(clock.nowMs()).toBe(START + 30_000);
  });

  test('wakes a sleeper when its time has come, not before', async () => {
    const timer = handTimer();
    const clock = createReplayClock({ startMs: START, speed: 60, runsFree: false, timer });
    const woken = watch(clock.sleepUntil(START + 60_000));
    await timer.pass(999);
    expect(woken.done).toBe(false);
    await timer.pass(1);
    expect(woken.done).toBe(true);
    expect(clock.nowMs()).toBe(START + 60_000);
  });

  test('does not run ahead of what anybody waits for, and goes on from there', async () => {
    const timer = handTimer();
    const clock = createReplayClock({ startMs: START, speed: 60, runsFree: false, timer });
    const first = watch(clock.sleepUntil(START + 3000));
    await timer.pass(10_000);
    expect([first.done, clock.nowMs()]).toEqual([true, START + 3000]);
    const second = watch(clock.sleepUntil(START + 63_000));
    await timer.pass(900);
    expect([second.done, clock.nowMs()]).toEqual([false, START + 57_000]);
    await timer.pass(100);
    expect(second.done).toBe(true);
  });

  test('an aborted sleep ends at once and without an error', async () => {
    const timer = handTimer();
    const stop = new AbortController();
    const clock = createReplayClock({ startMs: START, speed: 1, runsFree: false, timer });
    const woken = watch(clock.sleepUntil(START + 60_000, stop.signal));
    stop.abort();
    await settle();
    expect(woken.done).toBe(true);
    expect(clock.nowMs()).toBe(START);
  });
});

describe('a replay clock at max', () => {
  test('stands still until somebody waits, and then jumps', async () => {
    const timer = handTimer();
    const clock = createReplayClock({ startMs: START, speed: 'max', runsFree: false, timer });
    await timer.pass(60_000);
    expect(clock.nowMs()).toBe(START);
    const slept = clock.sleepUntil(START + 60_000);
    await timer.pass(1);
    await slept;
    expect(clock.nowMs()).toBe(START + 60_000);
  });

  test('never goes back', async () => {
    const timer = handTimer();
    const clock = createReplayClock({ startMs: START, speed: 'max', runsFree: false, timer });
    for (const timeMs of [START + 5000, START + 1000]) {
      const slept = clock.sleepUntil(timeMs);
      await timer.pass(1);
      await slept;
    }
    expect(clock.nowMs()).toBe(START + 5000);
  });
});

/** A timer that is moved by hand. */
function handTimer(): Timer & { pass(milliseconds: number): Promise<void> } {
  let nowMs = 0;
  let due: { readonly atMs: number; readonly action: () => void }[] = [];
  return {
    monotonicMs: () => nowMs,
    after(delayMs, action) {
      const entry = { atMs: nowMs + delayMs, action };
      due.push(entry);
      return () => void (due = due.filter((one) => one !== entry));
    },
    async pass(milliseconds) {
      nowMs += milliseconds;
      for (let ready = due.filter(({ atMs }) => atMs <= nowMs); ready.length > 0; ready = due.filter(({ atMs }) => atMs <= nowMs)) {
        due = due.filter(({ atMs }) => atMs > nowMs);
        for (const { action } of ready) action();
        await settle();
      }
    },
  };
}

function watch(promise: Promise<void>): { done: boolean } {
  const state = { done: false };
  void promise.then(() => (state.done = true));
  return state;
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
