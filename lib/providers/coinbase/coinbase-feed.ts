import type { FeedMessage, FeedProtocol, FeedSession } from '#core/feed-protocol.ts';
import { splitSymbol, type MarketSymbol } from '#core/symbol.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '#std/json-object.ts';
import { createRfc3339Reader } from '#std/rfc3339.ts';
import { createProducts, type Products } from './coinbase-products.ts';
import { readCoinbaseTrades, type CoinbaseMarkets } from './coinbase-trade.ts';

/**
 * Coinbase Advanced Trade, public feed. Acknowledgements list the whole current set; errors name neither channel nor product; messages of
 * all channels share one sequence. Without the `heartbeats` channel quiet channels are closed after 60 to 90 s.
 */
export function createCoinbaseFeed(): FeedProtocol {
  return {
    exchange: 'coinbase',
    url: (baseUrl = 'wss://advanced-trade-ws.coinbase.com') => new URL(baseUrl).href,
    limits: { messagesPerSecond: 3, symbolsPerMessage: 30, symbolsPerConnection: 60, connects: { count: 8, windowMs: 1000 } },
    heartbeatTimeoutMs: 10_000,
    lifetimeMs: null,
    openSession,
  };
}

function openSession(symbols: readonly MarketSymbol[]): FeedSession {
  const products = createProducts(symbols);
  const markets: CoinbaseMarkets = { symbolOf: products.symbolOf, readTime: createRfc3339Reader() };
  const sequence = createSequence();
  const request = (type: string, asked: readonly MarketSymbol[]): string =>
    JSON.stringify({ type, product_ids: asked.map(productId), channel: 'market_trades' });
  return {
    greeting: [JSON.stringify({ type: 'subscribe', channel: 'heartbeats' })],
    subscribe(asked) {
      products.ask(asked);
      return request('subscribe', asked);
    },
    unsubscribe: (asked) => request('unsubscribe', asked),
    lostMessages: sequence.lost,
    read(frame, receivedAtMs) {
      const message = parseJsonObject(frame);
      if (message === undefined) return { kind: 'garbage', reason: 'a frame is not a JSON object' };
      sequence.see(message['sequence_num']);
      switch (message['channel']) {
        case 'market_trades':
          return readEvents(message['events'], markets, receivedAtMs);
        case 'heartbeats':
          return { kind: 'heartbeat' };
        case 'subscriptions':
          return readSubscriptions(message['events'], products);
        default:
          return message['type'] === 'error' ? readError(message, products) : { kind: 'ignored' };
      }
    },
  };
}

function productId(symbol: MarketSymbol): string {
  const { base, quote } = splitSymbol(symbol);
  return `${base}-${quote}`;
}

/** Numbers run over all channels of a socket without a hole. */
function createSequence(): { see(value: unknown): void; lost(): number } {
  let newest: number | undefined;
  let lost = 0;
  return {
    lost: () => lost,
    see(value) {
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return;
      if (newest !== undefined && value > newest + 1) lost += value - newest - 1;
      newest = Math.max(value, newest ?? value);
    },
  };
}

function readEvents(events: unknown, markets: CoinbaseMarkets, receivedAtMs: number): FeedMessage {
  if (!Array.isArray(events)) return { kind: 'garbage', reason: 'market_trades has no events' };
  const messages = (events as readonly unknown[]).map((event) => readEvent(event, markets, receivedAtMs));
  return messages.length === 1 ? messages[0]! : { kind: 'several', messages };
}

function readEvent(event: unknown, markets: CoinbaseMarkets, receivedAtMs: number): FeedMessage {
  if (!isJsonObject(event) || !Array.isArray(event['trades']))
    return { kind: 'garbage', reason: 'an event of market_trades has no trades' };
  const { trades, refused } = readCoinbaseTrades(event['trades'], markets, receivedAtMs);
  // Only what says that it is new is published as new.
  return { kind: 'trades', trades, refused, isSnapshot: event['type'] !== 'update' };
}

function readSubscriptions(events: unknown, products: Products): FeedMessage {
  const first: unknown = Array.isArray(events) ? events[0] : undefined;
  const subscriptions = isJsonObject(first) ? first['subscriptions'] : undefined;
  if (!isJsonObject(subscriptions)) return { kind: 'garbage', reason: 'subscriptions holds none' };
  const listed: unknown = subscriptions['market_trades'];
  const { served, aliased } = products.listed(new Set(Array.isArray(listed) ? (listed as readonly unknown[]) : []));
  const acknowledged: FeedMessage = { kind: 'acknowledged', symbols: served, requestId: null };
  if (aliased.length === 0) return acknowledged;
  const reason = 'its trades come under the name of the USD market, which is subscribed too; leave one of the two out';
  return { kind: 'several', messages: [acknowledged, { kind: 'rejected', symbols: aliased, requestId: null, reason }] };
}

function readError(message: JsonObject, products: Products): FeedMessage {
  const reason = typeof message['message'] === 'string' ? message['message'].slice(0, 200) : 'an error without a message';
  if (/rate.?limit|too many/i.test(reason)) return { kind: 'rate limited', reason };
  const named = products.namedIn(reason);
  return { kind: 'rejected', symbols: named.length === 0 ? null : named, requestId: null, reason };
}
