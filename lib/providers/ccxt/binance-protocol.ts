import { splitSymbol, type MarketSymbol } from '#core/symbol.ts';
import { pageOf, type RawCandle } from './candle-row.ts';
import { binance, binanceus, ccxtErrors } from './exchanges.ts';
import { isRecord, sortMarkets, type Protocol, type ProtocolOptions } from './protocol.ts';
import { tradePageOf, type RawTrade } from './trade-row.ts';

const MAX_TRADES = 1000;

/**
 * Binance and Binance.US spot, `GET /api/v3/klines`. A kline row: open time ms, open, high, low, close, base volume, close time ms,
 * quote volume, trade count, and three more. A minute without trades is a row with volume 0.
 * Binance allows 6000 weight a minute and a klines call costs 2 (Binance.US 1200 and 1): the pace uses half of it.
 */
export function createBinanceProtocol({ exchange, base, restUrl, nowMs, latestOpenTimeMs }: ProtocolOptions): Protocol {
  const urls = restUrl === undefined ? {} : { urls: { api: { public: `${restUrl}/api/v3` } } };
  const Class = exchange === 'binanceus' ? binanceus : binance;
  const api = new Class({ ...base, ...urls });

  const exchangeInfo = async (symbols: readonly MarketSymbol[]): Promise<readonly unknown[] | null> => {
    const answer: unknown = await api.publicGetExchangeInfo({ symbols: JSON.stringify(symbols.map(marketId)) });
    return isRecord(answer) && Array.isArray(answer['symbols']) ? answer['symbols'] : null;
  };

  return {
    timeframes: ['1m', '5m', '1h'],
    maxCandlesPerRequest: 1000,
    historyCandles: null,
    servesEmptyCandles: true,
    pace: {
      ...(exchange === 'binanceus' ? { intervalMs: 100, tradesIntervalMs: 1000 } : { intervalMs: 40, tradesIntervalMs: 500 }),
      perMarket: false,
    },
    allowance: { header: 'x-mbx-used-weight-1m', perMinute: exchange === 'binanceus' ? 1200 : 6000 },
    async listMarkets(symbols) {
      const infos = await listedInfos(exchangeInfo, symbols);
      if (infos === null) return null;
      return sortMarkets(symbols, (symbol) => {
        const info = infos.find((entry) => isRecord(entry) && entry['symbol'] === marketId(symbol));
        if (!isRecord(info)) return undefined;
        const status = String(info['status']);
        return { id: marketId(symbol), problem: status === 'TRADING' ? null : `its status is ${status}` };
      });
    },
    async fetchCandles(symbol, request) {
      const { timeframe: interval, fromMs: startTime, limit } = request;
      const rows: unknown = await api.publicGetKlines({ symbol, interval, startTime, limit });
      return Array.isArray(rows) ? pageOf(rows, { request, latestOpenTimeMs: latestOpenTimeMs() }, rawCandle) : null;
    },
    async fetchTrades(symbol, request) {
      // Not the implicit method: ccxt asks for a key there, which the exchange no longer does.
      const query = `symbol=${symbol}&fromId=${request.firstId}&limit=${MAX_TRADES}`;
      const rows: unknown = await api.fetch(`${api.urls['api']['public']}/historicalTrades?${query}`);
      const context = { exchange, request, receivedAtMs: nowMs(), maxRows: MAX_TRADES };
      return Array.isArray(rows) ? tradePageOf(rows, context, rawTrade) : null;
    },
  };
}

function marketId(symbol: MarketSymbol): string {
  const { base, quote } = splitSymbol(symbol);
  return base + quote;
}

type ExchangeInfo = (symbols: readonly MarketSymbol[]) => Promise<readonly unknown[] | null>;

/** One unknown symbol fails the whole call: then each is asked for alone, and the unknown ones are left out. */
async function listedInfos(exchangeInfo: ExchangeInfo, symbols: readonly MarketSymbol[]): Promise<readonly unknown[] | null> {
  try {
    return await exchangeInfo(symbols);
  } catch (error) {
    if (!(error instanceof ccxtErrors.BadSymbol)) throw error;
    if (symbols.length === 1) return [];
  }
  const found: unknown[] = [];
  for (const symbol of symbols) {
    // oxlint-disable-next-line no-await-in-loop -- each costs weight 20; one after the other keeps within the budget
    const infos = await listedInfos(exchangeInfo, [symbol]);
    if (infos === null) return null;
    found.push(...infos);
  }
  return found;
}

/** `GET /api/v3/historicalTrades`, weight 25: ascending from an id on. A buyer who was the maker means that the taker sold. */
function rawTrade(row: unknown): RawTrade | null {
  if (!isRecord(row)) return null;
  const { id, price, qty: size, time, isBuyerMaker } = row as Record<string, unknown>;
  if (typeof price !== 'string' || typeof size !== 'string' || typeof isBuyerMaker !== 'boolean') return null;
  return { id, price, size, side: isBuyerMaker ? 'sell' : 'buy', timeMs: Number(time) };
}

function rawCandle(row: unknown): RawCandle | null {
  if (!Array.isArray(row) || row.length < 12 || typeof row[0] !== 'number') return null;
  const [openTimeMs, open, high, low, close, volume, , quoteVolume, tradeCount] = row as [number, ...unknown[]];
  return { openTimeMs, open, high, low, close, volume, quoteVolume, tradeCount };
}
