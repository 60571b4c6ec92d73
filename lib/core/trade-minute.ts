import type { Decimal } from './decimal.ts';
import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';

/**
 * What the stream saw of one minute: a second witness beside the exchange's candle, never a candle. Minutes without a trade have none.
 * `volume` in base units; the first and the last trade are those with the lowest and the highest id.
 */
export type TradeMinute = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly openTimeMs: number;
  readonly firstId: bigint;
  readonly lastId: bigint;
  readonly tradeCount: number;
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
  readonly volume: Decimal;
  /** Every id from the trade before the minute to the one after it was seen. Only then may it be compared with the candle. */
  readonly isComplete: boolean;
  /** Some of its trades were made up from a candle (replays of recordings without trades). */
  readonly isSynthetic: boolean;
  /** Of two rows for one minute the later wins. */
  readonly updatedAtMs: number;
};
