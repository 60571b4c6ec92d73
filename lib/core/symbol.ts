/** Unified name of a market, `BASE/QUOTE` in capitals and digits, such as `BTC/USDT`. Made by `parseMarketSymbol` only. */
export type MarketSymbol = string & { readonly __brand: 'MarketSymbol' };

const PATTERN = /^[A-Z0-9]{1,20}\/[A-Z0-9]{1,20}$/;

/** Returns the symbol, or `undefined` when the text is not of the form `BASE/QUOTE` (ASCII capitals and digits, 1 to 20 each). */
export function parseMarketSymbol(text: unknown): MarketSymbol | undefined {
  return typeof text === 'string' && PATTERN.test(text) ? (text as MarketSymbol) : undefined;
}

/** `BTC/USDT` -> `{ base: 'BTC', quote: 'USDT' }`. */
export function splitSymbol(symbol: MarketSymbol): { readonly base: string; readonly quote: string } {
  const slash = symbol.indexOf('/');
  return { base: symbol.slice(0, slash), quote: symbol.slice(slash + 1) };
}
