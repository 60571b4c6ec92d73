import type { Clock } from '#core/ports/clock.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';

export const START_MS = Date.UTC(2026, 10, 22);

export type VirtualTime = {
  readonly timer: Timer;
  readonly clock: Clock;
  nowMs(): number;
  /** Lets that much time pass: every timer acts at its moment, in order. */
  advance(ms: number): void;
  pending(): number;
};

/** Time that a test moves by hand, for the monotonic timer and the clock alike. */
export function virtualTime(): VirtualTime {
  let nowMs = 0;
  let sequence = 0;
  // Sorted by due time on demand: the soonest is looked for among few.
  const waiting = new Map<number, { readonly dueMs: number; readonly action: () => void }>();
  const soonest = (untilMs: number): number | undefined => {
    let best: number | undefined;
    let bestMs = untilMs;
    for (const [id, { dueMs }] of waiting) {
      if (dueMs < bestMs || (dueMs === bestMs && best === undefined)) {
        best = id;
        bestMs = dueMs;
      }
    }
    return best;
  };
  return {
    nowMs: () => nowMs,
    pending: () => waiting.size,
    timer: {
      monotonicMs: () => nowMs,
      after(delayMs, action) {
        const id = ++sequence;
        waiting.set(id, { dueMs: nowMs + delayMs, action });
        return () => void waiting.delete(id);
      },
    },
    clock: {
      nowMs: () => START_MS + nowMs,
      sleepUntil: () => Promise.reject(new Error('nothing here sleeps by the clock')),
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let id = soonest(untilMs); id !== undefined; id = soonest(untilMs)) {
        const { dueMs, action } = waiting.get(id)!;
        waiting.delete(id);
        nowMs = Math.max(nowMs, dueMs);
        action();
      }
      nowMs = untilMs;
    },
  };
}

/** Chance that repeats itself: mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

/** Lets everything that is ready happen. */
export async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
