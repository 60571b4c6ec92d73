/** How often one symbol trades, and when its silence is worth an alarm. */
export type SymbolPulse = {
  /** A trade came. */
  beat(nowMs: number): void;
  /** A subscription began: silence counts from now. */
  begin(nowMs: number): void;
  /** Silent for longer than its usual gaps explain. */
  isOverdue(nowMs: number): boolean;
  /** Something was done about the silence: the next alarm comes after twice the time. Returns how often in a row, 1 the first time. */
  alarm(nowMs: number): number;
};

const SHORTEST_MS = 30_000;
/** Before gaps are known: quiet markets have minutes without a trade. */
const FIRST_MS = 60_000;
const MEDIANS = 20;
const REMEMBERED = 32;
/** Trades of one burst are one sign of life: their gaps say nothing about the next burst. */
const BURST_MS = 1000;
const MOST_DOUBLINGS = 7;

/**
 * The threshold is 20 times the median of the last gaps between bursts of trades, at least 30 s; 60 s until 3 gaps are known. It doubles with each
 * alarm until a trade comes, so that a market that is only quiet is left alone.
 */
export function createSymbolPulse(): SymbolPulse {
  const gapsMs: number[] = [];
  let next = 0;
  let burstMs: number | undefined;
  let sinceMs = 0;
  let alarms = 0;

  const usualMs = (): number => {
    if (gapsMs.length < 3) return FIRST_MS;
    const median = gapsMs.toSorted((a, b) => a - b)[Math.floor(gapsMs.length / 2)]!;
    return Math.max(SHORTEST_MS, MEDIANS * median);
  };

  return {
    beat(nowMs) {
      if (burstMs !== undefined && nowMs - burstMs >= BURST_MS) {
        gapsMs[next] = nowMs - burstMs;
        next = (next + 1) % REMEMBERED;
        burstMs = nowMs;
      }
      burstMs ??= nowMs;
      sinceMs = nowMs;
      alarms = 0;
    },
    begin(nowMs) {
      // What lies between is no gap of the market.
      burstMs = undefined;
      sinceMs = nowMs;
    },
    isOverdue: (nowMs) => nowMs - sinceMs >= SHORTEST_MS && nowMs - sinceMs >= usualMs() * 2 ** Math.min(alarms, MOST_DOUBLINGS),
    alarm(nowMs) {
      sinceMs = nowMs;
      alarms++;
      return alarms;
    },
  };
}
