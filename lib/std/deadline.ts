type DeadlineTimer = { after(delayMs: number, action: () => void): () => void };

/** An awaited answer did not come in time. The message says which answer and how long it was waited for. */
export class DeadlineError extends Error {
  readonly code = 'DEADLINE';
  readonly retryable = true;

  constructor(what: string, deadlineMs: number) {
    super(`${what} gave no answer within ${deadlineMs} ms`);
    this.name = 'DeadlineError';
  }
}

export type Deadline = {
  readonly timer: DeadlineTimer;
  readonly deadlineMs: number;
  /** Names the awaited thing in the error. */
  readonly what: string;
};

/**
 * Runs `work` and settles as it does, or rejects with `DeadlineError` after `deadlineMs`. The signal given to `work` aborts at the
 * deadline, so that it can let go of sockets; a late result of `work` is dropped.
 */
export async function withDeadline<T>({ timer, deadlineMs, what }: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  return await new Promise<T>((resolve, reject) => {
    const cancel = timer.after(deadlineMs, () => {
      const error = new DeadlineError(what, deadlineMs);
      reject(error);
      abort.abort(error);
    });
    work(abort.signal).then(resolve, reject).finally(cancel);
  });
}
