import { describe, expect, test } from 'vitest';
import { createKrakenFeed } from '#providers/kraken/kraken-feed.ts';
import { marketSymbol } from '../websocket/feed-world.ts';
import { framesOf } from '../websocket/frames.ts';
import { expectMutationsHarmless, HOSTILE } from '../websocket/mutations.ts';

const SYMBOLS = ['BTC/USDT', 'DOGE/USD'].map(marketSymbol);
const RECEIVED_MS = 1_700_179_207_000;
const open = () => createKrakenFeed().openSession(SYMBOLS);
const read = (frame: string) => open().read(frame, RECEIVED_MS);
const FRAMES = framesOf('kraken', 'trades');

const row = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  symbol: 'BTC/USDT',
  side: 'buy',
  price: 90000.1,
  qty: 0.0012,
  ord_type: 'limit',
  trade_id: 4665906,
  timestamp: '2026-11-22T13:00:00.123456Z',
  ...fields,
});
const frameOf = (...data: readonly Record<string, unknown>[]): string => JSON.stringify({ channel: 'trade', type: 'update', data });

describe('a frame of Kraken', () => {
  test('of real trades is read exactly', () => {
    expect(read(FRAMES[0]!)).toEqual({
      kind: 'trades',
      trades: [
        {
          exchange: 'kraken',
          symbol: 'BTC/USDT',
          id: '5504897',
          price: '36160.9',
          size: '0.00039906',
          side: 'buy',
          eventTimeMs: 1_700_179_206_662,
          receivedAtMs: RECEIVED_MS,
        },
      ],
      refused: [],
      isSnapshot: false,
    });
  });

  test('may hold several trades, oldest first; the ids go up by one', () => {
    const session = open();
    const trades = FRAMES.flatMap((frame) => {
      const message = session.read(frame, RECEIVED_MS);
      return message.kind === 'trades' ? message.trades : [];
    });
    const ids = trades.map(({ id }) => Number(id));
    expect(ids.length).toBeGreaterThan(FRAMES.length);
    expect(ids).toEqual(ids.map((_, index) => ids[0]! + index));
    expect(read(frameOf(row({ trade_id: 11 }), row({ trade_id: 9 })))).toMatchObject({ trades: [{ id: '9' }, { id: '11' }] });
  });

  test('T46: keeps prices as their shortest text, small ones too', () => {
    const prices = ['0.1', '1e-7', '0.00000123', '61837.63', '123456789012.12', '1e5'].map((price) => {
      const message = read(frameOf(row()).replace('90000.1', price));
      return message.kind === 'trades' ? message.trades[0]?.price : message;
    });
    expect(prices).toEqual(['0.1', '0.0000001', '0.00000123', '61837.63', '123456789012.12', '100000']);
  });

  test('T47: has the unified names DOGE and BTC, and refuses REST’s', () => {
    expect(read(frameOf(row({ symbol: 'DOGE/USD' })))).toMatchObject({ trades: [{ symbol: 'DOGE/USD' }] });
    expect(read(frameOf(row({ symbol: 'XBT/USDT' })))).toMatchObject({
      trades: [],
      refused: [{ reason: 'symbol "XBT/USDT" is not subscribed' }],
    });
  });

  test('T42: of type snapshot is told apart', () => {
    expect(read(frameOf(row()).replace('update', 'snapshot'))).toMatchObject({ isSnapshot: true });
  });

  test.each([
    [{ symbol: null }, 'there is no symbol'],
    [{ price: '90000.1' }, 'price of type undefined is not a number above 0'],
    [{ price: -1 }, 'price "-1" is not a number above 0'],
    [{ price: 1e25 }, 'price "1e+25" is not a number above 0'],
    [{ qty: 0 }, 'size "0" is not a number above 0'],
    [{ qty: 1e-20 }, 'size "1e-20" is not a number above 0'],
    [{ side: 'b' }, 'side is neither of buy and sell'],
    [{ trade_id: 1.5 }, 'trade id "1.5" is not a whole number'],
    [{ trade_id: 2 ** 60 }, 'trade id "1152921504606847000" is not a whole number'],
    [{ timestamp: '2026-11-22 13:00:00' }, 'event time of type undefined is not in milliseconds since 1970'],
  ])('with %o has that trade refused', (fields, reason) => {
    expect(read(frameOf(row(fields), row()))).toMatchObject({ trades: [{ id: '4665906' }], refused: [{ reason }] });
  });

  test('stays harmless however it is broken', () => {
    expectMutationsHarmless(open, FRAMES);
    for (const frame of HOSTILE) expect(['garbage', 'ignored']).toContain(read(frame).kind);
  });
});

describe('an answer of Kraken', () => {
  test.each([
    [
      '{"method":"subscribe","result":{"channel":"trade","symbol":"BTC/USDT","snapshot":false},"success":true,"req_id":7}',
      { kind: 'acknowledged', symbols: ['BTC/USDT'], requestId: 7 },
    ],
    [
      '{"method":"subscribe","result":{"channel":"trade"},"success":true}',
      { kind: 'garbage', reason: 'an acknowledgement names no symbol' },
    ],
    [
      '{"method":"subscribe","error":"Currency pair not supported DOGE/USD","success":false,"req_id":7}',
      { kind: 'rejected', symbols: ['DOGE/USD'], requestId: 7, reason: 'Currency pair not supported DOGE/USD' },
    ],
    [
      '{"method":"subscribe","error":"Currency pair not supported","symbol":"DOGE/USD","success":false,"req_id":7}',
      { kind: 'rejected', symbols: ['DOGE/USD'], requestId: 7, reason: 'Currency pair not supported' },
    ],
    [
      '{"method":"subscribe","error":"Something","success":false,"req_id":7}',
      { kind: 'rejected', symbols: null, requestId: 7, reason: 'Something' },
    ],
    [
      '{"method":"subscribe","error":"Already subscribed to BTC/USDT","success":false,"req_id":7}',
      { kind: 'acknowledged', symbols: ['BTC/USDT'], requestId: 7 },
    ],
    ['{"Error":"Exceeded msg rate"}', { kind: 'rate limited', reason: 'Exceeded msg rate' }],
    ['{"method":"pong","req_id":8}', { kind: 'ignored' }],
    ['{"channel":"heartbeat"}', { kind: 'heartbeat' }],
    ['{"channel":"status","type":"update","data":[{"system":"online","connection_id":6447481662169813000}]}', { kind: 'ignored' }],
    ['{"channel":"trade"}', { kind: 'garbage', reason: 'a message of the trade channel has no data' }],
  ])('%s is understood', (frame, message) => {
    expect(read(frame)).toEqual(message);
  });
});

describe('Kraken is asked', () => {
  test('without snapshots, for several symbols in one message', () => {
    expect(JSON.parse(open().subscribe(SYMBOLS, 7))).toEqual({
      method: 'subscribe',
      params: { channel: 'trade', symbol: ['BTC/USDT', 'DOGE/USD'], snapshot: false },
      req_id: 7,
    });
    expect(JSON.parse(open().unsubscribe(SYMBOLS, 8))).toMatchObject({ method: 'unsubscribe', req_id: 8 });
  });

  test('at version 2 of its own host, or where the configuration says', () => {
    expect(createKrakenFeed().url(undefined)).toBe('wss://ws.kraken.com/v2');
    expect(createKrakenFeed().url('ws://127.0.0.1:1')).toBe('ws://127.0.0.1:1/v2');
  });
});
