import type { MarketSymbol } from '#core/symbol.ts';
import type { Timeframe } from '#core/timeframe.ts';
import type { CandleWindow } from './candle-window.ts';
import type { TradeTape } from './trade-tape.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A market in the venue's own list of markets: `id` is its name in requests, `entry` what the venue says about it. */
export type ListedMarket = { readonly symbol: MarketSymbol; readonly id: string; readonly entry: JsonObject };

/** Windows by timeframe; one that was not recorded is missing. The tape is undefined where there are neither trades nor minutes. */
export type VenueMarket = ListedMarket & {
  readonly windows: Readonly<Partial<Record<Timeframe, CandleWindow>>>;
  readonly tape: TradeTape | undefined;
};
