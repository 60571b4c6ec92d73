import { parseDecimal } from '#core/decimal.ts';
import type { ReadMessage } from './recorded-trades.ts';
import {
  createRateLimit,
  jsonObjectOf,
  rfc3339,
  textsOf,
  type SocketClient,
  type SocketProtocol,
  type TradedMarket,
} from './socket-protocol.ts';
import type { TapeTrade } from './trade-tape.ts';
import type { JsonObject } from './venue-market.ts';
import { isJsonObject } from './venue-protocol.ts';

const SNAPSHOT_TRADES = 100;
/** A client that has subscribed to nothing by then is cut. */
const SUBSCRIBE_WITHIN_MS = 5000;
const MESSAGES_PER_SECOND = 8;

/** Reads the trades of one product of a `market_trades` message, in the order in which they stand there. Coinbase writes the maker's side. */
export const readCoinbaseMessage: ReadMessage = (message, marketId) => {
  if (!isJsonObject(message) || message['channel'] !== 'market_trades' || !Array.isArray(message['events'])) return null;
  const events = (message['events'] as readonly unknown[]).filter(isJsonObject);
  const rows = events.flatMap((event) => (Array.isArray(event['trades']) ? (event['trades'] as readonly unknown[]) : []));
  const trades = rows.filter(isJsonObject).flatMap((row) => (row['product_id'] === marketId ? tradeOf(row) : []));
  if (trades.length === 0) return null;
  return { timeMs: Date.parse(String(message['timestamp'])), trades, isSnapshot: events.some((event) => event['type'] === 'snapshot') };
};

function tradeOf(row: JsonObject): TapeTrade[] {
  const [price, size] = [parseDecimal(row['price']), parseDecimal(row['size'])];
  if (price === undefined || size === undefined) return [];
  const timeText = String(row['time']);
  return [
    { id: Number(row['trade_id']), timeMs: Date.parse(timeText), timeText, price, size, side: row['side'] === 'BUY' ? 'sell' : 'buy' },
  ];
}

/** A trade as it stands, with the maker's side, in WebSocket messages and in answers of `GET .../ticker`. */
export function coinbaseTradeRow(trade: TapeTrade, productId: string): JsonObject {
  return {
    product_id: productId,
    trade_id: String(trade.id),
    price: trade.price,
    size: trade.size,
    time: rfc3339(trade),
    side: trade.side === 'buy' ? 'SELL' : 'BUY',
  };
}

/** The public WebSocket. `sequence_num` runs over all messages of a connection; a subscription to trades is answered with a snapshot first. */
export const coinbaseSocket: SocketProtocol = (_target, { peer, markets, nowMs, monotonicMs, faults }) => {
  const subscriptions = new Map<string, Set<string>>();
  const isTooFast = createRateLimit(MESSAGES_PER_SECOND, monotonicMs);
  const openedAtMs = monotonicMs();
  let sequence = 0;
  let heartbeats = 0;

  const send = (channel: string, events: readonly JsonObject[]): void => {
    peer.send(JSON.stringify({ channel, timestamp: rfc3339({ timeMs: nowMs() }), sequence_num: sequence++, events }));
  };
  const marketOf = (productId: string): TradedMarket | undefined =>
    // A dollar stablecoin's book is the dollar's own.
    markets.find(({ id }) => id === productId) ?? markets.find(({ id }) => `${id}C` === productId);

  const subscribe = (channel: string, productIds: readonly string[]): void => {
    const held = subscriptions.get(channel) ?? new Set();
    subscriptions.set(channel, held);
    if (channel === 'heartbeats') held.add('heartbeats');
    for (const productId of productIds) {
      const market = marketOf(productId);
      const isRefused = market === undefined || faults.all('refuse symbol').some(({ symbol }) => symbol === market.symbol);
      if (isRefused) peer.send(JSON.stringify({ type: 'error', message: `failed to subscribe: ${productId} is not a valid product` }));
      else {
        held.add(market.id);
        if (channel === 'market_trades') sendSnapshot(market);
      }
    }
  };
  const sendSnapshot = (market: TradedMarket): void => {
    const trades = market.tape.within(0, nowMs(), SNAPSHOT_TRADES, 'newest');
    if (trades.length > 0)
      send('market_trades', [{ type: 'snapshot', trades: [...trades].reverse().map((trade) => coinbaseTradeRow(trade, market.id)) }]);
  };

  const client: SocketClient = {
    receive(text) {
      if (isTooFast()) return peer.send(JSON.stringify({ type: 'error', message: 'rate limit exceeded' }));
      const request = jsonObjectOf(text);
      const channel = request?.['channel'];
      const productIds = textsOf(request?.['product_ids']);
      if (typeof channel !== 'string') return peer.send(JSON.stringify({ type: 'error', message: 'failed to parse the message' }));
      if (request?.['type'] === 'subscribe') subscribe(channel, productIds);
      else if (request?.['type'] === 'unsubscribe')
        for (const productId of productIds) subscriptions.get(channel)?.delete(marketOf(productId)?.id ?? productId);
      if (faults.all('no ack').length > 0) return;
      const held = [...subscriptions].filter(([, ids]) => ids.size > 0).map(([name, ids]) => [name, [...ids]] as const);
      send('subscriptions', [{ subscriptions: Object.fromEntries(held) }]);
    },
    isSubscribed: ({ id }) => subscriptions.get('market_trades')?.has(id) === true,
    sendTrades(market, { trades }) {
      send('market_trades', [{ type: 'update', trades: trades.map((trade) => coinbaseTradeRow(trade, market.id)) }]);
    },
    beat() {
      if (subscriptions.size === 0 && monotonicMs() - openedAtMs > SUBSCRIBE_WITHIN_MS) peer.close(1008, 'subscribe within 5 seconds');
      if (subscriptions.get('heartbeats')?.has('heartbeats') !== true) return;
      heartbeats += 1;
      const current = new Date(nowMs()).toISOString().replace('T', ' ').replace('Z', ' +0000 UTC m=+1.0');
      send('heartbeats', [{ current_time: current, heartbeat_counter: heartbeats }]);
    },
    announceShutdown: () => {},
  };
  return client;
};
