import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';
import type { Interruption } from './trade-feed.ts';

/**
 * Why trade ids are missing. `unexplained`: the feed was up and the exchange left ids out. `restart`: nobody listened between two
 * runs of the collector. `buffer full`: trades arrived and had to be dropped, because a sink did not take them.
 */
export type TradeGapCause = Interruption | 'unexplained' | 'restart' | 'buffer full';

/** `repaired`: every missing id was fetched. `partly repaired`: some. `lost`: the exchange no longer has them, or never had. */
type TradeGapState = 'open' | 'repaired' | 'partly repaired' | 'lost';

/** A run of trade ids that did not arrive. `firstId` to `lastId` inclusive; times are those of the trades around it, UTC ms. */
export type TradeGap = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly firstId: bigint;
  readonly lastId: bigint;
  /** Event time of the trade before the gap, and of the one after it. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: TradeGapCause;
  readonly state: TradeGapState;
  /** How many of the missing trades were fetched later. */
  readonly repairedCount: number;
  /** From where: `rest`, or `stream` when they only came late; empty while there are none. */
  readonly repairedBy: '' | 'rest' | 'stream';
  readonly detectedAtMs: number;
  /** Of this row: of two rows for one gap the later wins. */
  readonly updatedAtMs: number;
};
