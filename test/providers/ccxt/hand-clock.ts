import type { Clock } from '#core/ports/clock.ts';

/** A clock that stands still until somebody waits for it or the test moves it; remembers for how long it was waited. */
export function handClock(startMs: number): Clock & { moveTo(timeMs: number): void; readonly waits: number[] } {
  let now = startMs;
  const waits: number[] = [];
  return {
    waits,
    nowMs: () => now,
    async sleepUntil(timeMs) {
      waits.push(timeMs - now);
      now = Math.max(now, timeMs);
    },
    moveTo(timeMs) {
      now = timeMs;
    },
  };
}
