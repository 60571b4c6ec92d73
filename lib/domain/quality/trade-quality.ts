import type { MarketSymbol } from '#core/symbol.ts';
import type { Trade, TradeSource } from '#core/trade.ts';
import { exceeds, wideningAfter } from './distance.ts';
import { isJump } from './jump-check.ts';
import {
  isBehind,
  isFarFromAll,
  keepGood,
  keepSuspicious,
  newMarketState,
  noteStep,
  type MarketState,
  type Suspicion,
} from './market-state.ts';
import { isOutlier } from './outlier-check.ts';
import { GOOD, type QualitySettings, type QualityVerdict } from './quality-verdict.ts';
import { checkTime } from './time-check.ts';
import { createVenueCheck } from './venue-check.ts';

export type TradeQualityChecks = {
  /**
   * Judges trades of all exchanges in the order in which they come; remembers what it needs of each market. Repaired, late and repeated trades
   * are judged by what is known and change nothing of it. Refused is only what is no trade; a positive price never is.
   */
  check(trade: Trade, nowMs: number, source: TradeSource): QualityVerdict;
};

const NO_PRICE: QualityVerdict = { verdict: 'refused', reason: 'price is not a positive number' };
const FAR_FROM_ALL: QualityVerdict = { verdict: 'suspicious', reason: 'price is far from those before and after it' };
const SUSPICIOUS: Readonly<Record<Suspicion, QualityVerdict>> = {
  jump: { verdict: 'suspicious', reason: 'price jumped from the last good one' },
  outlier: { verdict: 'suspicious', reason: 'price is far from the last trades' },
  venues: { verdict: 'suspicious', reason: 'price is far from other exchanges' },
};

/** Re-admission only below half of the limit. */
const HYSTERESIS = 0.5;
/** Powers of ten by exponent + 20: `10 ** x` is not exact for all x, and slower. */
const POWERS = Array.from({ length: 41 }, (_, index) => Number(`1e${index - 20}`));

export function createTradeQuality(settings: QualitySettings): TradeQualityChecks {
  const symbols = new Map<MarketSymbol, MarketState[]>();
  const venues = createVenueCheck(settings);
  const venueLimit = settings.venuePercent / 100;

  const suspicionOf = (
    market: MarketState,
    markets: readonly MarketState[],
    price: number,
    timeMs: number,
    nowMs: number,
  ): Suspicion | null => {
    const { goodPrice, suspectedBy } = market;
    if (goodPrice > 0) {
      const widening = wideningAfter(timeMs - market.goodMs);
      if (isJump(price, goodPrice, suspectedBy === 'jump' ? widening * HYSTERESIS : widening, settings)) return 'jump';
      const step = POWERS[market.stepExponent + 20]!;
      if (isOutlier(price, goodPrice, market.window, step, suspectedBy === 'outlier' ? widening * HYSTERESIS : widening, settings))
        return 'outlier';
    }
    // A trade that took long, or is made up, says nothing about the other exchanges' present.
    if (nowMs - timeMs > settings.venueFreshMs) return null;
    const distance = venues.distance(price, market, markets, nowMs);
    if (distance < 0) return null;
    if (market.isApart) {
      market.isApart = exceeds(distance, venueLimit * HYSTERESIS);
      return null;
    }
    return exceeds(distance, suspectedBy === 'venues' ? venueLimit * HYSTERESIS : venueLimit) ? 'venues' : null;
  };

  /** Whether this suspicious price, the newest of its run, is a new level. */
  const isNewLevel = (market: MarketState, markets: readonly MarketState[], price: number, timeMs: number, nowMs: number): boolean => {
    const { run, goodPrice } = market;
    const level = goodPrice > 0 ? goodPrice : venues.median(price, market, markets, nowMs);
    run.add(price, timeMs, level);
    if (markets.length > 1 && venues.isConfirmed(price, level, market, markets, nowMs)) return true;
    if (!run.isLevel()) return false;
    const isOutvoted = venues.isOutvoted(price, run.sinceMs(), market, markets, nowMs);
    return !isOutvoted || timeMs - run.sinceMs() >= settings.loneVenueMs;
  };

  const judge = (market: MarketState, markets: readonly MarketState[], trade: Trade, price: number, nowMs: number): QualityVerdict => {
    const { eventTimeMs } = trade;
    noteStep(market, trade);
    const suspicion = suspicionOf(market, markets, price, eventTimeMs, nowMs);
    if (suspicion === null) {
      keepGood(market, price, eventTimeMs, false);
      return GOOD;
    }
    if (isNewLevel(market, markets, price, eventTimeMs, nowMs)) {
      market.suspectedBy = suspicion;
      market.isApart = exceeds(venues.distance(price, market, markets, nowMs), venueLimit);
      keepGood(market, price, eventTimeMs, true);
      return GOOD;
    }
    keepSuspicious(market, price, eventTimeMs, suspicion);
    return SUSPICIOUS[suspicion];
  };

  return {
    check(trade, nowMs, source) {
      const timely = checkTime(trade, nowMs, source, settings);
      if (timely !== GOOD) return timely;
      const price = Number(trade.price);
      if (!(price > 0 && price < Number.POSITIVE_INFINITY)) return NO_PRICE;
      let markets = symbols.get(trade.symbol);
      if (markets === undefined) symbols.set(trade.symbol, (markets = []));
      const market = findMarket(markets, trade, settings);
      if (source === 'rest' || isBehind(market, trade))
        return isFarFromAll(market, price, trade.eventTimeMs, settings) ? FAR_FROM_ALL : GOOD;
      return judge(market, source === 'synthetic' ? NO_OTHERS : markets, trade, price, nowMs);
    },
  };
}

/** Trades that were made up from candles happen at made-up times within their minute: two exchanges say nothing about each other. */
const NO_OTHERS: readonly MarketState[] = [];

function findMarket(markets: MarketState[], { exchange }: Trade, settings: QualitySettings): MarketState {
  for (const market of markets) if (market.exchange === exchange) return market;
  const created = newMarketState(exchange, settings);
  markets.push(created);
  return created;
}
