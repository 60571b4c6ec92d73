import { describe, expect, test } from 'vitest';
import type { MarketSymbol } from '#core/symbol.ts';
import { createBinanceFeed } from '#providers/binance/binance-feed.ts';
import { marketSymbol } from '../websocket/feed-world.ts';
import { framesOf } from '../websocket/frames.ts';
import { expectMutationsHarmless, HOSTILE } from '../websocket/mutations.ts';

const SYMBOLS = ['BTC/USDT', 'ETH/USDT'].map(marketSymbol);
const RECEIVED_MS = 1_723_161_255_999;
const feed = createBinanceFeed('binance');
const open = () => feed.openSession(SYMBOLS);
const read = (frame: string) => open().read(frame, RECEIVED_MS);
const FRAMES = framesOf('binance', 'trades');
const [FIRST = ''] = FRAMES;
const TRADE = {
  exchange: 'binance',
  symbol: 'BTC/USDT',
  id: '3735683259',
  price: '61837.63',
  size: '0.02',
  side: 'sell',
  eventTimeMs: 1_723_161_255_342,
  receivedAtMs: RECEIVED_MS,
};
const refusal = (reason: string, frame: string) => ({
  kind: 'trades',
  trades: [],
  refused: [{ reason, row: frame.slice(0, 300) }],
  isSnapshot: false,
});

describe('a recorded trade frame of Binance', () => {
  test('is read exactly, and T48: a buyer who was the maker means that the taker sold', () => {
    expect(read(FIRST)).toEqual({ kind: 'trades', trades: [TRADE], refused: [], isSnapshot: false });
    expect(read(FIRST.replace('"m":true', '"m":false'))).toMatchObject({ trades: [{ side: 'buy' }] });
  });

  test('is read the same whatever the order of its fields, and without the stream’s name around it', () => {
    const { stream, data } = JSON.parse(FIRST) as { stream: string; data: Record<string, unknown> };
    const turned = JSON.stringify({ data: Object.fromEntries(Object.entries(data).toReversed()), stream });
    expect(read(turned)).toEqual(read(FIRST));
    expect(read(JSON.stringify(data))).toEqual(read(FIRST));
    expect(read(JSON.stringify({ stream, data: { ...data, new: 1 } }))).toEqual(read(FIRST));
  });

  test('yields one trade each, with ids that go up by one for each symbol', () => {
    const session = open();
    const trades = FRAMES.flatMap((frame) => {
      const message = session.read(frame, RECEIVED_MS);
      return message.kind === 'trades' ? message.trades : [];
    });
    expect(trades).toHaveLength(FRAMES.length);
    for (const symbol of SYMBOLS) {
      const ids = trades.filter((trade) => trade.symbol === symbol).map(({ id }) => Number(id));
      expect(ids).toEqual(ids.map((_, index) => ids[0]! + index));
    }
  });

  test.each(framesOf('binance', 'others'))('of another kind yields nothing: %s', (frame) => {
    expect(read(frame)).toEqual({ kind: 'ignored' });
  });
});

describe('a frame of Binance that is no trade', () => {
  test.each([
    ['"s":"BTCUSDT"', '"s":"SOLUSDT"', 'market "SOLUSDT" is not subscribed'],
    ['"p":"61837.63000000"', '"p":"0.00000000"', 'price "0" is not a number above 0'],
    ['"p":"61837.63000000"', '"p":"-1"', 'price "-1" is not a number above 0'],
    ['"p":"61837.63000000"', '"p":61837.63', 'price of type undefined is not a number above 0'],
    ['"q":"0.02000000"', '"q":"1e30"', 'size "1e30" is not a number above 0'],
    ['"t":3735683259', '"t":-1', 'trade id "-1" is not a whole number'],
    ['"t":3735683259', '"t":9223372036854775808', 'trade id "9223372036854776000" is not a whole number'],
    ['"t":3735683259', '"t":"3735683259"', 'trade id of type undefined is not a whole number'],
    ['"m":true', '"m":1', 'side is neither of buy and sell'],
    // T49: microseconds, which an option of the URL turns on, are not taken for milliseconds.
    ['"T":1723161255342', '"T":1723161255342123', 'event time "1723161255342123" is not in milliseconds since 1970'],
    ['"T":1723161255342', '"T":1723161255', 'event time "1723161255" is not in milliseconds since 1970'],
  ])('is refused with %s changed into %s', (from, to, reason) => {
    const frame = FIRST.replace(from, to);
    expect(frame).not.toBe(FIRST);
    expect(read(frame)).toEqual(refusal(reason, frame));
  });

  test.each(HOSTILE)('is garbage or nothing: %.40s', (frame) => {
    expect(['garbage', 'ignored']).toContain(read(frame).kind);
  });

  test('stays harmless however it is broken', () => {
    expectMutationsHarmless(open, FRAMES);
  });
});

describe('an answer of Binance', () => {
  test.each([
    ['{"result":null,"id":1}', { kind: 'acknowledged', symbols: null, requestId: 1 }],
    [
      '{"error":{"code":2,"msg":"Invalid request"},"id":1}',
      { kind: 'rejected', symbols: null, requestId: 1, reason: '2: Invalid request' },
    ],
    ['{"code":2,"msg":"Invalid request","id":4}', { kind: 'rejected', symbols: null, requestId: 4, reason: '2: Invalid request' }],
    ['{"code":3,"msg":"Too many messages"}', { kind: 'rate limited', reason: '3: Too many messages' }],
    ['{"result":["btcusdt@trade"],"id":3}', { kind: 'ignored' }],
    ['{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1795354000999}}', { kind: 'closing', reason: 'serverShutdown' }],
    ['{"e":"somethingNew"}', { kind: 'ignored' }],
  ])('%s is understood', (frame, message) => {
    expect(read(frame)).toEqual(message);
  });
});

describe('Binance is asked', () => {
  test('for all symbols in one message', () => {
    expect(JSON.parse(open().subscribe(SYMBOLS, 7))).toEqual({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@trade'], id: 7 });
    expect(JSON.parse(open().unsubscribe([SYMBOLS[0] as MarketSymbol], 8))).toEqual({
      method: 'UNSUBSCRIBE',
      params: ['btcusdt@trade'],
      id: 8,
    });
  });

  test('at its own host, Binance.US at another, or where the configuration says', () => {
    expect(feed.url(undefined)).toBe('wss://stream.binance.com:9443/stream');
    expect(createBinanceFeed('binanceus').url(undefined)).toBe('wss://stream.binance.us:9443/stream');
    expect(feed.url('wss://data-stream.binance.vision')).toBe('wss://data-stream.binance.vision/stream');
    expect(feed.url('ws://127.0.0.1:1/own')).toBe('ws://127.0.0.1:1/own');
  });
});
