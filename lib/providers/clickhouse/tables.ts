import { StoreError } from '#core/errors.ts';
import { isExchange, type Exchange } from '#core/exchange.ts';
import type { Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { isTimeframe, type Timeframe } from '#core/timeframe.ts';

/** Table of each timeframe. Identifiers come from here only, never from input. */
export const CANDLE_TABLES = { '1m': 'candles_1m', '5m': 'candles_5m', '1h': 'candles_1h' } as const satisfies Record<Timeframe, string>;

/** Tables whose rows end after the configured time to live. */
const EXPIRING_TABLES = [
  ...Object.values(CANDLE_TABLES),
  'indicators',
  'revisions',
  'trade_minutes',
  'agreements',
  'candle_findings',
] as const;

/** The ledger outlives the candles that it explains: a gap may have begun before the first one that is kept. */
const LEDGER_OUTLIVES_DAYS = 30;

/** What ends, by which time of a row, and how many days later than the candles. All versions of a row have that time, so that none outlives another. */
export const EXPIRING: readonly { readonly table: string; readonly column: string; readonly laterDays: number }[] = [
  ...EXPIRING_TABLES.map((table) => ({ table, column: 'timestamp', laterDays: 0 })),
  { table: 'gaps', column: 'from_time', laterDays: LEDGER_OUTLIVES_DAYS },
];

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
