import type { Timer } from '#core/ports/timer.ts';

export type SendPacer = {
  /** Sends in order, the messages at least the interval apart; the first one after a rest at once. */
  send(action: () => void): void;
  /** The exchange complained: from now on twice as slow, and nothing for `pauseMs`. */
  slowDown(pauseMs: number): void;
  /** Drops what waits. */
  stop(): void;
};

const SLOWEST_MS = 4000;

/** Client messages of one socket, WebSocket pings among them: exchanges count both, and disconnect who sends too many. */
export function createSendPacer(messagesPerSecond: number, timer: Timer): SendPacer {
  let intervalMs = 1000 / messagesPerSecond;
  let nextMs = Number.NEGATIVE_INFINITY;
  let waiting: (() => void)[] = [];
  let cancel: (() => void) | undefined;

  const flush = (): void => {
    cancel = undefined;
    const action = waiting.shift();
    if (action === undefined) return;
    nextMs = timer.monotonicMs() + intervalMs;
    action();
    schedule();
  };
  const schedule = (): void => {
    if (cancel !== undefined || waiting.length === 0) return;
    const delayMs = nextMs - timer.monotonicMs();
    if (delayMs > 0) cancel = timer.after(delayMs, flush);
    else flush();
  };

  return {
    send(action) {
      waiting.push(action);
      schedule();
    },
    slowDown(pauseMs) {
      intervalMs = Math.min(SLOWEST_MS, intervalMs * 2);
      nextMs = timer.monotonicMs() + pauseMs;
      cancel?.();
      cancel = undefined;
      schedule();
    },
    stop() {
      waiting = [];
      cancel?.();
      cancel = undefined;
    },
  };
}
