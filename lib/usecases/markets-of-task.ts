import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { taskOf } from '#domain/trades/assignment.ts';

export type Market = { readonly exchange: Exchange; readonly symbol: MarketSymbol };

/** The markets that task `task` of `tasks` (from 1 on) holds: every market belongs to one task, whoever asks. */
export function marketsOfTask<M extends Market>(markets: readonly M[], task: number, tasks: number): readonly M[] {
  return markets.filter(({ exchange, symbol }) => taskOf(exchange, symbol, tasks) === task);
}
