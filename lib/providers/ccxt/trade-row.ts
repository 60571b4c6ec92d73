import type { Exchange } from '#core/exchange.ts';
import type { RefusedRow, TradePage, TradeRequest } from '#core/ports/exchange-rest-api.ts';
import { readTradeRow } from '#core/trade-row.ts';
import type { Trade } from '#core/trade.ts';

/** The fields of one past trade as the exchange sent them, not yet believed. `side` is the taker's. */
export type RawTrade = {
  readonly id: unknown;
  /** All three exchanges send texts here; a JSON number has already lost digits. */
  readonly price: string;
  readonly size: string;
  /** The taker's; undefined for anything that is neither. */
  readonly side: Trade['side'] | undefined;
  readonly timeMs: number;
};

export type TradePageContext = {
  readonly exchange: Exchange;
  readonly request: TradeRequest;
  readonly receivedAtMs: number;
  /** The most rows that one answer can have: a full page may have been cut off. */
  readonly maxRows: number;
};

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
    const raw = rawOf(row);
    const trade =
      raw === null
        ? 'the row has not the shape of a trade'
        : readTradeRow({ ...raw, exchange, symbol: request.symbol, eventTimeMs: Math.floor(raw.timeMs), receivedAtMs });
    if (typeof trade === 'string') refused.push({ reason: trade, row: (JSON.stringify(row) ?? 'undefined').slice(0, 200) });
    else {
      const id = BigInt(trade.id);
      if (id >= request.firstId && id <= request.lastId) trades.set(id, trade);
    }
  }
  if (refused.length > Math.max(1, rows.length * MAX_REFUSED_SHARE)) return null;
  const ascending = [...trades].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, trade]) => trade);
  return { trades: ascending, refused, hasMore: rows.length >= maxRows };
}
