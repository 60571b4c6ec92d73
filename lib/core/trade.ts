import type { Decimal } from './decimal.ts';
import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';

/** One trade as the exchange reported it. `side` is the taker's; `price` in quote units, `size` in base units; times are UTC ms. */
export type Trade = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly id: string;
  readonly price: Decimal;
  readonly size: Decimal;
  readonly side: 'buy' | 'sell';
  readonly eventTimeMs: number;
  readonly receivedAtMs: number;
};
