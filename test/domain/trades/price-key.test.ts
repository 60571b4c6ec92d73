import { describe, expect, test } from 'vitest';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { latestPriceKey } from '#domain/trades/price-key.ts';

describe('latestPriceKey', () => {
  test('names exchange and symbol', () => {
    expect(latestPriceKey('kraken', 'BTC/USD' as MarketSymbol)).toBe('latest_price:kraken:BTC/USD');
  });

  test('takes a part of 64 characters, and shows no more of a longer one', () => {
    const longest = 'A'.repeat(64) as MarketSymbol;
    expect(latestPriceKey('kraken', longest)).toBe(`latest_price:kraken:${longest}`);
    expect(() => latestPriceKey('kraken', `${longest}B` as MarketSymbol)).toThrow(`symbol "${longest}" cannot`);
  });

  test.each([
    '',
    '*',
    '[a-z]',
    'BTC?',
    'latest_price:*',
    'BTC:USD',
    '{BTC}/USD',
    'BTC/USD}',
    'BTC\r\nFLUSHALL',
    'BTC\u0000',
    'BTC\u007F',
    'BTC USD',
    'BTC\\',
    'A'.repeat(65),
  ])('refuses %j in either part', (part) => {
    expect(() => latestPriceKey('kraken', part as MarketSymbol)).toThrow(
      /^symbol ".*" cannot be part of a cache key, expected .*; correct/s,
    );
    expect(() => latestPriceKey(part as Exchange, 'BTC/USD' as MarketSymbol)).toThrow(/^exchange ".*" cannot be part/s);
  });
});
