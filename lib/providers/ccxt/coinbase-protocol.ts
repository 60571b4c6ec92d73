import { splitSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { pageOf, type RawCandle } from './candle-row.ts';
import { coinbase } from './exchanges.ts';
import { isRecord, sortMarkets, type Protocol, type ProtocolOptions } from './protocol.ts';
import { tradePageOf, type RawTrade } from './trade-row.ts';

const MAX_TRADES = 1000;

const GRANULARITY = { '1m': 'ONE_MINUTE', '5m': 'FIVE_MINUTE', '1h': 'ONE_HOUR' } as const satisfies Record<Timeframe, string>;

/**
 * Coinbase Advanced Trade, public market data. Times are text of seconds, rows come newest first, a minute without trades has no row.
 * The exchange refuses 350 and more buckets; 10 requests a second are allowed for an address: the pace uses most of it.
 */
export function createCoinbaseProtocol({ exchange, base, restUrl, nowMs, latestOpenTimeMs }: ProtocolOptions): Protocol {
  const urls = restUrl === undefined ? {} : { urls: { api: { rest: restUrl } } };
  const api = new coinbase({ ...base, ...urls });
  return {
    timeframes: ['1m', '5m', '1h'],
    maxCandlesPerRequest: 300,
    historyCandles: null,
    servesEmptyCandles: false,
    pace: { intervalMs: 125, tradesIntervalMs: 125, perMarket: false },
    async listMarkets(symbols) {
      const answer: unknown = await api.v3PublicGetBrokerageMarketProducts({ product_ids: symbols.map(marketId) });
      if (!isRecord(answer) || !Array.isArray(answer['products'])) return null;
      const products: readonly unknown[] = answer['products'];
      return sortMarkets(symbols, (symbol) => {
        const product = products.find((entry) => isRecord(entry) && entry['product_id'] === marketId(symbol));
        if (!isRecord(product)) return undefined;
        const status = String(product['status']);
        return { id: marketId(symbol), problem: status === 'online' ? null : `its status is ${status}` };
      });
    },
    async fetchCandles(product, request) {
      const start = request.fromMs / 1000;
      const end = start + ((request.limit - 1) * TIMEFRAME_MS[request.timeframe]) / 1000;
      const answer: unknown = await api.v3PublicGetBrokerageMarketProductsProductIdCandles({
        product_id: product,
        granularity: GRANULARITY[request.timeframe],
        start: String(start),
        end: String(end),
        limit: request.limit,
      });
      return isRecord(answer) && Array.isArray(answer['candles'])
        ? pageOf(answer['candles'], { request, latestOpenTimeMs: latestOpenTimeMs() }, rawCandle)
        : null;
    },
    async fetchTrades(product, request) {
      const answer: unknown = await api.v3PublicGetBrokerageMarketProductsProductIdTicker({
        product_id: product,
        limit: MAX_TRADES,
        start: String(Math.floor(request.fromMs / 1000)),
        end: String(Math.ceil(request.toMs / 1000) + 1),
      });
      const context = { exchange, request, receivedAtMs: nowMs(), maxRows: MAX_TRADES };
      return isRecord(answer) && Array.isArray(answer['trades']) ? tradePageOf(answer['trades'], context, rawTrade) : null;
    },
  };
}

function marketId(symbol: MarketSymbol): string {
  const { base, quote } = splitSymbol(symbol);
  return `${base}-${quote}`;
}

/** `GET .../products/{id}/ticker`: the newest trades of a span of whole seconds, newest first. The side is the maker's, as on the WebSocket (docs/decisions/0011). */
function rawTrade(row: unknown): RawTrade | null {
  if (!isRecord(row)) return null;
  const { trade_id: id, price, size, side, time } = row as Record<string, unknown>;
  if (typeof price !== 'string' || typeof size !== 'string' || typeof time !== 'string') return null;
  return { id, price, size, side: side === 'BUY' ? 'sell' : side === 'SELL' ? 'buy' : undefined, timeMs: Date.parse(time) };
}

function rawCandle(row: unknown): RawCandle | null {
  if (!isRecord(row) || typeof row['start'] !== 'string' || !/^\d{1,12}$/.test(row['start'])) return null;
  const { start, open, high, low, close, volume } = row as Record<string, unknown>;
  return { openTimeMs: Number(start) * 1000, open, high, low, close, volume };
}
