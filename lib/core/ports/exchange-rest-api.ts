import type { Candle } from '../candle.ts';
import type { Exchange } from '../exchange.ts';
import type { MarketSymbol } from '../symbol.ts';
import type { Timeframe } from '../timeframe.ts';
import type { Trade } from '../trade.ts';

export type CandleRequest = {
  readonly symbol: MarketSymbol;
  readonly timeframe: Timeframe;
  /** First open time wanted, inclusive, UTC ms, on the timeframe's grid. */
  readonly fromMs: number;
  /** How many steps of the timeframe are wanted from there; at most `maxCandlesPerRequest`. */
  readonly limit: number;
};

/** A row of the answer that is not a candle: counted and reported, never stored. */
export type RefusedRow = { readonly reason: string; readonly row: string };

export type CandlePage = {
  /** As served, oldest first, each open time once, only from `fromMs` on. May end with the candle that is still open. */
  readonly candles: readonly Candle[];
  readonly refused: readonly RefusedRow[];
};

export type TradeRequest = {
  readonly symbol: MarketSymbol;
  /** First and last trade id wanted, inclusive. */
  readonly firstId: bigint;
  readonly lastId: bigint;
  /** When they happened, at the most: event times of the trades around them, UTC ms. Exchanges that cannot be asked by id are asked by time. */
  readonly fromMs: number;
  readonly toMs: number;
};

export type TradePage = {
  /** Ascending by id, each id once, only wanted ones. */
  readonly trades: readonly Trade[];
  readonly refused: readonly RefusedRow[];
  /** Another request may bring more: the exchange cut the page off before `lastId`. */
  readonly hasMore: boolean;
};

export type MarketReport = {
  readonly listed: readonly MarketSymbol[];
  /** Asked for, but unknown to the exchange or not trading there, each with the exchange's own word. */
  readonly unavailable: readonly { readonly symbol: MarketSymbol; readonly reason: string }[];
  /** Set when the list could not be loaded and an earlier one stands in for it: when that was loaded, UTC ms. */
  readonly loadedAtMs?: number;
};

/** Public market data of one exchange. All failures are `ExchangeError`. */
export interface ExchangeRestApi {
  readonly exchange: Exchange;
  readonly timeframes: readonly Timeframe[];
  readonly maxCandlesPerRequest: number;
  /** How many candles back the exchange can be asked for; null where it has no such horizon. */
  readonly historyCandles: number | null;
  /** Whether the exchange sends a flat candle where nothing was traded; where it does, a candle that it leaves out is a fault of it. */
  readonly servesEmptyCandles: boolean;
  /** Whether `fetchTrades` reaches any past time, oldest first from `fromMs` on: then candles beyond the horizon can be made from trades. */
  readonly servesPastTrades?: boolean;
  /** Which of `symbols` the exchange lists. Must have succeeded once before candles are fetched; cheap when repeated. */
  loadMarkets(symbols: readonly MarketSymbol[]): Promise<MarketReport>;
  /** One request. An empty page is an answer, not a proof that nothing traded. */
  fetchCandles(request: CandleRequest): Promise<CandlePage>;
  /** One request for past trades. Fewer than wanted is an answer: the exchange does not keep them for ever. */
  fetchTrades(request: TradeRequest): Promise<TradePage>;
  /** The exchange's clock, UTC ms, as of its newest answer; null before the first answer that carried one. */
  serverTimeMs(): number | null;
  close(): Promise<void>;
}
