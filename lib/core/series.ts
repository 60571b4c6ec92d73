import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';
import type { Timeframe } from './timeframe.ts';

/** One line of candles: a market of an exchange in a timeframe. */
export type Series = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly timeframe: Timeframe;
};

/** Readable and unique: `kraken BTC/USD 5m`. For logs, reports and map keys; never parsed back. */
export function seriesKey({ exchange, symbol, timeframe }: Series): string {
  return `${exchange} ${symbol} ${timeframe}`;
}
