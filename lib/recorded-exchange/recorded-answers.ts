import { isJsonObject, jsonExcerpt, type JsonObject } from '#std/json-object.ts';

const CANDLES = 'open_time,open,high,low,close,volume';
const TRADES = 'timestamp,price,amount';
const NUMBERED_TRADES = 'timestamp,trade_id,price,amount';

/** A row of a table with its cells, or why it is none, as a phrase. */
type AnswerRow = string | { readonly problem: string };

/** `fault`: the body is no answer that holds what was asked for, as a phrase. `other`: it is about something else, such as markets. */
type RecordedAnswer =
  | { readonly holds: 'rows'; readonly header: string; readonly rows: readonly AnswerRow[] }
  | { readonly holds: 'fault'; readonly fault: string }
  | { readonly holds: 'other' };

/**
 * The candles or trades of a recorded REST answer as a table, times in ms: `klines` of Binance, `candles` of Coinbase (oldest first here, as it
 * sends the newest first), `OHLC` and `Trades` of Kraken, without the candle that was still open. One row that looks like a candle or trade makes
 * it a table; the rows that do not are problems. Null when the text is no JSON.
 */
export function readAnswer(text: string): RecordedAnswer | null {
  const body = parsed(text);
  if (body === undefined) return null;
  if (Array.isArray(body)) return binanceAnswer(body);
  if (!isJsonObject(body)) return fault(`${jsonExcerpt(body, EXCERPT)} is no answer of an exchange`);
  const refusal = refusalOf(body);
  if (refusal !== null) return fault(`the exchange answered with an error: ${refusal}`);
  if ('candles' in body) return coinbaseAnswer(body['candles']);
  return isJsonObject(body['result']) ? krakenAnswer(body['result']) : { holds: 'other' };
}

const EXCERPT = 80;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function fault(text: string): RecordedAnswer {
  return { holds: 'fault', fault: text };
}

/** `{"code": -1121, "msg": "..."}` of Binance, `{"error": ["..."]}` of Kraken, `{"error": "..."}` and `{"message": "..."}` of Coinbase. */
function refusalOf(body: JsonObject): string | null {
  const { code, msg, error, message } = body;
  const isError = Array.isArray(error) ? error.length > 0 : error !== undefined && error !== null && error !== '' && error !== false;
  const isCode = typeof code === 'number' && code !== 0 && typeof msg === 'string';
  const isMessage = typeof message === 'string' && Object.keys(body).length === 1;
  return isError || isCode || isMessage ? jsonExcerpt(body, 2 * EXCERPT) : null;
}

function binanceAnswer(body: readonly unknown[]): RecordedAnswer {
  if (body.some(isBinanceCandle)) return table(`${CANDLES},trades`, body, isBinanceCandle, binanceCandle);
  if (body.length > 0 && body.every(isJsonObject)) return { holds: 'other' };
  return fault(notRows(body));
}

function notRows(rows: readonly unknown[]): string {
  return rows.length === 0
    ? 'the answer has no row'
    : `no row is a candle or trade of a known kind, the first is ${jsonExcerpt(rows[0], EXCERPT)}`;
}

type Row = readonly unknown[];

function table<T>(header: string, rows: readonly unknown[], isRow: (row: unknown) => row is T, line: (row: T) => string): RecordedAnswer {
  const what = header.startsWith(CANDLES) ? 'candle' : 'trade';
  const read = (row: unknown): AnswerRow => (isRow(row) ? line(row) : { problem: `${jsonExcerpt(row, EXCERPT)} is no ${what}` });
  return { holds: 'rows', header, rows: rows.map(read) };
}

/** Whether a row is long enough, with text or a number at these places: whether the text is a number is for the reader of the table to say. */
function hasCells(row: unknown, length: number, places: readonly number[]): row is Row {
  return Array.isArray(row) && row.length >= length && places.every((place) => isCell(row[place]));
}

function isCell(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value !== '' && !value.includes(','));
}

function isBinanceCandle(row: unknown): row is Row {
  return hasCells(row, 11, [0, 1, 2, 3, 4, 5, 8]);
}

function binanceCandle([openTime, open, high, low, close, volume, , , trades]: Row): string {
  return [openTime, open, high, low, close, volume, trades].join(',');
}

function coinbaseAnswer(candles: unknown): RecordedAnswer {
  if (!Array.isArray(candles)) return fault(`candles is ${jsonExcerpt(candles, EXCERPT)}, expected a list`);
  if (!candles.some(isCoinbaseCandle)) return fault(notRows(candles));
  return table(CANDLES, (candles as readonly unknown[]).toReversed(), isCoinbaseCandle, coinbaseCandle);
}

function isCoinbaseCandle(row: unknown): row is JsonObject {
  return isJsonObject(row) && ['start', 'open', 'high', 'low', 'close', 'volume'].every((name) => isCell(row[name]));
}

function coinbaseCandle({ start, open, high, low, close, volume }: JsonObject): string {
  return [Number(start) * 1000, open, high, low, close, volume].join(',');
}

/** The only list of the result; `last` is the time of the newest candle that has closed. */
function krakenAnswer(result: JsonObject): RecordedAnswer {
  const rows = Object.values(result).find((value): value is readonly unknown[] => Array.isArray(value));
  if (rows === undefined) return { holds: 'other' };
  if (rows.some(isKrakenTrade)) {
    // Older answers have no ids.
    return rows.some(isNumberedTrade)
      ? table(NUMBERED_TRADES, rows, isNumberedTrade, numberedTrade)
      : table(TRADES, rows, isKrakenTrade, krakenTrade);
  }
  const isClosed = (row: unknown): boolean =>
    !isKrakenCandle(row) || !(Number(row[0]) > Number(result['last'] ?? Number.POSITIVE_INFINITY));
  if (rows.some(isKrakenCandle)) return table(`${CANDLES},trades`, rows.filter(isClosed), isKrakenCandle, krakenCandle);
  return fault(notRows(rows));
}

function isKrakenTrade(row: unknown): row is Row {
  return hasCells(row, 6, [0, 1, 2]) && (row[3] === 'b' || row[3] === 's');
}

function isNumberedTrade(row: unknown): row is Row {
  return isKrakenTrade(row) && isCell(row[6]);
}

function krakenTrade([price, size, time]: Row): string {
  return [Math.floor(Number(time) * 1000), price, size].join(',');
}

function numberedTrade([price, size, time, , , , id]: Row): string {
  return [Math.floor(Number(time) * 1000), id, price, size].join(',');
}

function isKrakenCandle(row: unknown): row is Row {
  return hasCells(row, 8, [0, 1, 2, 3, 4, 6, 7]);
}

function krakenCandle([time, open, high, low, close, , volume, trades]: Row): string {
  return [Number(time) * 1000, open, high, low, close, volume, trades].join(',');
}
