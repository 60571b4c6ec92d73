import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Trade } from '#core/trade.ts';
import { readTradeRow } from '#core/trade-row.ts';
import type { JsonObject } from '#std/json-object.ts';

/**
 * A trade frame of the combined stream with its fields in the order in which Binance has sent them for years. Anything else takes the way
 * through JSON.parse, which takes about twice as long. Ids of up to 15 digits, because a JSON number is exact that far.
 */
const USUAL =
  /^\{"stream":"[a-z0-9]{2,40}@trade","data":\{"e":"trade","E":\d{13},"s":"([A-Z0-9]{2,40})","t":(0|[1-9]\d{0,14}),"p":"(\d{1,20}(?:\.\d{1,18})?)","q":"(\d{1,20}(?:\.\d{1,18})?)","T":(\d{13}),"m":(true|false),"M":(?:true|false)\}\}$/;

export type BinanceMarkets = { readonly exchange: Exchange; readonly symbols: ReadonlyMap<string, MarketSymbol> };

/** The trade of a usual frame, why it is none, or null when the frame must be read as JSON. */
export function readUsualFrame(frame: string, { exchange, symbols }: BinanceMarkets, receivedAtMs: number): Trade | string | null {
  const match = USUAL.exec(frame);
  if (match === null) return null;
  const symbol = symbols.get(match[1]!);
  if (symbol === undefined) return notSubscribed(match[1]);
  return readTradeRow({
    exchange,
    symbol,
    id: match[2],
    price: withoutTrailingZeros(match[3]!),
    size: withoutTrailingZeros(match[4]!),
    side: match[6] === 'true' ? 'sell' : 'buy',
    eventTimeMs: Number(match[5]),
    receivedAtMs,
  });
}

/** The object of a `trade` event. `m` says that the buyer was the maker, so that the taker sold. */
export function readBinanceTrade(data: JsonObject, { exchange, symbols }: BinanceMarkets, receivedAtMs: number): Trade | string {
  const { s: id, T: eventTime, m: isBuyerMaker } = data;
  const symbol = typeof id === 'string' ? symbols.get(id) : undefined;
  if (symbol === undefined) return notSubscribed(id);
  const taker = isBuyerMaker === true ? 'sell' : 'buy';
  return readTradeRow({
    exchange,
    symbol,
    id: typeof data['t'] === 'number' ? data['t'] : undefined,
    price: textOnly(data['p']),
    size: textOnly(data['q']),
    side: typeof isBuyerMaker === 'boolean' ? taker : undefined,
    eventTimeMs: typeof eventTime === 'number' && Number.isInteger(eventTime) ? eventTime : undefined,
    receivedAtMs,
  });
}

/** Binance writes prices as text; a number in their place would have lost digits already. */
function textOnly(value: unknown): unknown {
  return typeof value === 'string' ? value : undefined;
}

function notSubscribed(id: unknown): string {
  return typeof id === 'string' ? `market "${id.slice(0, 40)}" is not subscribed` : 'there is no market';
}

const ZERO = 48;
const DOT = 46;

/** `61837.63000000` -> `61837.63`, which is canonical and so takes the short way through `parseDecimal`. */
function withoutTrailingZeros(text: string): string {
  if (!text.includes('.')) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  if (text.charCodeAt(end - 1) === DOT) end--;
  return text.slice(0, end);
}
