import type { Clock } from '#core/ports/clock.ts';
import type { Timer } from '#core/ports/timer.ts';
import { sleep } from './system-clock.ts';

export type ReplayClockOptions = {
  readonly startMs: number;
  /** Virtual seconds in a real second; `max` lets time stand still while work is done and jump when somebody waits. */
  readonly speed: number | 'max';
  /**
   * Whether time also passes while nobody waits for it. A process that runs the whole platform waits between its ticks, so time need
   * not run ahead of work that takes long; a process that only serves others follows their time.
   */
  readonly runsFree: boolean;
  readonly timer: Timer;
};

/** The market's time in a replay. */
export function createReplayClock({ startMs, speed, runsFree, timer }: ReplayClockOptions): Clock {
  return speed === 'max' ? createJumpingClock(startMs, timer) : createRunningClock(startMs, speed, runsFree, timer);
}

function createRunningClock(startMs: number, speed: number, runsFree: boolean, timer: Timer): Clock {
  let anchor = { virtualMs: startMs, realMs: timer.monotonicMs() };
  let limitMs = runsFree ? Number.POSITIVE_INFINITY : startMs;
  const nowMs = (): number => Math.floor(Math.min(anchor.virtualMs + (timer.monotonicMs() - anchor.realMs) * speed, limitMs));
  const letRunUntil = (timeMs: number): void => {
    if (timeMs <= limitMs) return;
    anchor = { virtualMs: nowMs(), realMs: timer.monotonicMs() };
    limitMs = timeMs;
  };
  return {
    nowMs,
    async sleepUntil(timeMs, signal) {
      letRunUntil(timeMs);
      // A timer may fire a little early; the promise is that the time has come.
      while (nowMs() < timeMs && signal?.aborted !== true) {
        // oxlint-disable-next-line no-await-in-loop -- waiting again is the point
        await sleep(timer, Math.max((timeMs - nowMs()) / speed, 1), signal);
      }
    },
  };
}

/** Whoever waits moves the time forward for everybody: nothing else happens between two ticks of a replay. */
function createJumpingClock(startMs: number, timer: Timer): Clock {
  let now = startMs;
  return {
    nowMs: () => now,
    async sleepUntil(timeMs, signal) {
      if (signal?.aborted === true) return;
      now = Math.max(now, timeMs);
      // Let sockets and the page have their turn even when no tick does any I/O.
      await sleep(timer, 0.01, signal);
    },
  };
}
