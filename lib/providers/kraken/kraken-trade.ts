import type { RefusedRow } from '#core/ports/exchange-rest-api.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Trade } from '#core/trade.ts';
import { compareTradeIds } from '#core/trade-id.ts';
import { readTradeRow } from '#core/trade-row.ts';
import { jsonExcerpt } from '#std/json-object.ts';

export type KrakenTrades = { readonly trades: readonly Trade[]; readonly refused: readonly RefusedRow[] };

export type KrakenMarkets = {
  readonly symbols: ReadonlyMap<string, MarketSymbol>;
  readTime(text: unknown): number | undefined;
};

/**
 * The `data` of a message of the trade channel, in ascending order of ids. `side` is the taker's. Prices and sizes are JSON numbers:
 * Kraken's own decimals survive as the shortest text of the double, for up to 15 digits.
 */
export function readKrakenTrades(rows: readonly unknown[], markets: KrakenMarkets, receivedAtMs: number): KrakenTrades {
  const trades: Trade[] = [];
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    const trade = readRow(row as KrakenRow | null | undefined, markets, receivedAtMs);
    if (typeof trade === 'string') refused.push({ reason: trade, row: jsonExcerpt(row, 300) });
    else trades.push(trade);
  }
  if (trades.length > 1) trades.sort((a, b) => compareTradeIds(a.id, b.id));
  return { trades, refused };
}

/** The fields that are looked at; each may be anything. */
type KrakenRow = {
  readonly symbol?: unknown;
  readonly side?: unknown;
  readonly price?: unknown;
  readonly qty?: unknown;
  readonly trade_id?: unknown;
  readonly timestamp?: unknown;
};

function readRow(row: KrakenRow | null | undefined, { symbols, readTime }: KrakenMarkets, receivedAtMs: number): Trade | string {
  const name = row?.symbol;
  if (row === null || row === undefined || typeof name !== 'string') return 'there is no symbol';
  const symbol = symbols.get(name);
  if (symbol === undefined) return `symbol "${name.slice(0, 40)}" is not subscribed`;
  const { trade_id: id, price, qty, side, timestamp } = row;
  return readTradeRow({
    exchange: 'kraken',
    symbol,
    id: typeof id === 'number' ? id : undefined,
    price: typeof price === 'number' ? price : undefined,
    size: typeof qty === 'number' ? qty : undefined,
    side: side === 'buy' || side === 'sell' ? side : undefined,
    eventTimeMs: readTime(timestamp),
    receivedAtMs,
  });
}
