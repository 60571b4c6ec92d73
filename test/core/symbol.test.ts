import { describe, expect, test } from 'vitest';
import { parseMarketSymbol, splitSymbol, type MarketSymbol } from '#core/symbol.ts';

describe('parseMarketSymbol', () => {
  test.each(['BTC/USDT', '1INCH/USDT', 'A/B', `${'X'.repeat(20)}/${'Y'.repeat(20)}`])('takes %s', (text) => {
    expect(parseMarketSymbol(text)).toBe(text);
  });

  test.each([
    'BTCUSDT',
    'btc/usdt',
    'BTC-USDT',
    'BTC/USDT/',
    'BTC//USDT',
    '/',
    '/USDT',
    'BTC/',
    '',
    ' BTC/USDT',
    'BTC/USDT\n',
    'ВTC/USDT',
    'BTC\u200d/USDT',
    '\u202eBTC/USDT',
    'BTC/USD:USD',
    `${'X'.repeat(21)}/Y`,
    'X'.repeat(10_000),
    "x'); DROP TABLE candles_1m; --",
    '*',
    '../../etc',
    null,
    undefined,
    42,
    ['BTC/USDT'],
  ])('refuses %j', (value) => {
    expect(parseMarketSymbol(value)).toBeUndefined();
  });
});

test('splitSymbol gives base and quote', () => {
  expect(splitSymbol('1INCH/USDT' as MarketSymbol)).toEqual({ base: '1INCH', quote: 'USDT' });
});
