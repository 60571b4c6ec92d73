import type { Random } from '#core/ports/random.ts';

/** `unreachable`: no socket came about. `dropped`: the exchange took the socket and gave it up before there was a minute of data. */
export type Failure = 'unreachable' | 'dropped';

export type Backoff = {
  /** How long to wait before the next attempt, ms. */
  nextDelayMs(failure: Failure): number;
  /** After 60 s of data. An open socket, an acknowledgement or a first trade are not enough. */
  reset(): void;
};

const FIRST_MS = 500;
const MAX_UNREACHABLE_MS = 30_000;
const FIRST_DROPPED_MS = 1000;
const MAX_DROPPED_MS = 120_000;

/**
 * Waiting times between attempts to connect. An exchange that cannot be reached counts no attempts: full jitter up to 30 s, so that its
 * return is noticed soon. One that takes us and drops us does, and bans: longer, and never less than half of the step.
 */
export function createBackoff(random: Random): Backoff {
  let failures = 0;
  let drops = 0;
  return {
    nextDelayMs(failure) {
      if (failure === 'unreachable') return random.next() * Math.min(MAX_UNREACHABLE_MS, FIRST_MS * 2 ** failures++);
      const step = Math.min(MAX_DROPPED_MS, FIRST_DROPPED_MS * 2 ** drops++);
      return step / 2 + (random.next() * step) / 2;
    },
    reset() {
      failures = 0;
      drops = 0;
    },
  };
}
