type PacerClock = { nowMs(): number; sleepUntil(timeMs: number, signal?: AbortSignal): Promise<void> };

export type Pacer = {
  /** Resolves when the caller may start; callers of one key start at least the interval apart, in the order they asked. */
  start(key: string): Promise<void>;
};

/** Spaces the starts of calls. Idle time is credited: the first call after a rest does not wait. */
export function createPacer(clock: PacerClock, intervalMs: number): Pacer {
  const nextStartMs = new Map<string, number>();
  return {
    async start(key) {
      const now = clock.nowMs();
      const startMs = Math.max(now, nextStartMs.get(key) ?? 0);
      nextStartMs.set(key, startMs + intervalMs);
      if (startMs > now) await clock.sleepUntil(startMs);
    },
  };
}
