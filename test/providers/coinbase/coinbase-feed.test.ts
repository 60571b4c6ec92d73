import { describe, expect, test } from 'vitest';
import { createCoinbaseFeed } from '#providers/coinbase/coinbase-feed.ts';
import { marketSymbol } from '../websocket/feed-world.ts';
import { framesOf } from '../websocket/frames.ts';
import { expectMutationsHarmless, HOSTILE } from '../websocket/mutations.ts';

const SYMBOLS = ['BTC/USD', 'ETH/USD'].map(marketSymbol);
const RECEIVED_MS = 1_786_309_549_000;
const open = (symbols: readonly string[] = SYMBOLS) => createCoinbaseFeed().openSession(symbols.map(marketSymbol));
const read = (frame: string, symbols?: readonly string[]) => open(symbols).read(frame, RECEIVED_MS);
const UPDATES = framesOf('coinbase', 'trades');

type Row = Record<string, unknown>;
const row = (fields: Row = {}): Row => ({
  trade_id: '5001',
  product_id: 'BTC-USD',
  price: '90000.01',
  size: '0.0012',
  side: 'BUY',
  time: '2026-11-22T13:00:00.123456Z',
  ...fields,
});
const frameOf = (...events: readonly (readonly Row[])[]): string =>
  JSON.stringify({
    channel: 'market_trades',
    timestamp: 'x',
    sequence_num: 1,
    events: events.map((trades) => ({ type: 'update', trades })),
  });

describe('a recorded frame of Coinbase', () => {
  test('is read exactly', () => {
    expect(read(UPDATES[0]!)).toEqual({
      kind: 'trades',
      trades: [
        {
          exchange: 'coinbase',
          symbol: 'BTC/USD',
          id: '1068572091',
          price: '65083.67',
          size: '0.01034361',
          side: 'buy',
          eventTimeMs: Date.UTC(2026, 7, 9, 21, 5, 48, 167),
          receivedAtMs: RECEIVED_MS,
        },
      ],
      refused: [],
      isSnapshot: false,
    });
  });

  test('T41: is put in ascending order of ids, which continue the snapshots without a hole', () => {
    const session = open();
    const messages = [...framesOf('coinbase', 'snapshots'), ...UPDATES].map((frame) => session.read(frame, RECEIVED_MS));
    const trades = messages.flatMap((message) => (message.kind === 'trades' ? message.trades : []));
    for (const symbol of SYMBOLS) {
      const ids = trades.filter((trade) => trade.symbol === symbol).map(({ id }) => Number(id));
      expect(ids.length).toBeGreaterThan(20);
      expect(ids).toEqual(ids.map((_, index) => ids[0]! + index));
    }
  });

  test('T42: of type snapshot is told apart from what is new', () => {
    const kinds = framesOf('coinbase', 'snapshots').map((frame) => read(frame));
    expect(kinds.map((message) => message.kind === 'trades' && message.isSnapshot)).toEqual([true, true]);
    expect(read(frameOf([row()]).replace('update', 'something new'))).toMatchObject({ isSnapshot: true });
  });

  test('T45: of another channel yields no trade, whatever its fields', () => {
    const kinds = framesOf('coinbase', 'others').map((frame) => read(frame).kind);
    expect(kinds).toEqual(['acknowledged', 'acknowledged', 'heartbeat', 'heartbeat', ...Array.from({ length: 6 }, () => 'ignored')]);
    expect(read('{"channel":"heartbeats","events":[{"heartbeat_counter":"42"}],"new":1}')).toEqual({ kind: 'heartbeat' });
  });
});

describe('trades of Coinbase', () => {
  test('T40: of several products in several events all come, each under its own symbol', () => {
    const message = read(frameOf([row({ trade_id: '2' }), row({ trade_id: '9', product_id: 'ETH-USD' })], [row({ trade_id: '3' })]));
    expect(message).toMatchObject({
      kind: 'several',
      messages: [
        {
          trades: [
            { id: '2', symbol: 'BTC/USD' },
            { id: '9', symbol: 'ETH/USD' },
          ],
        },
        { trades: [{ id: '3', symbol: 'BTC/USD' }] },
      ],
    });
  });

  test('T41: of one message come oldest first', () => {
    const message = read(frameOf([row({ trade_id: '11' }), row({ trade_id: '9' }), row({ trade_id: '10' })]));
    expect(message).toMatchObject({ trades: [{ id: '9' }, { id: '10' }, { id: '11' }] });
  });

  test('T48: have the side of the taker, which is the other one than that of the maker, as sent', () => {
    expect(read(frameOf([row(), row({ side: 'SELL' })]))).toMatchObject({ trades: [{ side: 'sell' }, { side: 'buy' }] });
  });

  test('T48: bought at the best ask of their moment, in the recording', () => {
    const [ticker] = framesOf('coinbase', 'ticker').map(
      (frame) => JSON.parse(frame) as { events: { tickers: { product_id: string; best_ask: string }[] }[] },
    );
    const { product_id: product, best_ask: bestAsk } = ticker!.events[0]!.tickers[0]!;
    expect(product).toBe('BTC-USD');
    expect(read(UPDATES[0]!)).toMatchObject({ trades: [{ symbol: 'BTC/USD', price: bestAsk, side: 'buy' }] });
  });

  test.each([
    [{ product_id: 'SOL-USD' }, 'product "SOL-USD" is not subscribed'],
    [{ product_id: 7 }, 'there is no product'],
    [{ trade_id: 5001 }, 'trade id of type undefined is not a whole number'],
    [{ trade_id: '05' }, 'trade id "05" is not a whole number'],
    [{ trade_id: '9'.repeat(20) }, `trade id "${'9'.repeat(20)}" is not a whole number`],
    [{ price: '0' }, 'price "0" is not a number above 0'],
    [{ price: 90000.01 }, 'price of type undefined is not a number above 0'],
    [{ size: '-0.1' }, 'size "-0.1" is not a number above 0'],
    [{ side: 'toString' }, 'side is neither of buy and sell'],
    [{ time: '2026-02-30T13:00:00Z' }, 'event time of type undefined is not in milliseconds since 1970'],
    [{ time: 1_795_352_400_123 }, 'event time of type undefined is not in milliseconds since 1970'],
  ])('with %o are refused, and the others of the message stay', (fields, reason) => {
    const message = read(frameOf([row(fields), row()]));
    expect(message).toMatchObject({ trades: [{ id: '5001' }], refused: [{ reason }] });
  });

  test('stay harmless however their frames are broken', () => {
    expectMutationsHarmless(open, UPDATES);
    for (const frame of HOSTILE) expect(['garbage', 'ignored']).toContain(read(frame).kind);
    expect(
      read(`{"channel":"market_trades","events":[{"type":"update","trades":[${'['.repeat(9000)}${']'.repeat(9000)}]}]}`),
    ).toMatchObject({
      refused: [{ reason: 'there is no product' }],
    });
  });

  test.each([
    '{"channel":"market_trades"}',
    '{"channel":"market_trades","events":[{"type":"update"}]}',
    '{"channel":"subscriptions","events":[]}',
  ])('without what must be there are garbage: %s', (frame) => {
    expect(read(frame).kind).toBe('garbage');
  });
});

describe('T39: a market in USDC', () => {
  const acked = (...ids: readonly string[]): string =>
    JSON.stringify({ channel: 'subscriptions', events: [{ subscriptions: { market_trades: ids } }] });

  test('whose trades come as those of the market in USD is that market, when that one is not wanted itself', () => {
    const session = open(['BTC/USDC']);
    session.subscribe([marketSymbol('BTC/USDC')], 1);
    expect(session.read(acked('BTC-USD'), RECEIVED_MS)).toEqual({ kind: 'acknowledged', symbols: ['BTC/USDC'], requestId: null });
    expect(session.read(frameOf([row()]), RECEIVED_MS)).toMatchObject({ trades: [{ symbol: 'BTC/USDC' }] });
  });

  test('is refused when both are wanted, and never overwrites the other', () => {
    const wanted = ['BTC/USD', 'BTC/USDC', 'ETH/USD'];
    const session = open(wanted);
    session.subscribe(wanted.map(marketSymbol), 1);
    expect(session.read(acked('BTC-USD'), RECEIVED_MS)).toMatchObject({ kind: 'acknowledged', symbols: ['BTC/USD'] });
    expect(session.read(acked('BTC-USD', 'ETH-USD'), RECEIVED_MS)).toMatchObject({
      kind: 'several',
      messages: [{ symbols: ['BTC/USD', 'ETH/USD'] }, { kind: 'rejected', symbols: ['BTC/USDC'] }],
    });
    expect(session.read(frameOf([row()]), RECEIVED_MS)).toMatchObject({ trades: [{ symbol: 'BTC/USD' }] });
  });

  test('that has a book of its own is served under its own name', () => {
    const session = open(['BTC/USD', 'BTC/USDC']);
    session.subscribe(['BTC/USD', 'BTC/USDC'].map(marketSymbol), 1);
    expect(session.read(acked('BTC-USD', 'BTC-USDC'), RECEIVED_MS)).toMatchObject({
      kind: 'acknowledged',
      symbols: ['BTC/USD', 'BTC/USDC'],
    });
    expect(session.read(frameOf([row({ product_id: 'BTC-USDC' })]), RECEIVED_MS)).toMatchObject({ trades: [{ symbol: 'BTC/USDC' }] });
  });
});

describe('an error of Coinbase', () => {
  test.each([
    ['failed to subscribe', { kind: 'rejected', symbols: null, requestId: null, reason: 'failed to subscribe' }],
    [
      'ETH-USD is not a valid product',
      { kind: 'rejected', symbols: ['ETH/USD'], requestId: null, reason: 'ETH-USD is not a valid product' },
    ],
    ['rate limit exceeded', { kind: 'rate limited', reason: 'rate limit exceeded' }],
  ])('T44: "%s" is understood', (message, expected) => {
    expect(read(JSON.stringify({ type: 'error', message }))).toEqual(expected);
  });
});

test('lost messages are counted over all channels by their numbers', () => {
  const session = open();
  for (const sequence of [3, 4, 4, 2, 7, '9']) session.read(JSON.stringify({ channel: 'ticker', sequence_num: sequence }), RECEIVED_MS);
  expect(session.lostMessages()).toBe(2);
});

describe('Coinbase is asked', () => {
  test('for heartbeats first, then for products', () => {
    expect(open().greeting.map((text) => JSON.parse(text) as unknown)).toEqual([{ type: 'subscribe', channel: 'heartbeats' }]);
    const asked = { product_ids: ['BTC-USD', 'ETH-USD'], channel: 'market_trades' };
    expect(JSON.parse(open().subscribe(SYMBOLS, 1))).toEqual({ type: 'subscribe', ...asked });
    expect(JSON.parse(open().unsubscribe(SYMBOLS, 1))).toEqual({ type: 'unsubscribe', ...asked });
  });

  test('at its own host, or where the configuration says', () => {
    expect(createCoinbaseFeed().url(undefined)).toBe('wss://advanced-trade-ws.coinbase.com/');
    expect(createCoinbaseFeed().url('ws://127.0.0.1:1')).toBe('ws://127.0.0.1:1/');
  });
});
