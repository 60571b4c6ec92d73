import type { Clock } from '#core/ports/clock.ts';
import type { Timer } from '#core/ports/timer.ts';

/** The real time of this machine. */
export function createSystemClock(timer: Timer): Clock {
  const nowMs = (): number => Date.now();
  return {
    nowMs,
    sleepUntil: (timeMs, signal) => sleep(timer, timeMs - nowMs(), signal),
  };
}

/** Resolves after the delay, or at once when the signal aborts. */
export async function sleep(timer: Timer, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (delayMs <= 0 || signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = timer.after(delayMs, done);
    signal?.addEventListener('abort', done);
  });
}
