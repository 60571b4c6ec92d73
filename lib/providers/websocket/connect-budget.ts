import type { FeedLimits } from '#core/feed-protocol.ts';
import type { Timer } from '#core/ports/timer.ts';

export type ConnectBudget = {
  /** Takes one attempt and returns 0, or returns how many ms to wait before asking again. */
  take(): number;
  /** No attempt for that long: the exchange said so. */
  pause(durationMs: number): void;
};

const MAX_BURST = 20;

/** Attempts to connect to one exchange, of all its connections together: at most half of what it takes, so that a neighbour has room. */
export function createConnectBudget({ count, windowMs }: FeedLimits['connects'], timer: Timer): ConnectBudget {
  const burst = Math.max(1, Math.min(MAX_BURST, count / 2));
  const perMs = count / 2 / windowMs;
  let tokens = burst;
  let countedMs = timer.monotonicMs();
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  return {
    take() {
      const nowMs = timer.monotonicMs();
      if (nowMs < pausedUntilMs) return pausedUntilMs - nowMs;
      tokens = Math.min(burst, tokens + (nowMs - countedMs) * perMs);
      countedMs = nowMs;
      if (tokens < 1) return Math.max(1, Math.ceil((1 - tokens) / perMs));
      tokens--;
      return 0;
    },
    pause(durationMs) {
      pausedUntilMs = Math.max(pausedUntilMs, timer.monotonicMs() + durationMs);
    },
  };
}
