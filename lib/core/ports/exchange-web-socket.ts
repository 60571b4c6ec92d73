import type { Exchange } from '../exchange.ts';
import type { MarketSymbol } from '../symbol.ts';
import type { FeedEvent, FeedHealth } from '../trade-feed.ts';

/** Live trades of one exchange, whatever happens to its sockets. */
export interface ExchangeWebSocket {
  readonly exchange: Exchange;
  /**
   * What happens with these symbols, until the consumer returns or `signal` aborts; then all sockets are closed and it ends cleanly.
   * Never throws for what an exchange or a network does: it reconnects, and tells. May be called once.
   */
  events(symbols: readonly MarketSymbol[], signal: AbortSignal): AsyncIterable<FeedEvent>;
  health(): FeedHealth;
}
