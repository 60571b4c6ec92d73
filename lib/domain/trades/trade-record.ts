import { parseDecimal } from '#core/decimal.ts';
import { isExchange } from '#core/exchange.ts';
import { parseMarketSymbol } from '#core/symbol.ts';
import { TRADE_QUALITIES, TRADE_SOURCES, type CheckedTrade, type Trade } from '#core/trade.ts';

/** Of the record as a whole. A reader refuses every other one. */
const VERSION = 1;
const MAX_ID_LENGTH = 64;
const MAX_REASON_LENGTH = 200;
const EXCERPT_LENGTH = 200;

/** First line of a record. `sequence` counts the records of one run of a task, so that a reader can tell a lost one from a quiet time. */
export type RecordEnvelope = { readonly task: string; readonly sequence: number; readonly count: number };

/** A line that is not a trade. `line` counts from 1, the envelope being line 1; 0 means the record as a whole. */
export type RefusedLine = { readonly line: number; readonly reason: string; readonly excerpt: string };

export type TradeRecord = {
  readonly envelope: RecordEnvelope;
  readonly trades: readonly CheckedTrade[];
  readonly refused: readonly RefusedLine[];
};

/** Texts that JSON writes as they are. Ids and reasons are such ones, so that the slow way is hardly ever taken. */
const PLAIN = /^[\w .,:;/+-]*$/;
const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** One line of NDJSON without its line feed; keys always in this order, prices and sizes as text, times in UTC ms. */
export function tradeLine({ trade, source, quality, reason }: CheckedTrade): string {
  return `{"exchange":"${trade.exchange}","symbol":"${trade.symbol}","id":${quoted(trade.id)},"price":"${trade.price}","size":"${trade.size}","side":"${trade.side}","event_time":${trade.eventTimeMs},"received_at":${trade.receivedAtMs},"source":"${source}","quality":"${quality}","reason":${reason === '' ? '""' : quoted(reason)}}`;
}

/** A record as text: the envelope's line, then a line a trade in the given order, each ended by a line feed. */
export function tradeRecordText({ task, sequence }: Omit<RecordEnvelope, 'count'>, trades: readonly CheckedTrade[]): string {
  let text = `{"v":${VERSION},"task":${quoted(task)},"sequence":${sequence},"count":${trades.length}}\n`;
  for (const trade of trades) text += `${tradeLine(trade)}\n`;
  return text;
}

/**
 * Reads a record. A string is the reason why nothing of it can be used: no envelope, or another version. Lines that are no trades, and a
 * count of lines that differs from the envelope's, are in `refused`; the other lines stand.
 */
export function parseTradeRecord(text: string): TradeRecord | string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const [first, ...rest] = lines;
  const envelope = parseEnvelope(first ?? '');
  if (typeof envelope === 'string') return envelope;
  const trades: CheckedTrade[] = [];
  const refused: RefusedLine[] = [];
  for (const [index, line] of rest.entries()) {
    const trade = parseTradeLine(line);
    if (typeof trade === 'string') refused.push({ line: index + 2, reason: trade, excerpt: line.slice(0, EXCERPT_LENGTH) });
    else trades.push(trade);
  }
  if (rest.length !== envelope.count)
    refused.push({ line: 0, reason: `the record holds ${rest.length} lines, expected the envelope's ${envelope.count}`, excerpt: '' });
  return { envelope, trades, refused };
}

function parseEnvelope(line: string): RecordEnvelope | string {
  const value = parseObject(line);
  if (value === undefined) return 'the first line is not a JSON object, expected the envelope';
  const { v, task, sequence, count } = value;
  if (v !== VERSION) return `the version is ${JSON.stringify(v) ?? 'missing'}, expected ${VERSION}`;
  if (typeof task !== 'string') return 'the envelope has no task';
  if (!isCount(sequence)) return `the envelope's sequence is ${JSON.stringify(sequence) ?? 'missing'}, expected a whole number`;
  if (!isCount(count)) return `the envelope's count is ${JSON.stringify(count) ?? 'missing'}, expected a whole number`;
  return { task, sequence, count };
}

const FIELDS = new Set(['exchange', 'symbol', 'id', 'price', 'size', 'side', 'event_time', 'received_at', 'source', 'quality', 'reason']);

/** Reads one line of a record or of an archive object; a string is the reason why it is not a trade. */
export function parseTradeLine(line: string): CheckedTrade | string {
  const value = parseObject(line);
  if (value === undefined) return 'the line is not a JSON object';
  const unknown = Object.keys(value).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) return `field ${JSON.stringify(unknown.slice(0, 40))} is unknown`;
  const { exchange, id, side } = value;
  const symbol = parseMarketSymbol(value['symbol']);
  const price = positive(value['price']);
  const size = positive(value['size']);
  const eventTimeMs = value['event_time'];
  const receivedAtMs = value['received_at'];
  if (!isExchange(exchange)) return problem('exchange', exchange);
  if (symbol === undefined) return problem('symbol', value['symbol']);
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID_LENGTH) return problem('id', id);
  if (price === undefined) return problem('price', value['price']);
  if (size === undefined) return problem('size', value['size']);
  if (side !== 'buy' && side !== 'sell') return problem('side', side);
  if (!isTimeMs(eventTimeMs)) return problem('event_time', eventTimeMs);
  if (!isTimeMs(receivedAtMs)) return problem('received_at', receivedAtMs);
  return withVerdict({ exchange, symbol, id, price, size, side, eventTimeMs, receivedAtMs }, value);
}

function withVerdict(trade: Trade, { source, quality, reason }: Readonly<Record<string, unknown>>): CheckedTrade | string {
  const knownSource = TRADE_SOURCES.find((one) => one === source);
  if (knownSource === undefined) return problem('source', source);
  const knownQuality = TRADE_QUALITIES.find((one) => one === quality);
  if (knownQuality === undefined) return problem('quality', quality);
  if (typeof reason !== 'string' || reason.length > MAX_REASON_LENGTH) return problem('reason', reason);
  return { trade, source: knownSource, quality: knownQuality, reason };
}

function problem(field: string, value: unknown): string {
  return value === undefined ? `field "${field}" is missing` : `field "${field}" is ${(JSON.stringify(value) ?? 'nothing').slice(0, 60)}`;
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Numbers are written as text, so a JSON number is another writer's. */
function positive(value: unknown) {
  const decimal = typeof value === 'string' ? parseDecimal(value) : undefined;
  return decimal === undefined || decimal === '0' || decimal.startsWith('-') ? undefined : decimal;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTimeMs(value: unknown): value is number {
  return isCount(value) && value <= 8.64e15;
}
