import type { Exchange } from '#core/exchange.ts';
import { compareTradeIds } from '#core/trade-id.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { hourOf } from './archive-key.ts';
import { parseTradeLine, tradeLine, type RefusedLine } from './trade-record.ts';

/** Trades of one exchange and one hour (UTC) by event time: by symbol, then by id, each id once. */
export type HourOfTrades = { readonly exchange: Exchange; readonly hourMs: number; readonly trades: readonly CheckedTrade[] };

/** Sorts trades of any markets and times into hours. Of trades with the same exchange, symbol and id in one hour the first one stays. */
export function hoursOfTrades(trades: readonly CheckedTrade[]): readonly HourOfTrades[] {
  const hours = new Map<string, { readonly exchange: Exchange; readonly hourMs: number; readonly byId: Map<string, CheckedTrade> }>();
  for (const trade of trades) {
    const { exchange, symbol, id, eventTimeMs } = trade.trade;
    const hourMs = hourOf(eventTimeMs);
    const key = `${exchange}:${hourMs}`;
    const hour = hours.get(key) ?? { exchange, hourMs, byId: new Map<string, CheckedTrade>() };
    hours.set(key, hour);
    const tradeKey = `${symbol}:${id}`;
    if (!hour.byId.has(tradeKey)) hour.byId.set(tradeKey, trade);
  }
  return Array.from(hours.values(), ({ exchange, hourMs, byId }) => ({
    exchange,
    hourMs,
    trades: [...byId.values()].sort(bySymbolAndId),
  })).sort((a, b) => a.hourMs - b.hourMs || (a.exchange < b.exchange ? -1 : 1));
}

function bySymbolAndId({ trade: a }: CheckedTrade, { trade: b }: CheckedTrade): number {
  if (a.symbol !== b.symbol) return a.symbol < b.symbol ? -1 : 1;
  return compareTradeIds(a.id, b.id);
}

/** The text of an archive object: one line a trade, no envelope. */
export function archiveText(trades: readonly CheckedTrade[]): string {
  return trades.map((trade) => `${tradeLine(trade)}\n`).join('');
}

/** Reads such a text; lines that are no trades are in `refused`, counted from 1. */
export function parseArchiveText(text: string): { readonly trades: readonly CheckedTrade[]; readonly refused: readonly RefusedLine[] } {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const trades: CheckedTrade[] = [];
  const refused: RefusedLine[] = [];
  for (const [index, line] of lines.entries()) {
    const trade = parseTradeLine(line);
    if (typeof trade === 'string') refused.push({ line: index + 1, reason: trade, excerpt: line.slice(0, 200) });
    else trades.push(trade);
  }
  return { trades, refused };
}
