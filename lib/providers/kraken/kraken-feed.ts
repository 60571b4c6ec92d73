import type { FeedMessage, FeedProtocol, FeedSession } from '#core/feed-protocol.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '#std/json-object.ts';
import { createRfc3339Reader } from '#std/rfc3339.ts';
import { readKrakenTrades, type KrakenMarkets } from './kraken-trade.ts';

/**
 * Kraken's WebSocket API v2. Each symbol is acknowledged or refused on its own; heartbeats come about every second once anything is
 * subscribed, and go on while a channel is dead. Symbols are the unified ones (BTC, DOGE), not REST's XBT and XDG.
 */
export function createKrakenFeed(): FeedProtocol {
  return {
    exchange: 'kraken',
    url(baseUrl = 'wss://ws.kraken.com') {
      const url = new URL(baseUrl);
      if (url.pathname === '/') url.pathname = '/v2';
      return url.href;
    },
    limits: { messagesPerSecond: 3, symbolsPerMessage: 30, symbolsPerConnection: 100, connects: { count: 150, windowMs: 600_000 } },
    heartbeatTimeoutMs: 10_000,
    lifetimeMs: null,
    openSession,
  };
}

function openSession(wanted: readonly MarketSymbol[]): FeedSession {
  const symbols = new Map<string, MarketSymbol>(wanted.map((symbol) => [symbol, symbol]));
  const markets: KrakenMarkets = { symbols, readTime: createRfc3339Reader() };
  const request = (method: string, symbol: readonly MarketSymbol[], requestId: number, more: object): string =>
    JSON.stringify({ method, params: { channel: 'trade', symbol, ...more }, req_id: requestId });
  return {
    greeting: [],
    // Without a snapshot: its trades are old ones.
    subscribe: (asked, requestId) => request('subscribe', asked, requestId, { snapshot: false }),
    unsubscribe: (asked, requestId) => request('unsubscribe', asked, requestId, {}),
    lostMessages: () => 0,
    read(frame, receivedAtMs) {
      const message = parseJsonObject(frame);
      if (message === undefined) return { kind: 'garbage', reason: 'a frame is not a JSON object' };
      switch (message['channel']) {
        case 'trade':
          return readTrades(message, markets, receivedAtMs);
        case 'heartbeat':
          return { kind: 'heartbeat' };
        default:
          return message['method'] === 'subscribe' ? readAnswer(message, symbols) : readOther(message);
      }
    },
  };
}

function readTrades({ data, type }: JsonObject, markets: KrakenMarkets, receivedAtMs: number): FeedMessage {
  if (!Array.isArray(data)) return { kind: 'garbage', reason: 'a message of the trade channel has no data' };
  const { trades, refused } = readKrakenTrades(data, markets, receivedAtMs);
  return { kind: 'trades', trades, refused, isSnapshot: type !== 'update' };
}

function readAnswer(message: JsonObject, symbols: ReadonlyMap<string, MarketSymbol>): FeedMessage {
  const requestId = typeof message['req_id'] === 'number' ? message['req_id'] : null;
  const about = symbolsOf(message, symbols);
  if (message['success'] === true) {
    return about === null
      ? { kind: 'garbage', reason: 'an acknowledgement names no symbol' }
      : { kind: 'acknowledged', symbols: about, requestId };
  }
  const reason = typeof message['error'] === 'string' ? message['error'].slice(0, 200) : 'refused without a reason';
  if (/already subscribed/i.test(reason)) return { kind: 'acknowledged', symbols: about, requestId };
  if (/\brate\b/i.test(reason)) return { kind: 'rate limited', reason };
  return { kind: 'rejected', symbols: about, requestId, reason };
}

/** The symbol stands in the result, beside it, or only in the words of the error. */
function symbolsOf(message: JsonObject, symbols: ReadonlyMap<string, MarketSymbol>): readonly MarketSymbol[] | null {
  const result = isJsonObject(message['result']) ? message['result'] : message;
  const error = typeof message['error'] === 'string' ? message['error'] : '';
  const texts = [result['symbol'], message['symbol'], ...(error.match(/[A-Z0-9]+\/[A-Z0-9]+/g) ?? [])];
  const found = texts.map((text) => (typeof text === 'string' ? symbols.get(text) : undefined)).find((symbol) => symbol !== undefined);
  return found === undefined ? null : [found];
}

/** `{"Error":"Exceeded msg rate"}` has neither method nor success. */
function readOther(message: JsonObject): FeedMessage {
  const error = message['Error'] ?? message['errorMessage'];
  if (typeof error !== 'string') return { kind: 'ignored' };
  const reason = error.slice(0, 200);
  return /\brate\b/i.test(error) ? { kind: 'rate limited', reason } : { kind: 'rejected', symbols: null, requestId: null, reason };
}
