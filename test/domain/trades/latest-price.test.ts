import { describe, expect, test } from 'vitest';
import { latestPriceEntry, parseLatestPrice } from '#domain/trades/latest-price.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { checkedTrade, NOON } from './made-trades.ts';

const BTC = 'BTC/USD' as MarketSymbol;
const entry = latestPriceEntry(checkedTrade({ source: 'rest' }));

describe('a latest price', () => {
  test('is a hash under its market, ordered by event time and trade id', () => {
    expect(entry).toEqual({
      key: 'latest_price:kraken:BTC/USD',
      orderMs: NOON,
      orderId: '5504897',
      fields: {
        price: '36160.9',
        size: '0.00039906',
        side: 'buy',
        event_time: String(NOON),
        received_at: String(NOON + 40),
        source: 'rest',
        quality: 'good',
        trade_id: '5504897',
      },
    });
  });

  test('is read as it was written, further fields aside', () => {
    expect(parseLatestPrice('kraken', BTC, { ...entry.fields, later: 'x' })).toEqual({
      exchange: 'kraken',
      symbol: BTC,
      price: '36160.9',
      size: '0.00039906',
      side: 'buy',
      eventTimeMs: NOON,
      receivedAtMs: NOON + 40,
      source: 'rest',
      quality: 'good',
      tradeId: '5504897',
    });
  });

  test('is read of a sale, and up to the last time that there is', () => {
    const sale = latestPriceEntry(checkedTrade({ side: 'sell', eventTimeMs: 8.64e15, receivedAtMs: 8.64e15 }));
    expect(parseLatestPrice('kraken', BTC, sale.fields)).toMatchObject({ side: 'sell', eventTimeMs: 8.64e15, receivedAtMs: 8.64e15 });
  });

  test.each(Object.keys(entry.fields))('is not read without its %s', (field) => {
    const { [field]: _gone, ...others } = entry.fields;
    expect(parseLatestPrice('kraken', BTC, others)).toBeUndefined();
  });

  test.each<[string, string]>([
    ['price', ''],
    ['price', 'NaN'],
    ['price', '0'],
    ['price', '-1'],
    ['price', '1,000'],
    ['size', '0'],
    ['size', '-0.1'],
    ['side', 'BUY'],
    ['event_time', '1e3'],
    ['event_time', '-1'],
    ['event_time', '2023-11-17'],
    ['event_time', '9999999999999999'],
    ['event_time', '8640000000000001'],
    ['received_at', ''],
    ['source', 'rumour'],
    ['quality', ''],
    ['trade_id', ''],
  ])('is not read with the %s %j', (field, value) => {
    expect(parseLatestPrice('kraken', BTC, { ...entry.fields, [field]: value })).toBeUndefined();
  });
});
