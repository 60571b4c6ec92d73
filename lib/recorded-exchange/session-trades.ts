import { parseDecimal } from '#core/decimal.ts';
import { isJsonObject, jsonExcerpt, parseJsonObject, type JsonObject } from '#std/json-object.ts';

/** A trade of a captured WebSocket session; `id` is null where the exchange sent none, `market` is the exchange's own name. */
type SessionTrade = {
  readonly market: string;
  readonly id: number | null;
  readonly timeMs: number;
  readonly price: number;
  readonly size: number;
};

/** What one line of a session holds. `damaged`: what of it should be a message or a trade and is none, each as a phrase. */
type SessionLine = { readonly trades: readonly SessionTrade[]; readonly damaged: readonly string[] };

/** A trade, or why it is none. */
type Read = SessionTrade | string;

/**
 * The trades of one line of a captured session (`{"t":"recv","data":"<the text of the message>"}`), by id where they have one: exchanges do not
 * always send them in order. None for other messages. Null when the line is not of a session at all.
 */
export function readSessionLine(line: string): SessionLine | null {
  const entry = parseJsonObject(line);
  if (entry === undefined || typeof entry['t'] !== 'string') return null;
  if (entry['t'] !== 'recv') return { trades: [], damaged: [] };
  if (typeof entry['data'] !== 'string') return null;
  const message = parsed(entry['data']);
  if (message === undefined) return { trades: [], damaged: [`the message ${jsonExcerpt(entry['data'], EXCERPT)} is no whole JSON`] };
  const found = tradesOf(message);
  return {
    trades: found.filter((one) => typeof one !== 'string').toSorted((a, b) => (a.id ?? 0) - (b.id ?? 0) || 0),
    damaged: found.filter((one) => typeof one === 'string'),
  };
}

const EXCERPT = 120;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function tradesOf(message: unknown): readonly Read[] {
  if (Array.isArray(message)) return oldKrakenTrades(message);
  if (!isJsonObject(message)) return [];
  const { channel, data, type } = message;
  if (isJsonObject(data) && data['e'] === 'trade') return [tradeOf(data, data['s'], data['t'], Number(data['T']), data['p'], data['q'])];
  if (channel === 'market_trades')
    return each(message['events'], (event) => (isJsonObject(event) ? each(event['trades'], coinbaseTrade) : [notTrade(event)]));
  if (channel === 'trade') return each(data, krakenTrade);
  return type === 'match' ? coinbaseTrade(message) : [];
}

/** What should be a list of trades, one by one. */
function each(list: unknown, read: (item: unknown) => readonly Read[]): readonly Read[] {
  return Array.isArray(list) ? (list as readonly unknown[]).flatMap(read) : [`${jsonExcerpt(list, EXCERPT)} is no list of trades`];
}

function coinbaseTrade(row: unknown): readonly Read[] {
  if (!isJsonObject(row)) return [notTrade(row)];
  return [tradeOf(row, row['product_id'], row['trade_id'], Date.parse(String(row['time'])), row['price'], row['size'])];
}

function krakenTrade(row: unknown): readonly Read[] {
  if (!isJsonObject(row)) return [notTrade(row)];
  return [tradeOf(row, row['symbol'], row['trade_id'], Date.parse(String(row['timestamp'])), row['price'], row['qty'])];
}

/** `[channel, [[price, volume, time, ...], ...], "trade", "XBT/USD"]`: without ids. */
function oldKrakenTrades([, rows, channel, market]: readonly unknown[]): readonly Read[] {
  if (channel !== 'trade') return [];
  return each(rows, (row) => [Array.isArray(row) ? tradeOf(row, market, null, Number(row[2]) * 1000, row[0], row[1]) : notTrade(row)]);
}

function tradeOf(
  row: JsonObject | readonly unknown[],
  market: unknown,
  idValue: unknown,
  timeMs: number,
  priceValue: unknown,
  sizeValue: unknown,
): Read {
  const [price, size] = [parseDecimal(priceValue), parseDecimal(sizeValue)].map((decimal) => Number(decimal ?? Number.NaN));
  const id = idValue === null ? null : Number(idValue);
  if (typeof market !== 'string' || price === undefined || size === undefined || !(price > 0) || !(size > 0)) return notTrade(row);
  if (!(timeMs > 0) || (id !== null && !(Number.isSafeInteger(id) && id >= 0))) return notTrade(row);
  return { market, id, timeMs: Math.floor(timeMs), price, size };
}

function notTrade(row: unknown): string {
  return `${jsonExcerpt(row, EXCERPT)} is no trade`;
}
