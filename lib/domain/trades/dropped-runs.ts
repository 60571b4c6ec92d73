import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { compareTradeIds } from '#core/trade-id.ts';
import type { CheckedTrade } from '#core/trade.ts';

/**
 * Trades of one market that were given up: lowest and highest id, earliest and latest event time (UTC ms, inclusive), and how many.
 * Trades between the two ids may have been delivered, when they came out of order.
 */
export type DroppedRun = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly firstId: string;
  readonly lastId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
};

/** One run a market, in the order in which the markets first appear. */
export function droppedRuns(trades: readonly CheckedTrade[]): readonly DroppedRun[] {
  const runs = new Map<string, { -readonly [K in keyof DroppedRun]: DroppedRun[K] }>();
  for (const { trade } of trades) {
    const { exchange, symbol, id, eventTimeMs } = trade;
    const key = `${exchange}:${symbol}`;
    const run = runs.get(key);
    if (run === undefined) {
      runs.set(key, { exchange, symbol, firstId: id, lastId: id, fromMs: eventTimeMs, toMs: eventTimeMs, count: 1 });
      continue;
    }
    if (compareTradeIds(id, run.firstId) < 0) run.firstId = id;
    if (compareTradeIds(id, run.lastId) > 0) run.lastId = id;
    run.fromMs = Math.min(run.fromMs, eventTimeMs);
    run.toMs = Math.max(run.toMs, eventTimeMs);
    run.count++;
  }
  return [...runs.values()];
}
