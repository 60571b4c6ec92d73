import { parseDecimal } from '#core/decimal.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '#std/json-object.ts';

/** A trade of a captured WebSocket session; `id` is null where the exchange sent none, `market` is the exchange's own name. */
export type SessionTrade = {
  readonly market: string;
  readonly id: number | null;
  readonly timeMs: number;
  readonly price: number;
  readonly size: number;
};

/**
 * The trades of one line of a captured session (`{"t":"recv","data":"<the text of the message>"}`), by id where they have one: exchanges do not
 * always send them in order. None for other messages. Null when the line is not of a session at all.
 */
export function readSessionLine(line: string): readonly SessionTrade[] | null {
  const entry = parseJsonObject(line);
  if (entry === undefined || typeof entry['t'] !== 'string') return null;
  if (entry['t'] !== 'recv') return [];
  if (typeof entry['data'] !== 'string') return null;
  return tradesOf(parsed(entry['data'])).toSorted((a, b) => (a.id ?? 0) - (b.id ?? 0) || 0);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

function tradesOf(message: unknown): readonly SessionTrade[] {
  if (Array.isArray(message)) return oldKrakenTrades(message);
  if (!isJsonObject(message)) return [];
  const { channel, data, type } = message;
  if (isJsonObject(data) && data['e'] === 'trade') return tradeOf(data['s'], data['t'], Number(data['T']), data['p'], data['q']);
  if (channel === 'market_trades') return objects(message['events']).flatMap((event) => objects(event['trades']).flatMap(coinbaseTrade));
  if (channel === 'trade') return objects(data).flatMap(krakenTrade);
  return type === 'match' ? coinbaseTrade(message) : [];
}

function coinbaseTrade(row: JsonObject): readonly SessionTrade[] {
  return tradeOf(row['product_id'], row['trade_id'], Date.parse(String(row['time'])), row['price'], row['size']);
}

function krakenTrade(row: JsonObject): readonly SessionTrade[] {
  return tradeOf(row['symbol'], row['trade_id'], Date.parse(String(row['timestamp'])), row['price'], row['qty']);
}

/** `[channel, [[price, volume, time, ...], ...], "trade", "XBT/USD"]`: without ids. */
function oldKrakenTrades([, rows, channel, market]: readonly unknown[]): readonly SessionTrade[] {
  if (channel !== 'trade' || !Array.isArray(rows)) return [];
  return (rows as readonly unknown[]).flatMap((row) =>
    Array.isArray(row) ? tradeOf(market, null, Number(row[2]) * 1000, row[0], row[1]) : [],
  );
}

function tradeOf(market: unknown, idValue: unknown, timeMs: number, priceValue: unknown, sizeValue: unknown): readonly SessionTrade[] {
  const [price, size] = [parseDecimal(priceValue), parseDecimal(sizeValue)];
  const id = idValue === null ? null : Number(idValue);
  if (typeof market !== 'string' || price === undefined || size === undefined || Number.isNaN(timeMs) || Number.isNaN(id)) return [];
  return [{ market, id, timeMs: Math.floor(timeMs), price: Number(price), size: Number(size) }];
}

function objects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly unknown[]).filter(isJsonObject) : [];
}
