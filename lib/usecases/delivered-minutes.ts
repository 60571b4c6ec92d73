import type { TradeMinute } from '#core/trade-minute.ts';

export type DeliveredMinutes = {
  /** Takes minutes whose trades have been offered to the stream by now. */
  add(minutes: readonly TradeMinute[]): void;
  /** Those whose trades are out, in the order in which they were added; each once. */
  take(): readonly TradeMinute[];
  counts(): { readonly waiting: number; readonly dropped: number };
};

type Waiting = { readonly mark: number; readonly minutes: readonly TradeMinute[]; isSafe: (() => boolean) | null };

const MAX_WAITING = 2000;

/**
 * Minutes on their way to the store. The next run begins after the newest stored one, so none may be stored before its trades are safe: those
 * of a later crash would be neither delivered nor looked for. `offered` and `settled` count trades of the publisher, `checkpoint` asks the stream
 * whether what it has taken until now would survive this process. What waits too long is dropped and counted: it is witnessed again after a restart.
 */
export function createDeliveredMinutes(
  publisher: { readonly offered: () => number; readonly settled: () => number },
  checkpoint: () => () => boolean,
): DeliveredMinutes {
  let waiting: Waiting[] = [];
  let dropped = 0;
  return {
    add(minutes) {
      if (minutes.length === 0) return;
      waiting.push({ mark: publisher.offered(), minutes, isSafe: null });
      if (waiting.length <= MAX_WAITING) return;
      dropped += waiting[0]?.minutes.length ?? 0;
      waiting = waiting.slice(1);
    },
    take() {
      const settled = publisher.settled();
      for (const one of waiting) if (one.mark <= settled) one.isSafe ??= checkpoint();
      const firstUnsafe = waiting.findIndex(({ isSafe }) => isSafe?.() !== true);
      const safe = firstUnsafe === -1 ? waiting : waiting.slice(0, firstUnsafe);
      waiting = waiting.slice(safe.length);
      return safe.flatMap(({ minutes }) => minutes);
    },
    counts: () => ({ waiting: waiting.reduce((sum, { minutes }) => sum + minutes.length, 0), dropped }),
  };
}
