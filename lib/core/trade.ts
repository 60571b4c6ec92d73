import type { Decimal } from './decimal.ts';
import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';

/** One trade as the exchange reported it. `side` is the taker's; `price` in quote units, `size` in base units; times are UTC ms. */
export type Trade = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  /** Of the exchange, unique within the symbol. Decimal digits at Binance, Coinbase and Kraken, where the next trade has the next number. */
  readonly id: string;
  readonly price: Decimal;
  readonly size: Decimal;
  readonly side: 'buy' | 'sell';
  readonly eventTimeMs: number;
  readonly receivedAtMs: number;
};

/**
 * How a trade came: `stream` over a WebSocket, `rest` as the repair of a gap. `synthetic` ones were made up from a recorded candle, for
 * replays of recordings without trades.
 */
export const TRADE_SOURCES = ['stream', 'rest', 'synthetic'] as const;
export type TradeSource = (typeof TRADE_SOURCES)[number];

/** `suspicious`: its price is far from what was expected. It is kept, flagged, and does not become the latest price. */
export const TRADE_QUALITIES = ['good', 'suspicious'] as const;
export type TradeQuality = (typeof TRADE_QUALITIES)[number];

/** A trade after the checks. `reason` names the check that made it suspicious, and is empty for a good one. */
export type CheckedTrade = {
  readonly trade: Trade;
  readonly source: TradeSource;
  readonly quality: TradeQuality;
  readonly reason: string;
};
