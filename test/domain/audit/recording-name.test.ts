import { expect, test } from 'vitest';
import { readRecordingName, timeframeText } from '#domain/audit/recording-name.ts';

test.each([
  ['klines/kraken_BTC-USD_1m.csv.gz', { exchange: 'kraken', market: 'BTCUSD', timeframeMs: 60_000, isOfRows: true, folder: '' }],
  ['a/b/trades/kraken_BTC-USD.csv.zst', { exchange: 'kraken', market: 'BTCUSD', timeframeMs: null, isOfRows: false, folder: 'a/b' }],
  [
    'long/binance_BTCUSDT_15m_2023-01-01_2023-12-31.csv.gz',
    { exchange: 'binance', market: 'BTCUSDT', timeframeMs: 900_000, isOfRows: true, folder: 'long' },
  ],
  ['kraken_XXBTZUSD_60.csv', { exchange: 'kraken', market: 'XXBTZUSD', timeframeMs: 3_600_000, isOfRows: true, folder: '' }],
  ['kraken_OHLC_XBTUSDT_1m.json.gz', { exchange: 'kraken', market: 'XBTUSDT', timeframeMs: 60_000, isOfRows: true, folder: '' }],
  ['kraken_Trades_XBTUSDT.json', { exchange: 'kraken', market: 'XBTUSDT', timeframeMs: null, isOfRows: true, folder: '' }],
  ['kraken_AssetPairs_2025-07-23.json', { exchange: 'kraken', market: 'ASSETPAIRS', timeframeMs: null, isOfRows: false, folder: '' }],
  ['/x/candles.csv', { exchange: 'candles', market: '', timeframeMs: null, isOfRows: false, folder: '/x' }],
  ['kraken_BTC-USD_9999d.csv', { exchange: 'kraken', market: 'BTCUSD', timeframeMs: null, isOfRows: false, folder: '' }],
])('the name %s is read', (path, expected) => {
  expect(readRecordingName(path)).toEqual(expected);
});

test('a timeframe is written in the largest unit that divides it', () => {
  expect([60_000, 900_000, 3_600_000, 86_400_000, 1].map(timeframeText)).toEqual(['1m', '15m', '1h', '1d', '1 ms']);
});
