import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';

/** How far the witnesses of one hour of a market agree. Counts of minutes, 0 to 60. */
export type CandleAgreement = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly hourMs: number;
  /** Minutes with a stored candle. */
  readonly candles: number;
  /** Minutes of which the stream saw every trade, and none was made up. */
  readonly witnessed: number;
  /** Of those: candle and stream say the same. */
  readonly agreed: number;
  /** Of those: the archive says the same too. */
  readonly verified: number;
  /** Of two rows for one hour the later wins. */
  readonly updatedAtMs: number;
};
