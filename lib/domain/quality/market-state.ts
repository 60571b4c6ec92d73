import type { Exchange } from '#core/exchange.ts';
import type { Trade } from '#core/trade.ts';
import { wideningAfter } from './distance.ts';
import { isJump } from './jump-check.ts';
import { createLevelRun, type LevelRun } from './level-run.ts';
import { lastDigitExponent } from './price-step.ts';
import { createPriceWindow, type PriceWindow } from './price-window.ts';
import type { PriceSettings } from './quality-verdict.ts';
import type { VenueQuote } from './venue-check.ts';

export type Suspicion = 'jump' | 'outlier' | 'venues';

/** What is remembered of one market at one exchange. Prices in quote units, 0 for none; times are event times, UTC ms. */
export type MarketState = { -readonly [Key in keyof VenueQuote]: VenueQuote[Key] } & {
  readonly exchange: Exchange;
  readonly window: PriceWindow;
  readonly run: LevelRun;
  /** Which check made the last trade suspicious: it readmits below half of its limit only. */
  suspectedBy: Suspicion | null;
  /** It was believed against the other exchanges: they are not asked again before it has come back to them. */
  isApart: boolean;
  /** The last good price before the present level. */
  formerPrice: number;
  stepExponent: number;
  newestId: string;
  newestNumber: number;
  newestMs: number;
};

export function newMarketState(exchange: Exchange, settings: PriceSettings): MarketState {
  return {
    exchange,
    window: createPriceWindow(settings.outlierTrades),
    run: createLevelRun(settings),
    goodPrice: 0,
    goodMs: 0,
    runPrice: 0,
    runMs: 0,
    suspectedBy: null,
    isApart: false,
    formerPrice: 0,
    stepExponent: Number.POSITIVE_INFINITY,
    newestId: '',
    newestNumber: Number.NaN,
    newestMs: Number.NEGATIVE_INFINITY,
  };
}

/**
 * Whether a trade belongs before one that was judged already: a repeated or repaired one. By number and time both, because numbers may begin
 * anew and clocks may step back; by time alone where ids are no numbers. Notes the trade as the newest otherwise.
 */
export function isBehind(state: MarketState, { id, eventTimeMs }: Trade): boolean {
  if (id === state.newestId) return true;
  const number = Number(id);
  const comesAfter = number > state.newestNumber || (Number.isNaN(number) && eventTimeMs === state.newestMs);
  if (eventTimeMs <= state.newestMs && !comesAfter) return true;
  state.newestId = id;
  state.newestNumber = number;
  if (eventTimeMs > state.newestMs) state.newestMs = eventTimeMs;
  return false;
}

/** Of such a trade only what can be said without disturbing the rest: is it a jump away from all prices around it, before and after? */
export function isFarFromAll(state: MarketState, price: number, timeMs: number, settings: PriceSettings): boolean {
  const { window, goodPrice, formerPrice } = state;
  if (goodPrice === 0) return false;
  // Without the outermost tenth, which may hold bad prints.
  const trimmed = Math.floor(window.count() / 10);
  const former = formerPrice === 0 ? goodPrice : formerPrice;
  const low = Math.min(goodPrice, former, window.atRank(trimmed));
  const high = Math.max(goodPrice, former, window.atRank(window.count() - 1 - trimmed));
  if (price >= low && price <= high) return false;
  return isJump(price, price < low ? low : high, wideningAfter(window.oldestTimeMs() - timeMs), settings);
}

/** A good trade, or the one with which a new level is believed: that forgets what was typical of the old one. */
export function keepGood(state: MarketState, price: number, timeMs: number, isNewLevel: boolean): void {
  if (isNewLevel) {
    state.window.clear();
    state.formerPrice = state.goodPrice;
  }
  state.window.add(price, timeMs);
  state.goodPrice = price;
  state.goodMs = timeMs;
  if (state.suspectedBy === null) return;
  state.suspectedBy = null;
  state.run.clear();
  state.runPrice = 0;
}

/** Suspicious prices belong to what the market shows: should they turn out to be its habit, they stop being outliers. */
export function keepSuspicious(state: MarketState, price: number, timeMs: number, suspicion: Suspicion): void {
  state.suspectedBy = suspicion;
  state.window.add(price, timeMs);
  state.runPrice = price;
  state.runMs = timeMs;
}

/** The step of the market's prices as far as it has shown, in quote units. */
export function noteStep(state: MarketState, { price }: Trade): void {
  const exponent = lastDigitExponent(price);
  if (exponent < state.stepExponent) state.stepExponent = exponent;
}
