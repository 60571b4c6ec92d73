type BreakerTimer = { monotonicMs(): number };
type BreakerRandom = { next(): number };

export type BreakerOptions = {
  readonly timer: BreakerTimer;
  readonly random: BreakerRandom;
  /** The first rest lasts up to this; each further one, while nothing succeeds, up to twice the one before. */
  readonly firstRestMs: number;
  readonly lastRestMs: number;
};

export type Breaker = {
  /** How long nobody should try yet, ms; 0 when one may. */
  restMs(): number;
  succeeded(): void;
  /** Begins a rest, unless one is under way: many calls that fail together are one failure. */
  failed(): void;
};

/** Says when something that failed may be tried again. Rests are between half and the whole of their bound, so that callers spread. */
export function createBreaker({ timer, random, firstRestMs, lastRestMs }: BreakerOptions): Breaker {
  let failures = 0;
  let restEndsMs = Number.NEGATIVE_INFINITY;
  const restMs = (): number => Math.max(0, restEndsMs - timer.monotonicMs());
  return {
    restMs,
    succeeded() {
      failures = 0;
    },
    failed() {
      if (restMs() > 0) return;
      const bound = Math.min(lastRestMs, firstRestMs * 2 ** Math.min(failures++, 30));
      restEndsMs = timer.monotonicMs() + bound * (0.5 + random.next() / 2);
    },
  };
}
