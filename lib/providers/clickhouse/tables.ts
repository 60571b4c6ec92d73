import { StoreError } from '#core/errors.ts';
import { isExchange, type Exchange } from '#core/exchange.ts';
import type { Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { isTimeframe, type Timeframe } from '#core/timeframe.ts';

/** Table of each timeframe. Identifiers come from here only, never from input. */
export const CANDLE_TABLES = { '1m': 'candles_1m', '5m': 'candles_5m', '1h': 'candles_1h' } as const satisfies Record<Timeframe, string>;

/** Tables whose rows end after the configured time to live. */
export const EXPIRING_TABLES = [
  ...Object.values(CANDLE_TABLES),
  'indicators',
  'revisions',
  'trade_minutes',
  'agreements',
  'candle_findings',
] as const;

/** Checks what comes back: somebody else may have written to the store. */
export function seriesOf(exchange: unknown, symbol: unknown, timeframe: unknown): Series {
  const marketSymbol = parseMarketSymbol(symbol);
  if (!isExchange(exchange) || marketSymbol === undefined || !isTimeframe(timeframe)) {
    throw new StoreError(`the store holds an unknown series "${exchange} ${symbol} ${timeframe}"; remove its rows`, { retryable: false });
  }
  return { exchange, symbol: marketSymbol, timeframe };
}

export function symbolOf(exchange: Exchange, symbol: unknown): MarketSymbol {
  const found = parseMarketSymbol(symbol);
  if (found !== undefined) return found;
  throw new StoreError(`the store holds an unknown symbol "${symbol}" of ${exchange}; remove its rows`, { retryable: false });
}
