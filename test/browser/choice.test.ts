import { describe, expect, test } from 'vitest';
import type { Exchange } from '#core/exchange.ts';
import type { Timeframe } from '#core/timeframe.ts';
import type { SeriesStatus } from '#local/platform-status.ts';
import { hashOf, nearestSeries, offers, wishOf } from '../../web/choice.ts';
import { seriesOf } from '../local/page/page-fixture.ts';

function statusOf(exchange: Exchange, symbol: string, timeframe: Timeframe): SeriesStatus {
  return { ...seriesOf(exchange, symbol, timeframe), newestOpenTimeMs: null, missing: 0 };
}

const SERIES = [
  statusOf('binanceus', 'BTC/USDT', '1m'),
  statusOf('binanceus', 'BTC/USDT', '1h'),
  statusOf('kraken', 'USDC/USD', '1m'),
  statusOf('kraken', 'BTC/USD', '1m'),
  statusOf('kraken', 'BTC/USD', '5m'),
];

test('the address names the series and is read back', () => {
  expect(hashOf(seriesOf('kraken', 'BTC/USD', '5m'))).toBe('#kraken/BTC-USD/5m');
  expect(wishOf('#kraken/BTC-USD/5m')).toEqual({ exchange: 'kraken', symbol: 'BTC/USD', timeframe: '5m' });
});

describe('the nearest series is shown', () => {
  test.each([
    ['', 'binanceus BTC/USDT 1m'],
    ['#kraken/BTC-USD/5m', 'kraken BTC/USD 5m'],
    ['#kraken/BTC-USD/1h', 'kraken BTC/USD 1m'],
    ['#kraken/BTC-USDT/5m', 'kraken BTC/USD 5m'],
    ['#kraken/DOGE-USD/1m', 'kraken USDC/USD 1m'],
    ['#binanceus/BTC-USD/1h', 'binanceus BTC/USDT 1h'],
    ['#constructor/__proto__/x', 'binanceus BTC/USDT 1m'],
    ['#%00/<img>', 'binanceus BTC/USDT 1m'],
  ])('for %j it is %s', (hash, expected) => {
    const found = nearestSeries(SERIES, wishOf(hash));
    expect(`${found?.exchange} ${found?.symbol} ${found?.timeframe}`).toBe(expected);
  });

  test('of no series there is none', () => {
    expect(nearestSeries([], wishOf('#kraken/BTC-USD/5m'))).toBeUndefined();
  });
});

test('only what exists is offered', () => {
  expect(offers(SERIES, seriesOf('kraken', 'BTC/USD', '5m'))).toEqual({
    exchange: ['binanceus', 'kraken'],
    symbol: ['USDC/USD', 'BTC/USD'],
    timeframe: ['1m', '5m'],
  });
});
