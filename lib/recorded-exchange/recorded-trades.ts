import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { ConfigError } from '#core/errors.ts';
import type { TapeMessage, TapeTrade } from './trade-tape.ts';

/** The trades of one market id in one captured message; null when the message holds none of it. */
export type ReadMessage = (data: unknown, marketId: string) => CapturedMessage | null;

/** A snapshot holds trades from before; it is not sent again as news. */
export type CapturedMessage = TapeMessage & { readonly isSnapshot: boolean };

/**
 * The messages of one market in a captured session: one JSON object a line, `t` is `recv` for what came in, `data` its text. Throws
 * `ConfigError` naming file and line.
 */
export function parseCapturedMessages(
  file: string,
  text: string,
  marketId: string,
  read: ReadMessage,
  isSentAgain: boolean,
): CapturedMessage[] {
  const messages: CapturedMessage[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const data = dataOf(`${file} line ${index + 1}`, line);
    if (data === null) continue;
    const message = read(JSON.parse(data), marketId);
    if (message !== null) messages.push(isSentAgain ? { ...message, text: data } : message);
  }
  if (messages.length === 0)
    throw new ConfigError(`${file} has no trade of the market "${marketId}"; remove its line from recording.yaml, or capture it`);
  return messages;
}

function dataOf(where: string, line: string): string | null {
  try {
    const parsed: unknown = JSON.parse(line);
    const entry = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as { readonly t?: unknown; readonly data?: unknown };
    if (entry.t !== 'recv') return null;
    if (typeof entry.data === 'string') {
      JSON.parse(entry.data);
      return entry.data;
    }
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new ConfigError(
    `${where}: is not a captured message, expected {"t":"recv","data":"<JSON text>"}; capture it again or remove the line`,
  );
}

const COLUMNS = ['timestamp', 'trade_id', 'side', 'price', 'amount'] as const;

/**
 * A table of trades in order of their ids: `timestamp` (ms), `trade_id`, `side` (of the taker), `price`, `amount`; other columns are not
 * read. Trades of one millisecond make one message. Throws `ConfigError` naming file, line and cure.
 */
export function parseTradeTable(file: string, text: string): TapeMessage[] {
  const [header = '', ...lines] = text.split('\n');
  const names = header.split(',');
  const at = COLUMNS.map((column) => names.indexOf(column));
  const missing = COLUMNS.find((_, index) => at[index] === -1);
  if (missing !== undefined)
    throw new ConfigError(`${file} line 1: column "${missing}" is missing; a header needs ${COLUMNS.join(',')}; add it`);
  const messages: { timeMs: number; trades: TapeTrade[] }[] = [];
  let previous: TapeTrade | undefined;
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const cells = line.split(',');
    const trade = tradeOf(
      `${file} line ${index + 2}`,
      at.map((column) => cells[column] ?? ''),
      previous,
    );
    const last = messages.at(-1);
    if (last?.timeMs === trade.timeMs) last.trades.push(trade);
    else messages.push({ timeMs: trade.timeMs, trades: [trade] });
    previous = trade;
  }
  if (messages.length === 0) throw new ConfigError(`${file} has no rows; remove its line from recording.yaml, or record it`);
  return messages;
}

function tradeOf(where: string, cells: readonly string[], previous: TapeTrade | undefined): TapeTrade {
  const [timestamp = '', tradeId = '', side = '', price = '', amount = ''] = cells;
  const refuse = (what: string, value: string, expected: string): never => {
    throw new ConfigError(`${where}: ${what} ${JSON.stringify(value.slice(0, 80))} is not ${expected}; correct or remove the row`);
  };
  const timeMs = /^\d{12,13}$/.test(timestamp) ? Number(timestamp) : refuse('timestamp', timestamp, 'a time in milliseconds since 1970');
  const id = /^\d{1,15}$/.test(tradeId) ? Number(tradeId) : refuse('trade_id', tradeId, 'a whole number of at most 15 digits');
  if (previous !== undefined && (id <= previous.id || timeMs < previous.timeMs))
    refuse('trade_id', tradeId, 'after that of the line before');
  const positive = (what: string, value: string): Decimal => {
    const decimal = parseDecimal(value);
    return decimal !== undefined && Number(decimal) > 0 ? decimal : refuse(what, value, 'a decimal above 0');
  };
  if (side !== 'buy' && side !== 'sell') return refuse('side', side, 'buy or sell');
  return { id, timeMs, price: positive('price', price), size: positive('amount', amount), side };
}
