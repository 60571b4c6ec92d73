import type { Exchange } from '#core/exchange.ts';
import { splitSymbol, type MarketSymbol } from '#core/symbol.ts';

/** A trade as ccxt hands it out; each field may be anything. */
export type CcxtTrade = {
  readonly id?: unknown;
  readonly symbol?: unknown;
  readonly price?: unknown;
  readonly amount?: unknown;
  readonly side?: unknown;
  readonly timestamp?: unknown;
  /** The exchange's own words. */
  readonly info?: unknown;
};

/** What is used of ccxt's classes with WebSockets. */
type ProExchange = {
  readonly urls: { api: { ws: unknown } };
  watchTradesForSymbols(symbols: readonly string[]): Promise<readonly CcxtTrade[]>;
  loadHttpProxyAgent(): Promise<unknown>;
  close(): Promise<unknown>;
};

export type CcxtWatcher = {
  /** The trades that came since the last call, as soon as there are any. */
  watch(): Promise<readonly CcxtTrade[]>;
  /** Whose trade it is, by the exchange's own name: ccxt gives all trades of a message the symbol of the first. */
  symbolOf(trade: CcxtTrade): MarketSymbol | undefined;
  /** The taker's, or undefined for what is neither. */
  sideOf(trade: CcxtTrade): 'buy' | 'sell' | undefined;
  close(): Promise<void>;
};

type Wire = {
  /** The exchange's name of a market, and where it stands in its trades. */
  marketId(base: string, quote: string): string;
  readonly nameField: string;
  /** ccxt passes on the side that the exchange names: of the maker. */
  readonly isMakerSide?: boolean;
  /** What `urls.api.ws` becomes with another host. */
  urls(wsUrl: string): unknown;
};

const BINANCE: Wire = { marketId: (base, quote) => base + quote, nameField: 's', urls: (wsUrl) => ({ spot: `${wsUrl}/ws` }) };

const WIRES = {
  binance: BINANCE,
  binanceus: BINANCE,
  coinbase: { marketId: (base, quote) => `${base}-${quote}`, nameField: 'product_id', isMakerSide: true, urls: (wsUrl) => wsUrl },
  kraken: { marketId: (base, quote) => `${base}/${quote}`, nameField: 'symbol', urls: (wsUrl) => ({ publicV2: `${wsUrl}/v2` }) },
} as const satisfies Record<Exchange, Wire>;

/** ccxt's client for these symbols. It is given its markets, so that it does not ask for thousands of them over REST first. */
export async function openCcxtWatcher(
  exchange: Exchange,
  symbols: readonly MarketSymbol[],
  wsUrl: string | undefined,
): Promise<CcxtWatcher> {
  const classes = await import('./pro-exchanges.ts');
  const wire: Wire = WIRES[exchange];
  const byName = new Map(
    symbols.map((symbol) => {
      const { base, quote } = splitSymbol(symbol);
      return [wire.marketId(base, quote), symbol];
    }),
  );
  const markets = Object.fromEntries([...byName].map(([id, symbol]) => [symbol, marketOf(id, symbol)]));
  // Numbers as texts: prices stay what the exchange sent.
  const client = new classes[exchange]({ markets, number: String, enableRateLimit: false, newUpdates: true }) as unknown as ProExchange;
  if (wsUrl !== undefined) client.urls.api.ws = wire.urls(wsUrl.replace(/\/+$/, ''));
  // Without its agent ccxt refuses every ws:// address.
  if (wsUrl?.startsWith('ws:') === true) await client.loadHttpProxyAgent();
  return {
    watch: () => client.watchTradesForSymbols(symbols),
    symbolOf({ info, symbol }) {
      const name = typeof info === 'object' && info !== null ? (info as Readonly<Record<string, unknown>>)[wire.nameField] : undefined;
      return (typeof name === 'string' ? byName.get(name) : undefined) ?? symbols.find((known) => known === symbol);
    },
    sideOf({ side }) {
      if (side !== 'buy' && side !== 'sell') return undefined;
      if (wire.isMakerSide !== true) return side;
      return side === 'buy' ? 'sell' : 'buy';
    },
    async close() {
      await client.close();
    },
  };
}

function marketOf(id: string, symbol: MarketSymbol): object {
  const { base, quote } = splitSymbol(symbol);
  const names = { id, lowercaseId: id.toLowerCase(), symbol, base, quote, baseId: base, quoteId: quote };
  return { ...names, type: 'spot', spot: true, active: true, precision: {}, limits: {}, info: { wsname: id } };
}
