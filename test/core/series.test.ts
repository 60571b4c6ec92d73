import { expect, test } from 'vitest';
import { EXCHANGES, isExchange } from '#core/exchange.ts';
import { seriesKey } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { isTimeframe, TIMEFRAME_MS, TIMEFRAMES } from '#core/timeframe.ts';

const SYMBOLS = ['BTC/USD', 'BTC/USDT'] as MarketSymbol[];

test('the key of a series is readable', () => {
  expect(seriesKey({ exchange: 'kraken', symbol: SYMBOLS[0] as MarketSymbol, timeframe: '5m' })).toBe('kraken BTC/USD 5m');
});

test('no two series have the same key', () => {
  const all = EXCHANGES.flatMap((exchange) =>
    SYMBOLS.flatMap((symbol) => TIMEFRAMES.map((timeframe) => seriesKey({ exchange, symbol, timeframe }))),
  );
  expect(new Set(all).size).toBe(EXCHANGES.length * SYMBOLS.length * TIMEFRAMES.length);
});

test('exchanges and timeframes are known by their exact words only', () => {
  expect(['kraken', 'Kraken', 'kraken ', 'constructor', '', null, 0].map(isExchange)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(['1m', '1M', '7m', 'toString', undefined, 60].map(isTimeframe)).toEqual([true, false, false, false, false, false]);
});

test('each timeframe is a whole number of minutes, and longer than the one before', () => {
  const lengths = TIMEFRAMES.map((timeframe) => TIMEFRAME_MS[timeframe]);
  expect(lengths).toEqual([60_000, 300_000, 3_600_000]);
});
