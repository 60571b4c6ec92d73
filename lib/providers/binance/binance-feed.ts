import type { Exchange } from '#core/exchange.ts';
import type { FeedMessage, FeedProtocol, FeedSession } from '#core/feed-protocol.ts';
import { splitSymbol, type MarketSymbol } from '#core/symbol.ts';
import type { Trade } from '#core/trade.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '#std/json-object.ts';
import { readBinanceTrade, readUsualFrame, type BinanceMarkets } from './binance-trade.ts';

const BASE_URLS = { binance: 'wss://stream.binance.com:9443', binanceus: 'wss://stream.binance.us:9443' } as const;

/** They close a connection at 24 h. */
const LIFETIME_MS = 23.5 * 3_600_000;

/**
 * Binance's spot streams. Proof of life is the WebSocket ping alone (no heartbeat among the texts), a subscription is acknowledged by
 * its request's id for all its streams together, also for markets that do not exist.
 */
export function createBinanceFeed(exchange: Extract<Exchange, keyof typeof BASE_URLS>): FeedProtocol {
  return {
    exchange,
    url(baseUrl = BASE_URLS[exchange]) {
      const url = new URL(baseUrl);
      if (url.pathname === '/') url.pathname = '/stream';
      return url.href;
    },
    // 5 messages/s with our pings and the pongs to theirs; beyond they disconnect, and ban who repeats it.
    limits: { messagesPerSecond: 4, symbolsPerMessage: 200, symbolsPerConnection: 200, connects: { count: 300, windowMs: 300_000 } },
    heartbeatTimeoutMs: null,
    lifetimeMs: LIFETIME_MS,
    openSession: (symbols) => openSession({ exchange, symbols: new Map(symbols.map((symbol) => [marketId(symbol), symbol])) }),
  };
}

function marketId(symbol: MarketSymbol): string {
  const { base, quote } = splitSymbol(symbol);
  return base + quote;
}

function openSession(markets: BinanceMarkets): FeedSession {
  const request = (method: string, symbols: readonly MarketSymbol[], id: number): string =>
    JSON.stringify({ method, params: symbols.map((symbol) => `${marketId(symbol).toLowerCase()}@trade`), id });
  return {
    greeting: [],
    subscribe: (symbols, id) => request('SUBSCRIBE', symbols, id),
    unsubscribe: (symbols, id) => request('UNSUBSCRIBE', symbols, id),
    lostMessages: () => 0,
    read(frame, receivedAtMs) {
      const trade = readUsualFrame(frame, markets, receivedAtMs);
      return trade === null ? readJson(frame, markets, receivedAtMs) : tradeMessage(trade, frame);
    },
  };
}

function tradeMessage(trade: Trade | string, frame: string): FeedMessage {
  return typeof trade === 'string'
    ? { kind: 'trades', trades: [], refused: [{ reason: trade, row: frame.slice(0, 300) }], isSnapshot: false }
    : { kind: 'trades', trades: [trade], refused: [], isSnapshot: false };
}

function readJson(frame: string, markets: BinanceMarkets, receivedAtMs: number): FeedMessage {
  const message = parseJsonObject(frame);
  if (message === undefined) return { kind: 'garbage', reason: 'a frame is not a JSON object' };
  const data = isJsonObject(message['data']) ? message['data'] : message;
  switch (data['e']) {
    case 'trade':
      return tradeMessage(readBinanceTrade(data, markets, receivedAtMs), frame);
    case 'serverShutdown':
      return { kind: 'closing', reason: 'serverShutdown' };
    default:
      return readAnswer(message);
  }
}

/** Errors come nested in `error` or flat, with an id or without. */
function readAnswer(message: JsonObject): FeedMessage {
  const requestId = typeof message['id'] === 'number' ? message['id'] : null;
  const error = isJsonObject(message['error']) ? message['error'] : message;
  if (typeof error['msg'] === 'string' && 'code' in error) {
    const reason = `${String(error['code'])}: ${error['msg'].slice(0, 200)}`;
    return /too many/i.test(reason) ? { kind: 'rate limited', reason } : { kind: 'rejected', symbols: null, requestId, reason };
  }
  if (requestId !== null && message['result'] === null) return { kind: 'acknowledged', symbols: null, requestId };
  return { kind: 'ignored' };
}
