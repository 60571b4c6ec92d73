import type { Timer } from '#core/ports/timer.ts';

/** The machine's monotonic clock. Its timers do not keep a process alive by themselves. */
export function createSystemTimer(): Timer {
  return {
    monotonicMs: () => performance.now(),
    after(delayMs, action) {
      const timeout = setTimeout(action, delayMs);
      timeout.unref();
      return () => clearTimeout(timeout);
    },
  };
}
