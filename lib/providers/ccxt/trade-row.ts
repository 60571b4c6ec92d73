import { compareDecimals, parseDecimal, ZERO } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import type { RefusedRow, TradePage, TradeRequest } from '#core/ports/exchange-rest-api.ts';
import type { Trade } from '#core/trade.ts';

/** The fields of one past trade as the exchange sent them, not yet believed. `side` is the taker's. */
export type RawTrade = {
  readonly id: unknown;
  readonly price: unknown;
  readonly size: unknown;
  readonly side: unknown;
  readonly timeMs: number;
};

export type TradePageContext = {
  readonly exchange: Exchange;
  readonly request: TradeRequest;
  readonly receivedAtMs: number;
  /** The most rows that one answer can have: a full page may have been cut off. */
  readonly maxRows: number;
};

const EARLIEST_MS = Date.UTC(2009, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/** More refused rows than one and than this share of a page, and the page itself is not believed. */
const MAX_REFUSED_SHARE = 0.1;

/** Checks every row and keeps the wanted ones, ascending by id, each id once. Null when too much of the page is bad. */
export function tradePageOf(
  rows: readonly unknown[],
  { exchange, request, receivedAtMs, maxRows }: TradePageContext,
  rawOf: (row: unknown) => RawTrade | null,
): TradePage | null {
  const trades = new Map<bigint, Trade>();
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    const checked = checkTrade(rawOf(row));
    if (typeof checked === 'string') refused.push({ reason: checked, row: (JSON.stringify(row) ?? 'undefined').slice(0, 200) });
    else {
      const id = BigInt(checked.id);
      if (id >= request.firstId && id <= request.lastId) trades.set(id, { exchange, symbol: request.symbol, ...checked, receivedAtMs });
    }
  }
  if (refused.length > Math.max(1, rows.length * MAX_REFUSED_SHARE)) return null;
  const ascending = [...trades].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, trade]) => trade);
  return { trades: ascending, refused, hasMore: rows.length >= maxRows };
}

/** The trade without its market, or in words why the row is none. */
function checkTrade(raw: RawTrade | null): Omit<Trade, 'exchange' | 'symbol' | 'receivedAtMs'> | string {
  if (raw === null) return 'the row has not the shape of a trade';
  const id = typeof raw.id === 'number' && Number.isSafeInteger(raw.id) ? String(raw.id) : raw.id;
  if (typeof id !== 'string' || !/^\d{1,19}$/.test(id)) return 'the trade id is not a whole number of at most 19 digits';
  const price = typeof raw.price === 'string' ? parseDecimal(raw.price) : undefined;
  const size = typeof raw.size === 'string' ? parseDecimal(raw.size) : undefined;
  if (price === undefined || size === undefined || compareDecimals(price, ZERO) <= 0 || compareDecimals(size, ZERO) <= 0)
    return 'price or size is not a decimal above zero of at most 20 integer and 18 fraction digits';
  if (raw.side !== 'buy' && raw.side !== 'sell') return 'the side is neither buy nor sell';
  const eventTimeMs = Math.floor(raw.timeMs);
  if (!(eventTimeMs >= EARLIEST_MS && eventTimeMs < LATEST_MS)) return 'the time is not a plausible time';
  return { id: String(BigInt(id)), price, size, side: raw.side, eventTimeMs };
}
