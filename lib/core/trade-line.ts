import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';

/** Where a collector without a past began with a market: every trade after this one is expected, also by a run that follows a crash. */
export type TradeLine = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  /** Id of the last trade that is not expected. */
  readonly afterId: bigint;
  /** Event time of the trade that it was concluded from, UTC ms. Of two rows for one market the later wins. */
  readonly beganAtMs: number;
};
