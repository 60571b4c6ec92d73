import { isJsonObject, type JsonObject } from '#std/json-object.ts';

const CANDLES = 'open_time,open,high,low,close,volume';
const TRADES = 'timestamp,trade_id,price,amount';

/**
 * The candles or trades of a recorded REST answer as the lines of a table with a header, times in ms: `klines` of Binance, `candles` of Coinbase
 * (oldest first here, as it sends the newest first), `OHLC` and `Trades` of Kraken, without the candle that was still open. None for an answer
 * about anything else, such as markets. Null when the text is no JSON.
 */
export function answerAsTable(text: string): readonly string[] | null {
  const body = parsed(text);
  if (body === undefined) return null;
  if (isRows(body)) return body.every((row) => row.length >= 11) ? [`${CANDLES},trades`, ...body.map(binanceCandle)] : [];
  if (!isJsonObject(body)) return [];
  if (Array.isArray(body['candles']))
    return [CANDLES, ...(body['candles'] as readonly unknown[]).filter(isJsonObject).map(coinbaseCandle).reverse()];
  return isJsonObject(body['result']) ? krakenTable(body['result']) : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function isRows(value: unknown): value is readonly (readonly unknown[])[] {
  return Array.isArray(value) && value.length > 0 && value.every(Array.isArray);
}

function binanceCandle([openTime, open, high, low, close, volume, , , trades]: readonly unknown[]): string {
  return [openTime, open, high, low, close, volume, trades].join(',');
}

function coinbaseCandle({ start, open, high, low, close, volume }: JsonObject): string {
  return [Number(start) * 1000, open, high, low, close, volume].join(',');
}

/** The only list of rows of the result; `last` is the time of the newest candle that has closed. */
function krakenTable(result: JsonObject): readonly string[] {
  const rows = Object.values(result).find(isRows);
  if (rows === undefined) return [];
  if (rows.every(([, , , side]) => side === 'b' || side === 's')) return [TRADES, ...rows.map(krakenTrade)];
  const closed = rows.filter(([time]) => !(Number(time) > Number(result['last'] ?? Number.POSITIVE_INFINITY)));
  return [`${CANDLES},trades`, ...closed.map(krakenCandle)];
}

function krakenTrade([price, size, time, , , , id]: readonly unknown[]): string {
  return [Math.floor(Number(time) * 1000), id, price, size].join(',');
}

function krakenCandle([time, open, high, low, close, , volume, trades]: readonly unknown[]): string {
  return [Number(time) * 1000, open, high, low, close, volume, trades].join(',');
}
