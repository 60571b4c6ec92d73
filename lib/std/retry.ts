type RetryClock = { nowMs(): number; sleepUntil(timeMs: number): Promise<void> };
type RetryTimer = { monotonicMs(): number };
type RetryRandom = { next(): number };

export type RetryPolicy = {
  /** Waits between attempts follow it: virtual in a replay. */
  readonly clock: RetryClock;
  readonly timer: RetryTimer;
  readonly random: RetryRandom;
  /** The first one included. */
  readonly attempts: number;
  /** No further attempt begins once so much real time has passed since the first one began. */
  readonly budgetMs: number;
  /** The wait before the second attempt is drawn from 0 to this, before each further one from twice as much. */
  readonly firstDelayMs: number;
  readonly mayRetry: (error: unknown) => boolean;
};

/** Settles as the last attempt of `work` does. There is a further one only while `mayRetry` says so and neither number nor time is used up. */
export async function withRetries<T>(policy: RetryPolicy, work: () => Promise<T>): Promise<T> {
  const { clock, timer, random, attempts, budgetMs, firstDelayMs, mayRetry } = policy;
  const startedMs = timer.monotonicMs();
  for (let attempt = 1; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other is what this is for
      return await work();
    } catch (error) {
      if (attempt >= attempts || !mayRetry(error) || timer.monotonicMs() - startedMs >= budgetMs) throw error;
    }
    // oxlint-disable-next-line no-await-in-loop -- a wait between two attempts
    await clock.sleepUntil(clock.nowMs() + Math.round(random.next() * firstDelayMs * 2 ** (attempt - 1)));
  }
}
