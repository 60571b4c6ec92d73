import type { Timer } from '#core/ports/timer.ts';

/** The machine's monotonic clock. Its timers keep the process alive until they act or are called off: a process that sleeps is at work. */
export function createSystemTimer(): Timer {
  return {
    monotonicMs: () => performance.now(),
    after(delayMs, action) {
      const timeout = setTimeout(action, delayMs);
      return () => clearTimeout(timeout);
    },
  };
}
