import { splitSymbol, type MarketSymbol } from '#core/symbol.ts';

/** The products of one session, by the names that Coinbase answers with. */
export type Products = {
  /** Whose trades come under this product id. */
  symbolOf(productId: string): MarketSymbol | undefined;
  /** Remembers what was asked for. */
  ask(symbols: readonly MarketSymbol[]): void;
  /** `served`: whose trades come, by the exchange's list of products. `aliased`: asked for, but their trades come as another asked one's. */
  listed(productIds: ReadonlySet<unknown>): { readonly served: readonly MarketSymbol[]; readonly aliased: readonly MarketSymbol[] };
  /** Those whose product id stands in a text. */
  namedIn(text: string): readonly MarketSymbol[];
};

/**
 * Coinbase keeps one book for X-USD and X-USDC and answers a subscription to `X-USDC` with trades of `X-USD`. Where only X/USDC is wanted,
 * they are its own; where both are, only X/USD can have them: to copy them would be a guess, because not every X-USDC is an alias.
 */
export function createProducts(symbols: readonly MarketSymbol[]): Products {
  const byId = new Map<string, MarketSymbol>();
  const aliasOf = new Map<MarketSymbol, string>();
  for (const symbol of symbols) {
    const { base, quote } = splitSymbol(symbol);
    byId.set(`${base}-${quote}`, symbol);
    if (quote === 'USDC') aliasOf.set(symbol, `${base}-USD`);
  }
  const own = new Map(byId);
  for (const [symbol, id] of aliasOf) if (!own.has(id)) byId.set(id, symbol);
  const asked = new Set<MarketSymbol>();

  return {
    symbolOf: (productId) => byId.get(productId),
    ask(wanted) {
      for (const symbol of wanted) asked.add(symbol);
    },
    listed(productIds) {
      const served = new Set([...byId].filter(([id]) => productIds.has(id)).map(([, symbol]) => symbol));
      const missing = [...asked].filter((symbol) => !served.has(symbol));
      // The list may be of before the newest request: an alias is known by being all that is missing.
      const isAliased = (symbol: MarketSymbol): boolean => own.has(aliasOf.get(symbol) ?? '') && productIds.has(aliasOf.get(symbol));
      const aliased = missing.every(isAliased) ? missing : [];
      for (const symbol of aliased) asked.delete(symbol);
      return { served: [...served], aliased };
    },
    namedIn(text) {
      const names = new Set(text.match(/[A-Z0-9]+-[A-Z0-9]+/g));
      return [...own].filter(([id]) => names.has(id)).map(([, symbol]) => symbol);
    },
  };
}
