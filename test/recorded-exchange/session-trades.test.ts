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
  expect(readSessionLine(line(message))).toEqual({ trades: [{ market, ...TRADE }], damaged: [] });
});

test('a trade of the older WebSocket API of Kraken has no id', () => {
  const message = [337, [['1.5', '2', '1723161255.342', 's', 'm', '']], 'trade', 'XBT/USD'];
  expect(readSessionLine(line(message))).toEqual({ trades: [{ market: 'XBT/USD', ...TRADE, id: null }], damaged: [] });
});

test('trades of one message come by id', () => {
  const trades = [7, 5, 6].map((id) => ({ product_id: 'A-B', trade_id: String(id), price: '1', size: '1', time: TIME }));
  expect(readSessionLine(line({ channel: 'market_trades', events: [{ trades }] }))?.trades.map(({ id }) => id)).toEqual([5, 6, 7]);
});

test('other messages and other lines of a session have no trades, and are not damaged', () => {
  const none = { trades: [], damaged: [] };
  expect(readSessionLine('{"t":"connect","conn":"ws"}')).toEqual(none);
  expect(readSessionLine(line({ e: 'depthUpdate' }))).toEqual(none);
  expect(readSessionLine(line({ channel: 'ticker', events: [{ tickers: [] }] }))).toEqual(none);
  expect(readSessionLine(line([337, { a: ['1'] }, 'ticker', 'XBT/USD']))).toEqual(none);
});

test('a message that was cut off is damaged', () => {
  expect(readSessionLine('{"t":"recv","data":"[337,[[\\"1.5\\""}')).toEqual({
    trades: [],
    damaged: ['the message "[337,[[\\"1.5\\"" is no whole JSON'],
  });
});

test.each([
  ['a price of Binance', { data: { e: 'trade', s: 'A', t: 1, p: 'x', q: '1', T: MS } }],
  ['an id of Binance', { data: { e: 'trade', s: 'A', p: '1', q: '1', T: MS } }],
  ['a price of Kraken', { channel: 'trade', data: [{ symbol: 'A', trade_id: 1, price: 'oops', qty: 1, timestamp: TIME }] }],
  ['a time of Kraken', { channel: 'trade', data: [{ symbol: 'A', trade_id: 1, price: 1, qty: 1 }] }],
  ['a price of Kraken, without ids', [337, [['oops', '2', '1723161255.342', 's', 'm', '']], 'trade', 'XBT/USD']],
  ['a trade of Kraken, without ids', [337, ['oops'], 'trade', 'XBT/USD']],
  ['the trades of Kraken', [337, 'oops', 'trade', 'XBT/USD']],
  ['a trade of Coinbase', { channel: 'market_trades', events: [{ trades: [null] }] }],
  ['the trades of Coinbase', { channel: 'market_trades', events: [{ type: 'update' }] }],
  ['an event of Coinbase', { channel: 'market_trades', events: [null] }],
  ['a size of 0 of Coinbase Exchange', { type: 'match', product_id: 'A', trade_id: 5, price: '1.5', size: '0', time: TIME }],
])('%s that cannot be one is damage', (_, message) => {
  expect(readSessionLine(line(message))).toEqual({ trades: [], damaged: [expect.stringMatching(/is no (?:list of )?trades?$/)] });
});

test('the other trades of a damaged message are read', () => {
  const rows = ['1.5', 'oops'].map((price) => [price, '2', '1723161255.342', 's', 'm', '']);
  const found = readSessionLine(line([337, rows, 'trade', 'XBT/USD']));
  expect([found?.trades.length, found?.damaged]).toEqual([1, ['["oops","2","1723161255.342","s","m",""] is no trade']]);
});

test('a line that is not of a session is none', () => {
  expect([readSessionLine('open_time,open'), readSessionLine('{"a":1}'), readSessionLine('{"t":"recv"}')]).toEqual([null, null, null]);
});
