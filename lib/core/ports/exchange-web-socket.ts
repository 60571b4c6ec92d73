import type { Exchange } from '../exchange.ts';
import type { MarketSymbol } from '../symbol.ts';
import type { Trade } from '../trade.ts';

/** Live trades of one exchange. */
export interface ExchangeWebSocket {
  readonly exchange: Exchange;
  /** Trades of these symbols as they happen, until the consumer returns or `signal` aborts; then it ends cleanly. */
  trades(symbols: readonly MarketSymbol[], signal: AbortSignal): AsyncIterable<Trade>;
}
