import { distanceBetween, exceeds } from './distance.ts';
import type { LevelSettings } from './quality-verdict.ts';

/** Trades of a level that are further apart do not agree on it. */
export const AGREEMENT = 0.01;
/** Over a time even of little trading: a second trade alone may be the same mistake once more. */
const LEAST_TRADES_OVER_TIME = 3;

/** Suspicious trades in a row, on one side of the level that they left. */
export type LevelRun = {
  /** A suspicious trade; `levelPrice` is what it was expected to be near. Times are event times, UTC ms. */
  add(price: number, timeMs: number, levelPrice: number): void;
  /** A good trade ends the run. */
  clear(): void;
  /** 0 when there is no run; otherwise the newest price of it. */
  price(): number;
  /** Event time of its first and its newest trade; NaN when there is no run. */
  sinceMs(): number;
  newestMs(): number;
  /** Whether it is a level: `levelTrades` in a row within 1 % of each other, or at least three over `levelMs` or more. */
  isLevel(): boolean;
};

/**
 * A crash is told from bad prints by its staying: nothing trades at the old level any more. Prices that agree are believed sooner
 * (`levelTrades`) than prices that still move (`levelMs`). A trade on the other side of the old level begins a new run.
 */
export function createLevelRun({ levelTrades, levelMs }: LevelSettings): LevelRun {
  let count = 0;
  let isAbove = false;
  let sinceMs = 0;
  let newestMs = 0;
  let price = 0;
  // Of those that agree:
  let agreeing = 0;
  let low = 0;
  let high = 0;

  return {
    add(newPrice, timeMs, levelPrice) {
      if (count === 0 || newPrice > levelPrice !== isAbove) {
        count = 0;
        agreeing = 0;
        isAbove = newPrice > levelPrice;
        sinceMs = timeMs;
      }
      count += 1;
      const [nextLow, nextHigh] = [Math.min(low, newPrice), Math.max(high, newPrice)];
      if (agreeing > 0 && !exceeds(distanceBetween(nextLow, nextHigh), AGREEMENT)) {
        agreeing += 1;
        [low, high] = [nextLow, nextHigh];
      } else {
        agreeing = 1;
        [low, high] = [newPrice, newPrice];
      }
      price = newPrice;
      newestMs = timeMs;
    },
    clear() {
      count = 0;
      agreeing = 0;
      price = 0;
    },
    price: () => price,
    sinceMs: () => (count === 0 ? Number.NaN : sinceMs),
    newestMs: () => (count === 0 ? Number.NaN : newestMs),
    isLevel: () => agreeing >= levelTrades || (count >= LEAST_TRADES_OVER_TIME && newestMs - sinceMs >= levelMs),
  };
}
