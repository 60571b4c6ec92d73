import type { RefusedRow } from '#core/ports/exchange-rest-api.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Trade } from '#core/trade.ts';
import { compareTradeIds } from '#core/trade-id.ts';
import { readTradeRow } from '#core/trade-row.ts';
import { jsonExcerpt } from '#std/json-object.ts';

export type CoinbaseTrades = { readonly trades: readonly Trade[]; readonly refused: readonly RefusedRow[] };

/** What a reader of `trades` arrays needs: the market of a product id, and a reader of RFC 3339 times. */
export type CoinbaseMarkets = {
  symbolOf(productId: string): MarketSymbol | undefined;
  readTime(text: unknown): number | undefined;
};

/** Coinbase names the maker's side. */
const TAKER_SIDES: Readonly<Record<string, 'buy' | 'sell'>> = { BUY: 'sell', SELL: 'buy' };

/**
 * The `trades` of one event, in ascending order of ids: within a message Coinbase sends them newest first, and several products
 * together. `side` is the maker's, so that the taker's is the other one: docs/decisions/0011.
 */
export function readCoinbaseTrades(
  rows: readonly unknown[],
  { symbolOf, readTime }: CoinbaseMarkets,
  receivedAtMs: number,
): CoinbaseTrades {
  const trades: Trade[] = [];
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    const trade = readRow(row as CoinbaseRow | null | undefined, { symbolOf, readTime }, receivedAtMs);
    if (typeof trade === 'string') refused.push({ reason: trade, row: jsonExcerpt(row, 300) });
    else trades.push(trade);
  }
  if (trades.length > 1) trades.sort((a, b) => compareTradeIds(a.id, b.id));
  return { trades, refused };
}

/** The fields that are looked at; each may be anything. */
type CoinbaseRow = {
  readonly product_id?: unknown;
  readonly trade_id?: unknown;
  readonly price?: unknown;
  readonly size?: unknown;
  readonly side?: unknown;
  readonly time?: unknown;
};

function readRow(row: CoinbaseRow | null | undefined, { symbolOf, readTime }: CoinbaseMarkets, receivedAtMs: number): Trade | string {
  const productId = row?.product_id;
  if (row === null || row === undefined || typeof productId !== 'string') return 'there is no product';
  const symbol = symbolOf(productId);
  if (symbol === undefined) return `product "${productId.slice(0, 40)}" is not subscribed`;
  const { trade_id: id, price, size, side, time } = row;
  return readTradeRow({
    exchange: 'coinbase',
    symbol,
    id: typeof id === 'string' ? id : undefined,
    price: typeof price === 'string' ? price : undefined,
    size: typeof size === 'string' ? size : undefined,
    side: typeof side === 'string' && Object.hasOwn(TAKER_SIDES, side) ? TAKER_SIDES[side] : undefined,
    eventTimeMs: readTime(time),
    receivedAtMs,
  });
}
