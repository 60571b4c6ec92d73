import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Config } from './load.ts';

/** The markets of the exchanges that are switched on, in the order of exchanges.yaml. */
export function enabledMarkets({
  exchanges,
}: Pick<Config, 'exchanges'>): readonly { readonly exchange: Exchange; readonly symbol: MarketSymbol }[] {
  return Object.entries(exchanges).flatMap(([exchange, entry]) =>
    entry?.enabled === true ? entry.symbols.map((symbol) => ({ exchange: exchange as Exchange, symbol })) : [],
  );
}
