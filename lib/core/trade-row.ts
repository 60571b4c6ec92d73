import { parseDecimal } from './decimal.ts';
import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';
import type { Trade } from './trade.ts';

/** A trade as it came, its fields not believed yet. */
export type TradeRow = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  /** Decimal digits, or a JSON number. */
  readonly id: unknown;
  /** A text, or a JSON number whose shortest text is taken. */
  readonly price: unknown;
  readonly size: unknown;
  /** The taker's; `undefined` for anything that is neither. */
  readonly side: 'buy' | 'sell' | undefined;
  readonly eventTimeMs: number | undefined;
  readonly receivedAtMs: number;
};

/** Below 10^19, so that it fits an unsigned integer of 64 bits. */
const TRADE_ID = /^(?:0|[1-9]\d{0,18})$/;

/** 2009-01-03, before which there was no Bitcoin, and 2100: microseconds and seconds are far outside. */
const FIRST_EVENT_MS = 1_230_940_800_000;
const LAST_EVENT_MS = 4_102_444_800_000;

/**
 * The row as a trade, or why it is none, as a phrase such as `price "-1" is not a number above 0`. Refuses ids that are not decimal
 * digits (numbers beyond 2^53 among them: they are not exact), prices and sizes that are not above 0 or need more than 20 integer or 18
 * fraction digits, sides that are neither, and event times that cannot be milliseconds since 1970.
 */
export function readTradeRow(row: TradeRow): Trade | string {
  const id = tradeId(row.id);
  if (id === undefined) return `trade id ${quote(row.id)} is not a whole number`;
  const price = parseDecimal(row.price);
  if (price === undefined || !isPositive(price)) return `price ${quote(row.price)} is not a number above 0`;
  const size = parseDecimal(row.size);
  if (size === undefined || !isPositive(size)) return `size ${quote(row.size)} is not a number above 0`;
  const { exchange, symbol, side, eventTimeMs, receivedAtMs } = row;
  if (side === undefined) return 'side is neither of buy and sell';
  if (eventTimeMs === undefined || !(eventTimeMs >= FIRST_EVENT_MS && eventTimeMs < LAST_EVENT_MS)) {
    return `event time ${quote(eventTimeMs)} is not in milliseconds since 1970`;
  }
  return { exchange, symbol, id, price, size, side, eventTimeMs, receivedAtMs };
}

function tradeId(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
  return typeof value === 'string' && TRADE_ID.test(value) ? value : undefined;
}

function isPositive(decimal: string): boolean {
  return decimal !== '0' && decimal.charCodeAt(0) !== 45;
}

function quote(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `"${String(value).slice(0, 40)}"` : `of type ${typeof value}`;
}
