import type { Decimal } from '#core/decimal.ts';
import { parseDecimal } from '#core/decimal.ts';
import type { ReadMessage } from './recorded-trades.ts';
import { createRateLimit, jsonObjectOf, textsOf, type SocketClient, type SocketProtocol, type TradedMarket } from './socket-protocol.ts';
import type { TapeMessage, TapeTrade } from './trade-tape.ts';
import type { JsonObject } from './venue-market.ts';
import { isJsonObject, padded } from './venue-protocol.ts';

const DECIMALS = 8;
/** Pings and pongs count as well; a client above it is cut. */
const MESSAGES_PER_SECOND = 5;

/** Reads `{"stream":..,"data":{"e":"trade",..}}`. */
export const readBinanceMessage: ReadMessage = (message, marketId) => {
  const data = isJsonObject(message) ? message['data'] : undefined;
  if (!isJsonObject(data) || data['e'] !== 'trade' || data['s'] !== marketId) return null;
  const [price, size] = [parseDecimal(data['p']), parseDecimal(data['q'])];
  if (price === undefined || size === undefined) return null;
  const trade: TapeTrade = { id: Number(data['t']), timeMs: Number(data['T']), price, size, side: data['m'] === true ? 'sell' : 'buy' };
  return { timeMs: Number(data['E']), trades: [trade], isSnapshot: false };
};

/** A row of `GET /api/v3/historicalTrades`. */
export function binanceTradeRow(trade: TapeTrade): JsonObject {
  return {
    id: trade.id,
    price: padded(trade.price, DECIMALS),
    qty: padded(trade.size, DECIMALS),
    quoteQty: (Number(trade.price) * Number(trade.size)).toFixed(DECIMALS),
    time: trade.timeMs,
    isBuyerMaker: trade.side === 'sell',
    isBestMatch: true,
  };
}

/** `/ws`, `/ws/<stream>` for plain payloads, `/stream?streams=a/b` for combined ones. Unknown streams are acknowledged like all others. */
export const binanceSocket: SocketProtocol = (target, context) => {
  const [path = '', query = ''] = target.split('?');
  const isCombined = path === '/stream';
  if (!isCombined && path !== '/ws' && !path.startsWith('/ws/')) return undefined;
  const streams = new Set(
    (isCombined ? (new URLSearchParams(query).get('streams') ?? '') : path.slice('/ws/'.length)).split('/').filter(Boolean),
  );
  const isTooFast = createRateLimit(MESSAGES_PER_SECOND, context.monotonicMs);
  const send = (stream: string, payload: string): void => {
    context.peer.send(isCombined ? `{"stream":"${stream}","data":${payload}}` : payload);
  };

  const answer = (request: JsonObject): void => {
    const { method, params, id } = request as { readonly method?: unknown; readonly params?: unknown; readonly id?: unknown };
    if (method === 'SUBSCRIBE') for (const stream of textsOf(params)) streams.add(stream);
    else if (method === 'UNSUBSCRIBE') for (const stream of textsOf(params)) streams.delete(stream);
    else if (method !== 'LIST_SUBSCRIPTIONS') {
      context.peer.send(JSON.stringify({ error: { code: 2, msg: 'Invalid request: unknown variant' }, id: id ?? null }));
      return;
    }
    if (context.faults.all('no ack').length > 0) return;
    context.peer.send(JSON.stringify({ result: method === 'LIST_SUBSCRIPTIONS' ? [...streams] : null, id: id ?? null }));
  };

  const client: SocketClient = {
    receive(text) {
      if (isTooFast()) return context.peer.close(1008, 'Too many requests');
      const request = jsonObjectOf(text);
      if (request === undefined) return context.peer.send('{"error":{"code":3,"msg":"Invalid JSON"},"id":null}');
      answer(request);
    },
    isSubscribed: (market) => streams.has(streamOf(market)),
    sendTrades(market, message) {
      // What was captured is sent again as it was.
      if (message.text !== undefined && isCombined) context.peer.send(message.text);
      else for (const trade of message.trades) send(streamOf(market), tradeText(market, trade, message));
    },
    beat: () => {},
    announceShutdown: () => send('!serverShutdown', JSON.stringify({ e: 'serverShutdown', E: context.nowMs() })),
  };
  return client;
};

function streamOf({ id }: TradedMarket): string {
  return `${id.toLowerCase()}@trade`;
}

function tradeText({ id }: TradedMarket, trade: TapeTrade, { timeMs }: TapeMessage): string {
  const figure = (value: Decimal): string => padded(value, DECIMALS);
  const isBuyerMaker = trade.side === 'sell';
  return `{"e":"trade","E":${timeMs},"s":"${id}","t":${trade.id},"p":"${figure(trade.price)}","q":"${figure(trade.size)}","T":${trade.timeMs},"m":${isBuyerMaker},"M":true}`;
}
