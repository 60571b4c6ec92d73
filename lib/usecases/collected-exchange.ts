import type { Exchange } from '#core/exchange.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { ExchangeWebSocket } from '#core/ports/exchange-web-socket.ts';
import type { MarketSymbol } from '#core/symbol.ts';

/** One exchange of a collector: its feed, and its REST for what the feed leaves out. */
export type CollectedExchange = {
  readonly exchange: Exchange;
  readonly symbols: readonly MarketSymbol[];
  readonly feed: ExchangeWebSocket;
  readonly api: Pick<ExchangeRestApi, 'exchange' | 'loadMarkets' | 'fetchTrades'>;
  /** Markets whose trades are made up from candles (replays). */
  readonly isSynthetic: (symbol: MarketSymbol) => boolean;
};
