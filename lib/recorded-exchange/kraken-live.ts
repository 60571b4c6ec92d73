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
import { isJsonObject, padded } from './venue-protocol.ts';

const SNAPSHOT_TRADES = 50;
const MESSAGES_PER_SECOND = 20;
const DECIMALS = 8;

/** A row of `GET /0/public/Trades`: price, volume, time in seconds, side, order type, miscellaneous, id. */
export function krakenTradeRow(trade: TapeTrade): readonly unknown[] {
  return [trade.price, padded(trade.size, DECIMALS), trade.timeMs / 1000, trade.side === 'buy' ? 'b' : 's', 'l', '', trade.id];
}

/** `/v2`: an acknowledgement for each symbol, figures as JSON numbers, a heartbeat in every second in which nothing else was sent. */
export const krakenSocket: SocketProtocol = (target, { peer, markets, nowMs, monotonicMs, faults }) => {
  if (target.split('?')[0] !== '/v2') return undefined;
  const subscribed = new Set<string>();
  const isTooFast = createRateLimit(MESSAGES_PER_SECOND, monotonicMs);
  let sentSinceBeat = false;
  let hasSubscribed = false;
  const send = (text: string): void => {
    sentSinceBeat = true;
    peer.send(text);
  };
  // The connection's id is beyond what a double holds, as the venue's are.
  send(
    '{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":6447481662169813001}]}',
  );

  const stamps = (): JsonObject => ({ time_in: rfc3339({ timeMs: nowMs() }), time_out: rfc3339({ timeMs: nowMs() }) });
  const subscribe = (symbol: string, isSnapshot: boolean, requestId: unknown): void => {
    const market = markets.find((one) => one.symbol === symbol);
    const id = requestId === undefined ? {} : { req_id: requestId };
    if (market === undefined || faults.all('refuse symbol').some((fault) => fault.symbol === symbol)) {
      send(
        JSON.stringify({ error: `Currency pair not supported ${symbol}`, method: 'subscribe', ...id, success: false, symbol, ...stamps() }),
      );
      return;
    }
    subscribed.add(symbol);
    if (faults.all('no ack').length === 0) {
      const result = { channel: 'trade', snapshot: isSnapshot, symbol };
      send(JSON.stringify({ method: 'subscribe', ...id, result, success: true, ...stamps() }));
    }
    if (isSnapshot) sendRows(market, 'snapshot', market.tape.within(0, nowMs(), SNAPSHOT_TRADES, 'newest'));
  };
  const sendRows = ({ symbol }: TradedMarket, type: 'snapshot' | 'update', trades: readonly TapeTrade[]): void => {
    const rows = trades.map(
      (trade) =>
        `{"symbol":"${symbol}","side":"${trade.side}","price":${trade.price},"qty":${trade.size},"ord_type":"limit","trade_id":${trade.id},"timestamp":"${rfc3339(trade)}"}`,
    );
    if (rows.length > 0) send(`{"channel":"trade","type":"${type}","data":[${rows.join(',')}]}`);
  };

  const client: SocketClient = {
    receive(text) {
      if (isTooFast()) return send('{"Error":"Exceeded msg rate"}');
      const request = jsonObjectOf(text);
      const params = isJsonObject(request?.['params']) ? request['params'] : {};
      const requestId = request?.['req_id'];
      if (request?.['method'] === 'ping') return send(JSON.stringify({ method: 'pong', req_id: requestId, ...stamps() }));
      if (params['channel'] !== 'trade') return send('{"error":"Malformed request","success":false}');
      if (request?.['method'] === 'unsubscribe') for (const symbol of textsOf(params['symbol'])) subscribed.delete(symbol);
      if (request?.['method'] !== 'subscribe') return undefined;
      hasSubscribed = true;
      for (const symbol of textsOf(params['symbol'])) subscribe(symbol, params['snapshot'] === true, requestId);
      return undefined;
    },
    isSubscribed: ({ symbol }) => subscribed.has(symbol),
    sendTrades: (market, { trades }) => sendRows(market, 'update', trades),
    beat() {
      if (hasSubscribed && !sentSinceBeat) peer.send('{"channel":"heartbeat"}');
      sentSinceBeat = false;
    },
    announceShutdown: () => {},
  };
  return client;
};
