import { describe, expect, test } from 'vitest';
import { withRetries, type RetryPolicy } from '#std/retry.ts';

function retried(change: Partial<RetryPolicy> = {}) {
  let nowMs = 1000;
  let elapsedMs = 0;
  const waits: number[] = [];
  const policy: RetryPolicy = {
    clock: {
      nowMs: () => nowMs,
      async sleepUntil(timeMs) {
        waits.push(timeMs - nowMs);
        nowMs = timeMs;
      },
    },
    timer: { monotonicMs: () => elapsedMs },
    random: { next: () => 0.5 },
    attempts: 3,
    budgetMs: 8000,
    firstDelayMs: 500,
    mayRetry: () => true,
    ...change,
  };
  let calls = 0;
  const failing = (failures: number, lastsMs = 10) =>
    withRetries(policy, async () => {
      calls++;
      elapsedMs += lastsMs;
      if (calls <= failures) throw new RangeError(`failure ${calls}`);
      return calls;
    });
  return { failing, waits, calls: () => calls };
}

describe('work that may be tried again', () => {
  test('is done once when it succeeds', async () => {
    const { failing, waits } = retried();
    expect([await failing(0), waits]).toEqual([1, []]);
  });

  test('is tried again after a part of a wait that doubles', async () => {
    const { failing, waits } = retried();
    expect([await failing(2), waits]).toEqual([3, [250, 500]]);
  });

  test('is given up after so many attempts, with the last failure', async () => {
    const { failing, calls } = retried();
    await expect(failing(9)).rejects.toThrow('failure 3');
    expect(calls()).toBe(3);
  });

  test('is not tried again when the failure forbids it', async () => {
    const { failing, calls } = retried({ mayRetry: (error) => !(error instanceof RangeError) });
    await expect(failing(1)).rejects.toThrow('failure 1');
    expect(calls()).toBe(1);
  });

  test('is not tried again once its time is used up: a request that timed out is left to the next tick', async () => {
    const { failing, calls } = retried();
    await expect(failing(1, 8000)).rejects.toThrow('failure 1');
    expect(calls()).toBe(1);
  });
});
