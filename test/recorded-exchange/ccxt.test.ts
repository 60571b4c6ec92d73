import ccxt from 'ccxt';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '#core/exchange.ts';
import { RECORDINGS, replay, seconds } from './replay.ts';

const NOW = '2023-03-11T12:00:30Z';
const SINCE_MS = Date.parse('2023-03-11T11:58:00Z');

async function urlOf(exchange: Exchange): Promise<string> {
  const { urls } = await replay(RECORDINGS, NOW);
  return urls[exchange] ?? '';
}

const times = (rows: readonly (readonly (number | undefined)[])[]): (string | undefined)[] =>
  rows.map(([time]) => (time === undefined ? undefined : new Date(time).toISOString().slice(11, 16)));

describe('ccxt', () => {
  it('loads the markets and candles of the recorded Binance.US', async () => {
    const client = new ccxt.binance({
      urls: { api: { public: `${await urlOf('binanceus')}/api/v3` } },
      options: { fetchMarkets: { types: ['spot'] } },
      enableRateLimit: false,
    });
    const rows = await client.fetchOHLCV('BTC/USDC', '1m', SINCE_MS, 5);
    expect(Object.keys(client.markets ?? {}).sort()).toEqual(['BTC/USDC', 'BTC/USDT', 'USDC/USDT']);
    expect(times(rows)).toEqual(['11:58', '11:59', '12:00']);
    expect(client.market('USDC/USDT')['precision']).toMatchObject({ price: 0.0001 });
    await expect(client.fetchOHLCV('ETH/USDT')).rejects.toThrow('does not have market symbol');
  });

  it('loads the markets and candles of the recorded Coinbase', async () => {
    const client = new ccxt.coinbase({ urls: { api: { rest: await urlOf('coinbase') } }, enableRateLimit: false });
    const rows = await client.fetchOHLCV('BTC/USD', '1m', SINCE_MS, 5);
    expect(Object.keys(client.markets ?? {}).sort()).toEqual(['BTC/USD', 'BTC/USDT', 'USDT/USD']);
    expect(times(rows)).toEqual(['11:58', '11:59', '12:00']);
    await expect(client.fetchOHLCV('BTC/USD', '1m', SINCE_MS, 300, { until: SINCE_MS + 3.6e7 })).rejects.toThrow(
      'number of candles requested should be less than 350',
    );
  });

  it('loads the markets and candles of the recorded Kraken', async () => {
    const client = new ccxt.kraken({ urls: { api: { public: await urlOf('kraken') } }, enableRateLimit: false });
    const rows = await client.fetchOHLCV('BTC/USD', '1m', SINCE_MS, 5);
    expect(Object.keys(client.markets ?? {}).sort()).toEqual(['BTC/USD', 'BTC/USDC', 'BTC/USDT', 'USDC/USD', 'USDT/USD']);
    expect(times(rows)).toEqual(['11:58', '11:59', '12:00']);
    const [, open, high, low, close] = rows[0] ?? [];
    const { get } = await replay(RECORDINGS, NOW);
    const raw = (await get('kraken', `/0/public/OHLC?pair=XBTUSD&since=${seconds('2023-03-11T11:57:00Z')}`)).json<{
      result: { XXBTZUSD: string[][] };
    }>();
    expect([open, high, low, close]).toEqual(raw.result.XXBTZUSD[0]?.slice(1, 5).map(Number));
  });
});
