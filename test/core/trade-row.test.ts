import { describe, expect, test } from 'vitest';
import { readTradeRow, type TradeRow } from '#core/trade-row.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';

const ROW: TradeRow = {
  exchange: 'kraken',
  symbol: parseMarketSymbol('BTC/USD') as MarketSymbol,
  id: '7',
  price: '1.50',
  size: 0.25,
  side: 'buy',
  eventTimeMs: 1_795_354_000_123,
  receivedAtMs: 1_795_354_000_200,
};

describe('a row', () => {
  test('becomes a trade with canonical decimals and its id as text', () => {
    expect(readTradeRow({ ...ROW, id: 7 })).toEqual({ ...ROW, price: '1.5', size: '0.25' });
  });

  test.each([
    [{ id: 2 ** 53 }, 'trade id "9007199254740992" is not a whole number'],
    [{ id: '007' }, 'trade id "007" is not a whole number'],
    [{ id: '٣' }, 'trade id "٣" is not a whole number'],
    [{ id: -1 }, 'trade id "-1" is not a whole number'],
    [{ id: 1.5 }, 'trade id "1.5" is not a whole number'],
    [{ id: ['7'] }, 'trade id of type object is not a whole number'],
    [{ id: null }, 'trade id of type object is not a whole number'],
    [{ price: '0.0' }, 'price "0.0" is not a number above 0'],
    [{ price: '-1.5' }, 'price "-1.5" is not a number above 0'],
    [{ size: -0.25 }, 'size "-0.25" is not a number above 0'],
    [{ price: Number.NaN }, 'price "NaN" is not a number above 0'],
    [{ size: Number.POSITIVE_INFINITY }, 'size "Infinity" is not a number above 0'],
    [{ size: '0.0000000000000000001' }, 'size "0.0000000000000000001" is not a number above 0'],
    [{ side: undefined }, 'side is neither of buy and sell'],
    [{ eventTimeMs: undefined }, 'event time of type undefined is not in milliseconds since 1970'],
    [{ eventTimeMs: Number.NaN }, 'event time "NaN" is not in milliseconds since 1970'],
    [{ eventTimeMs: 1_230_940_799_999 }, 'event time "1230940799999" is not in milliseconds since 1970'],
    [{ eventTimeMs: 4_102_444_800_000 }, 'event time "4102444800000" is not in milliseconds since 1970'],
  ])('with %o is none, and says why', (fields, reason) => {
    expect(readTradeRow({ ...ROW, ...fields })).toBe(reason);
  });

  test('is taken with the lowest id, and from the first day of Bitcoin on', () => {
    expect(readTradeRow({ ...ROW, id: 0, eventTimeMs: Date.UTC(2009, 0, 3) })).toMatchObject({
      id: '0',
      eventTimeMs: Date.UTC(2009, 0, 3),
    });
  });

  test('is taken with the highest id that fits 64 bits, and quotes no more than 40 characters of what it refuses', () => {
    expect(readTradeRow({ ...ROW, id: '9'.repeat(19) })).toMatchObject({ id: '9'.repeat(19) });
    expect(readTradeRow({ ...ROW, id: 'x'.repeat(1000) })).toBe(`trade id "${'x'.repeat(40)}" is not a whole number`);
  });
});
