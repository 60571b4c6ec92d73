/**
 * The market's time: real, or virtual in a replay. Schedules, stamps and rate limits follow it.
 * Deadlines do not: they follow `Timer`, or they would misfire when a replay runs faster than real time.
 */
export interface Clock {
  /** UTC, milliseconds since 1970. Never goes back. */
  nowMs(): number;
  /** Resolves once `nowMs() >= timeMs`, or at once when `signal` aborts (it does not reject). */
  sleepUntil(timeMs: number, signal?: AbortSignal): Promise<void>;
}
