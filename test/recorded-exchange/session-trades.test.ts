import { expect, test } from 'vitest';
import { readSessionLine } from '#recorded-exchange/session-trades.ts';

const line = (data: unknown): string => JSON.stringify({ t: 'recv', conn: 'ws', data: JSON.stringify(data) });
const MS = 1_723_161_255_342;
const TIME = new Date(MS).toISOString();
const TRADE = { id: 5, timeMs: MS, price: 1.5, size: 2 };

test.each([
  ['Binance', { stream: 'x@trade', data: { e: 'trade', s: 'BTCUSDT', t: 5, p: '1.5', q: '2', T: MS } }, 'BTCUSDT'],
  [
    'Coinbase',
    {
      channel: 'market_trades',
      events: [{ type: 'update', trades: [{ product_id: 'BTC-USD', trade_id: '5', price: '1.5', size: '2', time: TIME }] }],
    },
    'BTC-USD',
  ],
  ['Coinbase Exchange', { type: 'match', product_id: 'BTC-USD', trade_id: 5, price: '1.5', size: '2', time: TIME }, 'BTC-USD'],
  ['Kraken', { channel: 'trade', data: [{ symbol: 'BTC/USD', trade_id: 5, price: 1.5, qty: 2, timestamp: TIME }] }, 'BTC/USD'],
])('a trade of %s is read', (_, message, market) => {
  expect(readSessionLine(line(message))).toEqual([{ market, ...TRADE }]);
});

test('a trade of the older WebSocket API of Kraken has no id', () => {
  const message = [337, [['1.5', '2', '1723161255.342', 's', 'm', '']], 'trade', 'XBT/USD'];
  expect(readSessionLine(line(message))).toEqual([{ market: 'XBT/USD', ...TRADE, id: null }]);
});

test('trades of one message come by id', () => {
  const trades = [7, 5, 6].map((id) => ({ product_id: 'A-B', trade_id: String(id), price: '1', size: '1', time: TIME }));
  expect(readSessionLine(line({ channel: 'market_trades', events: [{ trades }] }))?.map(({ id }) => id)).toEqual([5, 6, 7]);
});

test('other messages and other lines of a session have no trades', () => {
  expect(readSessionLine('{"t":"connect","conn":"ws"}')).toEqual([]);
  expect(readSessionLine(line({ e: 'depthUpdate' }))).toEqual([]);
  expect(readSessionLine('{"t":"recv","data":"no json"}')).toEqual([]);
  expect(readSessionLine(line({ data: { e: 'trade', s: 'A', t: 1, p: 'x', q: '1', T: MS } }))).toEqual([]);
});

test('a line that is not of a session is none', () => {
  expect([readSessionLine('open_time,open'), readSessionLine('{"a":1}'), readSessionLine('{"t":"recv"}')]).toEqual([null, null, null]);
});
