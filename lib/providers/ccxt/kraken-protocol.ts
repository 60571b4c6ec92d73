import { splitSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { pageOf, type RawCandle } from './candle-row.ts';
import { kraken } from './exchanges.ts';
import { isRecord, sortMarkets, type Protocol, type ProtocolOptions } from './protocol.ts';
import { tradePageOf, type RawTrade } from './trade-row.ts';

const MAX_TRADES = 1000;

/**
 * Kraken spot, `GET /0/public/OHLC`: at most the newest 720 rows whatever `since` says, the last one always still open, `since` exclusive,
 * a minute without trades as a flat row with count 0. A row: time s, open, high, low, close, vwap, base volume, count.
 * The limit counts per address and market, and one call a second is always inside it.
 */
export function createKrakenProtocol({ exchange, base, restUrl, nowMs, latestOpenTimeMs }: ProtocolOptions): Protocol {
  const urls = restUrl === undefined ? {} : { urls: { api: { public: restUrl } } };
  const api = new kraken({ ...base, ...urls });
  return {
    timeframes: ['1m', '5m', '1h'],
    maxCandlesPerRequest: 720,
    historyCandles: 720,
    servesEmptyCandles: true,
    servesPastTrades: true,
    pace: { intervalMs: 1000, tradesIntervalMs: 1000, perMarket: true },
    async listMarkets(symbols) {
      const answer: unknown = await api.publicGetAssetPairs();
      if (!isRecord(answer) || !isRecord(answer['result'])) return null;
      const pairs = Object.entries(answer['result']);
      return sortMarkets(symbols, (symbol) => {
        const found = pairs.find(([, pair]) => isRecord(pair) && pair['wsname'] === webName(symbol));
        if (found === undefined) return undefined;
        const [id, pair] = found;
        const status = isRecord(pair) ? String(pair['status']) : 'unknown';
        return { id, problem: status === 'online' ? null : `its status is ${status}` };
      });
    },
    async fetchCandles(pair, request) {
      const interval = TIMEFRAME_MS[request.timeframe] / 60_000;
      const answer: unknown = await api.publicGetOHLC({ pair, interval, since: request.fromMs / 1000 - 1 });
      const rows = isRecord(answer) ? rowsOf(answer['result'], pair) : null;
      return rows === null ? null : pageOf(rows, { request, latestOpenTimeMs: latestOpenTimeMs() }, rawCandle);
    },
    async fetchTrades(pair, request) {
      // Nanoseconds, exclusive.
      const since = `${BigInt(request.fromMs) * 1_000_000n - 1n}`;
      const answer: unknown = await api.publicGetTrades({ pair, since, count: MAX_TRADES });
      const rows = isRecord(answer) ? rowsOf(answer['result'], pair) : null;
      const context = { exchange, request, receivedAtMs: nowMs(), maxRows: MAX_TRADES };
      return rows === null ? null : tradePageOf(rows, context, rawTrade);
    },
  };
}

/** Kraken's older names of two assets; the new WebSocket API and everybody else write BTC and DOGE. */
const OLD_NAMES: Readonly<Record<string, string>> = { BTC: 'XBT', DOGE: 'XDG' };

function webName(symbol: MarketSymbol): string {
  const { base, quote } = splitSymbol(symbol);
  return `${OLD_NAMES[base] ?? base}/${OLD_NAMES[quote] ?? quote}`;
}

/** The rows stand under the pair's id; a single other key (the pair's alternative name) is accepted, anything else is not. */
function rowsOf(result: unknown, pair: string): readonly unknown[] | null {
  if (!isRecord(result)) return null;
  const keys = Object.keys(result).filter((key) => key !== 'last');
  const rows = result[pair] ?? (keys.length === 1 ? result[String(keys[0])] : undefined);
  return Array.isArray(rows) ? rows : null;
}

/** `GET /0/public/Trades`: price, volume, time s, side, order type, miscellaneous, trade id; ascending from a time on. */
function rawTrade(row: unknown): RawTrade | null {
  if (!Array.isArray(row) || row.length < 7) return null;
  const [price, size, time, side, , , id] = row as unknown[];
  if (typeof price !== 'string' || typeof size !== 'string') return null;
  return { id, price, size, side: side === 'b' ? 'buy' : side === 's' ? 'sell' : undefined, timeMs: Number(time) * 1000 };
}

function rawCandle(row: unknown): RawCandle | null {
  if (!Array.isArray(row) || row.length < 8 || typeof row[0] !== 'number') return null;
  const [time, open, high, low, close, , volume, tradeCount] = row as [number, ...unknown[]];
  return { openTimeMs: time * 1000, open, high, low, close, volume, tradeCount };
}
