import type { FeedProtocol } from '#core/feed-protocol.ts';
import { createBinanceFeed } from '#providers/binance/binance-feed.ts';
import { createCoinbaseFeed } from '#providers/coinbase/coinbase-feed.ts';
import { createKrakenFeed } from '#providers/kraken/kraken-feed.ts';

/** What a client asked for, by the names of the wire. */
export type Asked = { readonly method: 'subscribe' | 'unsubscribe' | 'other'; readonly ids: readonly string[]; readonly request: number };

/** The exchange's side of a protocol, written from its documentation and apart from the client's. */
export type Wire = {
  readonly protocol: FeedProtocol;
  readonly symbols: readonly string[];
  idOf(symbol: string): string;
  read(text: string): Asked;
  /** After a subscribe: `all` is what is subscribed now. */
  acks(asked: Asked, all: readonly string[]): readonly string[];
  rejection(asked: Asked, id: string): string;
  trade(id: string, tradeId: number, timeMs: number): string;
  /** Null: pings of the protocol below. */
  readonly heartbeat: string | null;
  readonly shutdown: string | null;
};

const iso = (timeMs: number): string => new Date(timeMs).toISOString().replace('Z', '456Z');

const binance: Wire = {
  protocol: createBinanceFeed('binance'),
  symbols: ['BTC/USDT', 'ETH/USDT', 'SOL/USDT'],
  idOf: (symbol) => symbol.replace('/', ''),
  read(text) {
    const { method, params, id } = JSON.parse(text) as { method: string; params: string[]; id: number };
    const ids = params.map((stream) => stream.replace('@trade', '').toUpperCase());
    return { method: method === 'SUBSCRIBE' ? 'subscribe' : 'unsubscribe', ids, request: id };
  },
  acks: ({ request }) => [JSON.stringify({ result: null, id: request })],
  rejection: ({ request }) => JSON.stringify({ error: { code: 2, msg: 'Invalid request: invalid stream' }, id: request }),
  trade: (id, tradeId, timeMs) =>
    JSON.stringify({
      stream: `${id.toLowerCase()}@trade`,
      data: { e: 'trade', E: timeMs, s: id, t: tradeId, p: '100.50000000', q: '0.01000000', T: timeMs, m: true, M: true },
    }),
  heartbeat: null,
  shutdown: '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1795354000999}}',
};

const coinbase: Wire = {
  protocol: createCoinbaseFeed(),
  symbols: ['BTC/USD', 'ETH/USD', 'SOL/USD'],
  idOf: (symbol) => symbol.replace('/', '-'),
  read(text) {
    const {
      type,
      product_ids: ids,
      channel,
    } = JSON.parse(text) as { type: 'subscribe' | 'unsubscribe'; product_ids?: string[]; channel: string };
    return { method: channel === 'market_trades' ? type : 'other', ids: ids ?? [], request: 0 };
  },
  acks: (_asked, all) => [JSON.stringify({ channel: 'subscriptions', events: [{ subscriptions: { market_trades: all } }] })],
  rejection: () => JSON.stringify({ type: 'error', message: 'failed to subscribe: invalid product' }),
  trade: (id, tradeId, timeMs) =>
    JSON.stringify({
      channel: 'market_trades',
      events: [
        {
          type: 'update',
          trades: [{ product_id: id, trade_id: String(tradeId), price: '100.5', size: '0.01', time: iso(timeMs), side: 'BUY' }],
        },
      ],
    }),
  heartbeat: '{"channel":"heartbeats","events":[{"current_time":"2026-11-22 13:00:01.0 +0000 UTC m=+1","heartbeat_counter":42}]}',
  shutdown: null,
};

const kraken: Wire = {
  protocol: createKrakenFeed(),
  symbols: ['BTC/USD', 'ETH/EUR', 'DOGE/USD'],
  idOf: (symbol) => symbol,
  read(text) {
    const {
      method,
      params,
      req_id: request,
    } = JSON.parse(text) as { method: 'subscribe' | 'unsubscribe'; params: { symbol: string[] }; req_id: number };
    return { method, ids: params.symbol, request };
  },
  acks: ({ ids, request }) =>
    ids.map((symbol) =>
      JSON.stringify({ method: 'subscribe', result: { channel: 'trade', symbol, snapshot: false }, success: true, req_id: request }),
    ),
  rejection: ({ request }, id) =>
    JSON.stringify({ method: 'subscribe', error: `Currency pair not supported ${id}`, success: false, req_id: request }),
  trade: (id, tradeId, timeMs) =>
    JSON.stringify({
      channel: 'trade',
      type: 'update',
      data: [{ symbol: id, side: 'sell', price: 100.5, qty: 0.01, ord_type: 'limit', trade_id: tradeId, timestamp: iso(timeMs) }],
    }),
  heartbeat: '{"channel":"heartbeat"}',
  shutdown: null,
};

export const WIRES = { binance, coinbase, kraken } as const;
