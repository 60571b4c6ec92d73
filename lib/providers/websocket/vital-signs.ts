import type { Timer } from '#core/ports/timer.ts';
import type { Interruption } from '#core/trade-feed.ts';

/** Whether the other side of a socket is still there and makes sense. */
export type VitalSigns = {
  /** The socket is open: pings begin. */
  begin(): void;
  /** A frame of any kind came, control frames too. */
  sawFrame(): void;
  sawText(): void;
  sawGarbage(): void;
  /** Ends it for lack of heartbeats; `isSubscribed`: before, some exchanges send none. */
  check(isSubscribed: boolean): void;
  stop(): void;
};

export type VitalSignsOptions = {
  readonly timer: Timer;
  readonly heartbeatTimeoutMs: number | null;
  /** Sends a ping when it is its turn, and then calls `onSent`. */
  ping(onSent: () => void): void;
  onDead(cause: Interruption, reason: string): void;
};

const PING_MS = 5000;
const PONG_TIMEOUT_MS = 10_000;
const GARBAGE_WINDOW_MS = 60_000;
const MAX_GARBAGE = 10;

/** A peer that falls silent without a word is known at most 15 s later: a ping every 5 s, each with its own 10 s for any frame to come. */
export function createVitalSigns({ timer, heartbeatTimeoutMs, ping, onDead }: VitalSignsOptions): VitalSigns {
  const cancels = new Set<() => void>();
  const garbageMs: number[] = [];
  let frames = 0;
  let newestTextMs = 0;

  const after = (delayMs: number, action: () => void): void => {
    const cancel = timer.after(delayMs, () => {
      cancels.delete(cancel);
      action();
    });
    cancels.add(cancel);
  };
  const pingLater = (): void => {
    after(PING_MS, () => {
      ping(() => {
        const seen = frames;
        after(PONG_TIMEOUT_MS, () => {
          if (frames === seen) onDead('stalled', `nothing came within ${PONG_TIMEOUT_MS} ms of a ping`);
        });
      });
      pingLater();
    });
  };

  return {
    begin() {
      newestTextMs = timer.monotonicMs();
      pingLater();
    },
    sawFrame() {
      frames++;
    },
    sawText() {
      frames++;
      newestTextMs = timer.monotonicMs();
    },
    sawGarbage() {
      const nowMs = timer.monotonicMs();
      garbageMs.push(nowMs);
      while (garbageMs[0]! <= nowMs - GARBAGE_WINDOW_MS) garbageMs.shift();
      if (garbageMs.length >= MAX_GARBAGE) onDead('garbage', `${MAX_GARBAGE} unreadable frames within a minute`);
    },
    check(isSubscribed) {
      if (heartbeatTimeoutMs === null || !isSubscribed || timer.monotonicMs() - newestTextMs < heartbeatTimeoutMs) return;
      onDead('stalled', `no heartbeat and no data within ${heartbeatTimeoutMs} ms`);
    },
    stop() {
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}
