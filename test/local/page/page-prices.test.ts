import { describe, expect, test } from 'vitest';
import type { CheckedTrade } from '#core/trade.ts';
import { createPageApi } from '#local/page/page-api.ts';
import { latestPriceEntry } from '#domain/trades/latest-price.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { checkedTrade } from '../../domain/trades/made-trades.ts';
import { createPageWorld, START } from './page-fixture.ts';
import { symbolOf } from '../../usecases/fake-exchange.ts';

const MARKETS = ['BTC/USD', 'ETH/USD', 'SOL/USD'].map((text) => ({ exchange: 'kraken' as const, symbol: symbolOf(text) }));

async function pricesOf(...trades: CheckedTrade[]) {
  const clock = { nowMs: () => START, sleepUntil: async () => {} };
  const cache = createMemoryCache(clock);
  await cache.advanceHashes(trades.map(latestPriceEntry), 300);
  const api = createPageApi({ ...createPageWorld(), prices: { cache, clock, markets: MARKETS } });
  return await api('/api/prices', '');
}

describe('the prices of the page', () => {
  test('are those of the newest trades; an old one is not shown, and says so', async () => {
    const fresh = checkedTrade({ symbol: 'BTC/USD', price: '20230.5', eventTimeMs: START - 700, side: 'sell', source: 'synthetic' });
    const old = checkedTrade({ symbol: 'ETH/USD', eventTimeMs: START - 120_001 });
    expect(await pricesOf(fresh, old)).toEqual({
      status: 200,
      body: {
        isLive: true,
        nowMs: START,
        prices: [
          {
            exchange: 'kraken',
            symbol: 'BTC/USD',
            price: '20230.5',
            side: 'sell',
            source: 'synthetic',
            eventTimeMs: START - 700,
            refusal: null,
          },
          { exchange: 'kraken', symbol: 'ETH/USD', price: null, refusal: 'stale' },
          { exchange: 'kraken', symbol: 'SOL/USD', price: null, refusal: 'none yet' },
        ],
      },
    });
  });

  test('are none where no live trades are collected', async () => {
    expect(await createPageApi(createPageWorld())('/api/prices', '')).toEqual({
      status: 200,
      body: { isLive: false, nowMs: START, prices: [] },
    });
  });

  test('are not there when the cache does not answer, and the candles are', async () => {
    const world = createPageWorld();
    const cache = { readHash: async () => await Promise.reject(new Error('the cache is away')) };
    const api = createPageApi({
      ...world,
      prices: { cache, clock: { nowMs: () => START }, markets: MARKETS },
      logger: { error: () => {} },
    });
    expect((await api('/api/prices', '')).status).toBe(500);
    expect((await api('/api/status', '')).status).toBe(200);
  });
});
