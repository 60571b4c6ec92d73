import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

// Three exchanges that speak their protocols over real sockets on 127.0.0.1 and send made-up trades at any rate: the load of
// tools/bench-collector.ts.

const LOADED = ['binance', 'coinbase', 'kraken'] as const;
type Loaded = (typeof LOADED)[number];

export type LoadMarket = { readonly exchange: string; readonly symbol: string };

export type TradeLoad = {
  readonly urls: Readonly<Record<Loaded, string>>;
  /** From now on so many trades a second are sent, all exchanges together; 0 for none. */
  pace(tradesPerSecond: number): void;
  /** Trades sent since the start. */
  sent(): number;
  close(): void;
};

/** Of all trades. Coinbase sends several in a message. */
const SHARES = { binance: 0.7, kraken: 0.2, coinbase: 0.1 } as const satisfies Record<Loaded, number>;
const COINBASE_TRADES = 4;
const TICK_MS = 2;
const PRICES: Readonly<Record<string, number>> = { BTC: 60_000, ETH: 3000, EUR: 1.1, USD: 1, USDT: 1, USDC: 1 };
const OTHER_PRICE = 100;
/** How far prices move, in the last of five digits: no check has a reason to suspect them. */
const STEPS = 11;

type Market = { readonly symbol: string; readonly prices: readonly string[]; lastId: number };
type Venue = {
  readonly exchange: Loaded;
  readonly server: WebSocketServer;
  readonly markets: readonly Market[];
  socket: WebSocket | undefined;
  owed: number;
  sequence: number;
};

/** Trades have the time of `nowMs` at their sending. */
export async function startTradeLoad(all: readonly LoadMarket[], nowMs: () => number = Date.now): Promise<TradeLoad> {
  const venues = LOADED.map((exchange) => openVenue(exchange, all));
  await Promise.all(venues.map(({ server }) => once(server, 'listening')));
  const random = seeded(1);
  let rate = 0;
  let sent = 0;
  let pacedAtMs = performance.now();
  const tick = setInterval(() => {
    const now = performance.now();
    const elapsedSeconds = (now - pacedAtMs) / 1000;
    pacedAtMs = now;
    for (const venue of venues) {
      venue.owed += rate * SHARES[venue.exchange] * elapsedSeconds;
      sent += sendOwed(venue, random, nowMs());
    }
  }, TICK_MS);
  const beat = setInterval(() => {
    for (const venue of venues) if (venue.exchange !== 'binance') venue.socket?.send(heartbeat(venue));
  }, 1000);
  return {
    urls: Object.fromEntries(venues.map(({ exchange, server }) => [exchange, urlOf(server)])) as Record<Loaded, string>,
    pace(tradesPerSecond) {
      rate = tradesPerSecond;
      pacedAtMs = performance.now();
    },
    sent: () => sent,
    close() {
      clearInterval(tick);
      clearInterval(beat);
      for (const { socket, server } of venues) {
        socket?.terminate();
        server.close();
      }
    },
  };
}

function openVenue(exchange: Loaded, all: readonly LoadMarket[]): Venue {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  const markets = all.filter((one) => one.exchange === exchange).map(({ symbol }) => ({ symbol, prices: pricesOf(symbol), lastId: 1000 }));
  const venue: Venue = { exchange, server, markets, socket: undefined, owed: 0, sequence: 0 };
  server.on('connection', (socket) => {
    venue.socket = socket;
    // One buffer, the way `ws` hands messages over unless it is told otherwise.
    socket.on('message', (data) => {
      for (const text of answersTo(venue, (data as Buffer).toString())) socket.send(text);
    });
    socket.on('error', () => socket.terminate());
  });
  return venue;
}

function urlOf(server: WebSocketServer): string {
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function pricesOf(symbol: string): readonly string[] {
  const [base = '', quote = ''] = symbol.split('/');
  const price = (PRICES[base] ?? OTHER_PRICE) / (PRICES[quote] ?? OTHER_PRICE);
  const digits = Math.max(2, Math.ceil(5 - Math.log10(price)));
  return Array.from({ length: STEPS }, (_, step) => (price + step / 10 ** digits).toFixed(digits));
}

type Request = { readonly method?: string; readonly type?: string; readonly id?: number; readonly req_id?: number } & {
  readonly params?: { readonly symbol?: readonly string[] };
  readonly product_ids?: readonly string[];
};

function answersTo(venue: Venue, text: string): readonly string[] {
  const request = JSON.parse(text) as Request;
  if (venue.exchange === 'binance') return [JSON.stringify({ result: null, id: request.id })];
  if (venue.exchange === 'kraken')
    return (request.params?.symbol ?? []).map((symbol) =>
      JSON.stringify({ method: 'subscribe', result: { channel: 'trade', symbol }, success: true, req_id: request.req_id }),
    );
  if (request.product_ids === undefined) return [];
  const subscriptions = { market_trades: request.product_ids, heartbeats: ['heartbeats'] };
  return [JSON.stringify({ channel: 'subscriptions', sequence_num: venue.sequence++, events: [{ subscriptions }] })];
}

function heartbeat(venue: Venue): string {
  return venue.exchange === 'kraken'
    ? '{"channel":"heartbeat"}'
    : JSON.stringify({ channel: 'heartbeats', sequence_num: venue.sequence++, events: [{ heartbeat_counter: 1 }] });
}

function sendOwed(venue: Venue, random: () => number, nowMs: number): number {
  const { exchange, markets, socket } = venue;
  const perMessage = exchange === 'coinbase' ? COINBASE_TRADES : 1;
  const isoTime = new Date(nowMs).toISOString().replace('Z', '123Z');
  let sent = 0;
  for (; venue.owed >= perMessage && socket !== undefined; venue.owed -= perMessage) {
    // A few markets have most of the trades.
    const market = markets[Math.floor(markets.length * random() ** 2)];
    if (market === undefined) break;
    if (exchange === 'binance') socket.send(binanceFrame(market, nowMs));
    else socket.send(exchange === 'kraken' ? krakenFrame(market, isoTime) : coinbaseFrame(market, isoTime, venue.sequence++));
    sent += perMessage;
  }
  return sent;
}

const priceOf = ({ prices }: Market, id: number): string => prices[id % STEPS] ?? '';
const sizeOf = (id: number): string => `0.0${(id % 9) + 1}5`;

function binanceFrame(market: Market, nowMs: number): string {
  const id = ++market.lastId;
  const name = market.symbol.replace('/', '');
  return `{"stream":"${name.toLowerCase()}@trade","data":{"e":"trade","E":${nowMs},"s":"${name}","t":${id},"p":"${priceOf(market, id)}000","q":"${sizeOf(id)}00000","T":${nowMs},"m":${id % 2 === 0},"M":true}}`;
}

function krakenFrame(market: Market, isoTime: string): string {
  const id = ++market.lastId;
  return `{"channel":"trade","type":"update","data":[{"symbol":"${market.symbol}","side":"${side(id).toLowerCase()}","price":${priceOf(market, id)},"qty":${sizeOf(id)},"ord_type":"market","trade_id":${id},"timestamp":"${isoTime}"}]}`;
}

/** Newest first, as they send it. */
function coinbaseFrame(market: Market, isoTime: string, sequence: number): string {
  market.lastId += COINBASE_TRADES;
  const rows = Array.from({ length: COINBASE_TRADES }, (_, index) => {
    const id = market.lastId - index;
    return `{"product_id":"${market.symbol.replace('/', '-')}","trade_id":"${id}","price":"${priceOf(market, id)}","size":"${sizeOf(id)}","time":"${isoTime}","side":"${side(id)}"}`;
  });
  return `{"channel":"market_trades","client_id":"","timestamp":"${isoTime}","sequence_num":${sequence},"events":[{"type":"update","trades":[${rows.join(',')}]}]}`;
}

const side = (id: number): string => (id % 2 === 0 ? 'SELL' : 'BUY');

/** Numerical Recipes' generator: enough to choose markets by. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
