import { describe, expect, test } from 'vitest';
import { EXCHANGES } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { BUCKETS, bucketOf } from '#domain/trades/bucket.ts';
import { shippedConfig } from '../../factories/shipped-config.ts';

describe('bucketOf', () => {
  test('is what it was for the markets of earlier releases', () => {
    const of = (symbol: string) => EXCHANGES.map((exchange) => bucketOf(exchange, symbol as MarketSymbol));
    expect([of('BTC/USDT'), of('ETH/USD')]).toEqual(PINNED);
  });

  test('spreads the shipped markets over many buckets, all of them valid', () => {
    const buckets = Object.entries(shippedConfig().exchanges).flatMap(([exchange, entry]) =>
      (entry?.symbols ?? []).map((symbol) => bucketOf(exchange as (typeof EXCHANGES)[number], symbol)),
    );
    expect(buckets.filter((bucket) => !/^b\d\d$/.test(bucket) || Number(bucket.slice(1)) >= BUCKETS)).toEqual([]);
    expect(new Set(buckets).size).toBeGreaterThan(Math.min(buckets.length, BUCKETS) / 3);
  });
});

const PINNED = [
  ['b53', 'b17', 'b45', 'b23'],
  ['b63', 'b03', 'b23', 'b29'],
];
