import { distanceBetween, exceeds } from './distance.ts';
import { AGREEMENT } from './level-run.ts';
import type { VenueSettings } from './quality-verdict.ts';

/** What one exchange says of a symbol. A price of 0 is none; times are event times, UTC ms. */
export type VenueQuote = {
  /** The last good trade. */
  readonly goodPrice: number;
  readonly goodMs: number;
  /** The newest of suspicious trades in a row. */
  readonly runPrice: number;
  readonly runMs: number;
};

/** So many others that go on trading elsewhere outvote one. A single one may itself be the wrong one. */
const OUTVOTING = 2;
/** A second witness must be nearer to the new level than so much of the way from the old one. */
const CONFIRMING_SHARE = 0.25;

export type VenueCheck = {
  /**
   * The distance of a price from the median of the fresh good prices of all exchanges, its own place taken by the judged price; -1 when
   * fewer than `venueCount` are fresh. A lone wrong exchange so never makes the others suspicious: they have each other.
   */
  distance(price: number, own: VenueQuote, quotes: readonly VenueQuote[], nowMs: number): number;
  /** That median; NaN when fewer than `venueCount` are fresh. */
  median(price: number, own: VenueQuote, quotes: readonly VenueQuote[], nowMs: number): number;
  /** Whether another exchange is at this price too, by a good trade or by suspicious ones of its own, and not where `levelPrice` is. */
  isConfirmed(price: number, levelPrice: number, own: VenueQuote, quotes: readonly VenueQuote[], nowMs: number): boolean;
  /** Whether two others have traded since, more than `venuePercent` away from this price. */
  isOutvoted(price: number, sinceMs: number, own: VenueQuote, quotes: readonly VenueQuote[], nowMs: number): boolean;
};

/**
 * One symbol at several exchanges. Only the same base and quote are compared: BTC/USD, BTC/USDT and BTC/USDC are three symbols, so that a
 * stable coin that loses its peg accuses nobody (T53). All prices in quote units.
 */
export function createVenueCheck({ venuePercent, venueCount, venueFreshMs }: VenueSettings): VenueCheck {
  // One array for all calls: this runs for every trade.
  const sorted: number[] = [];
  const isFresh = (timeMs: number, nowMs: number): boolean => nowMs - timeMs <= venueFreshMs;

  const median = (price: number, own: VenueQuote, quotes: readonly VenueQuote[], nowMs: number): number => {
    if (quotes.length < venueCount) return Number.NaN;
    sorted.length = 0;
    insert(sorted, price);
    for (const quote of quotes) {
      if (quote !== own && quote.goodPrice > 0 && isFresh(quote.goodMs, nowMs)) insert(sorted, quote.goodPrice);
    }
    if (sorted.length < venueCount) return Number.NaN;
    const middle = sorted.length >> 1;
    const upper = sorted[middle]!;
    return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
  };

  return {
    median,
    distance(price, own, quotes, nowMs) {
      const middle = median(price, own, quotes, nowMs);
      return Number.isNaN(middle) ? -1 : distanceBetween(price, middle);
    },
    isConfirmed(price, levelPrice, own, quotes, nowMs) {
      const near = Math.min(AGREEMENT, CONFIRMING_SHARE * distanceBetween(price, levelPrice));
      return quotes.some(
        (quote) =>
          quote !== own &&
          ((quote.goodPrice > 0 && isFresh(quote.goodMs, nowMs) && distanceBetween(price, quote.goodPrice) <= near) ||
            (quote.runPrice > 0 && isFresh(quote.runMs, nowMs) && distanceBetween(price, quote.runPrice) <= near)),
      );
    },
    isOutvoted(price, sinceMs, own, quotes, nowMs) {
      let votes = 0;
      for (const quote of quotes) {
        if (quote === own || quote.goodPrice === 0 || quote.goodMs < sinceMs || !isFresh(quote.goodMs, nowMs)) continue;
        if (exceeds(distanceBetween(price, quote.goodPrice), venuePercent / 100)) votes += 1;
      }
      return votes >= OUTVOTING;
    },
  };
}

function insert(sorted: number[], price: number): void {
  let place = sorted.length;
  sorted.push(price);
  for (; place > 0 && sorted[place - 1]! > price; place -= 1) sorted[place] = sorted[place - 1]!;
  sorted[place] = price;
}
