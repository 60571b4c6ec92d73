import type { Exchange } from '#core/exchange.ts';
import type { CandlePage, CandleRequest, MarketReport, TradePage, TradeRequest } from '#core/ports/exchange-rest-api.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Timeframe } from '#core/timeframe.ts';

type Market = { readonly symbol: MarketSymbol; readonly id: string };

export type MarketListing = { readonly markets: readonly Market[]; readonly unavailable: MarketReport['unavailable'] };

/** What differs between exchanges: three calls and their limits. Failures are thrown as they come; the caller translates them. */
export type Protocol = {
  readonly timeframes: readonly Timeframe[];
  readonly maxCandlesPerRequest: number;
  readonly historyCandles: number | null;
  readonly servesEmptyCandles: boolean;
  /** Trades can be asked for from any past time on, oldest first. */
  readonly servesPastTrades?: boolean;
  /** Spacing of calls. `perMarket`: the exchange counts each market for itself. */
  readonly pace: {
    readonly intervalMs: number;
    /** Of calls for trades, where they cost more. */
    readonly tradesIntervalMs: number;
    readonly perMarket: boolean;
  };
  /** Where the exchange tells how much of an address's allowance is used in this minute, by whomever. */
  readonly allowance?: { readonly header: string; readonly perMinute: number };
  /** Null when the answer has not the shape of a list of markets. */
  listMarkets(symbols: readonly MarketSymbol[]): Promise<MarketListing | null>;
  /** Null when the answer has not the shape of candles. */
  fetchCandles(marketId: string, request: CandleRequest): Promise<CandlePage | null>;
  /** Null when the answer has not the shape of trades. */
  fetchTrades(marketId: string, request: TradeRequest): Promise<TradePage | null>;
};

export type ProtocolOptions = {
  readonly exchange: Exchange;
  /** Constructor options that every ccxt class gets: fetch, user agent, no limiter of its own. */
  readonly base: Readonly<Record<string, unknown>>;
  /** Origin that replaces the exchange's own host, without a trailing slash. */
  readonly restUrl: string | undefined;
  /** Stamps what is received, UTC ms. */
  readonly nowMs: () => number;
  /** No candle can have opened later than this, UTC ms. */
  readonly latestOpenTimeMs: () => number;
};

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sorts the asked symbols into listed ones and those that the exchange does not have or does not trade. */
export function sortMarkets(
  symbols: readonly MarketSymbol[],
  find: (symbol: MarketSymbol) => { readonly id: string; readonly problem: string | null } | undefined,
): MarketListing {
  const markets: Market[] = [];
  const unavailable: { symbol: MarketSymbol; reason: string }[] = [];
  for (const symbol of symbols) {
    const found = find(symbol);
    if (found === undefined) unavailable.push({ symbol, reason: 'the exchange does not list it' });
    else if (found.problem === null) markets.push({ symbol, id: found.id });
    else unavailable.push({ symbol, reason: found.problem });
  }
  return { markets, unavailable };
}
