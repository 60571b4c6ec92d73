import { describe, expect, test } from 'vitest';
import { StalePriceError } from '#core/errors.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { latestPriceEntry } from '#domain/trades/latest-price.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { readLatestPrice } from '#usecases/read-latest-price.ts';
import { checkedTrade, NOON } from '../domain/trades/made-trades.ts';

const BTC = { exchange: 'kraken', symbol: 'BTC/USD' as MarketSymbol } as const;

async function world(ageMs: number, write: Readonly<Record<string, string>> | null = latestPriceEntry(checkedTrade()).fields) {
  const clock = { nowMs: () => NOON + ageMs, sleepUntil: async () => {} };
  const cache = createMemoryCache(clock);
  if (write !== null) await cache.writeHashes([{ key: 'latest_price:kraken:BTC/USD', fields: write }], 300);
  return { cache, clock };
}

describe('the reader of a latest price', () => {
  test.each([0, 120_000, -60_000])('gets one that is %i ms old', async (ageMs) => {
    const price = await readLatestPrice(await world(ageMs), BTC);
    expect([price.price, price.tradeId]).toEqual(['36160.9', '5504897']);
  });

  test.each<[string, number, number | undefined, string]>([
    [
      'older than two minutes',
      120_001,
      undefined,
      'the latest price of kraken "BTC/USD" is 120001 ms old, expected at most 120000 ms; see whether the collector runs and the market trades',
    ],
    [
      'older than the reader allows',
      1001,
      1000,
      'the latest price of kraken "BTC/USD" is 1001 ms old, expected at most 1000 ms; see whether the collector runs and the market trades',
    ],
    [
      'from the future',
      -60_001,
      undefined,
      'the latest price of kraken "BTC/USD" is 60001 ms in the future, expected at most 60000 ms; see which clock is wrong',
    ],
  ])('is refused one %s', async (_what, ageMs, maxAgeMs, message) => {
    const error: unknown = await readLatestPrice(await world(ageMs), { ...BTC, ...(maxAgeMs === undefined ? {} : { maxAgeMs }) }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StalePriceError);
    expect(error).toMatchObject({ message, ageMs, code: 'STALE_PRICE' });
  });

  test.each<[string, Record<string, string> | null, string]>([
    [
      'nothing is stored',
      null,
      'the latest price of kraken "BTC/USD" is unknown, expected one at most 120000 ms old; see whether the collector runs',
    ],
    [
      'it is garbled',
      { price: 'x' },
      'the latest price of kraken "BTC/USD" is stored in a form that cannot be read; see whether another release writes to this cache',
    ],
  ])('is refused when %s', async (_what, stored, message) => {
    await expect(readLatestPrice(await world(0, stored), BTC)).rejects.toMatchObject({ message, ageMs: null, code: 'STALE_PRICE' });
  });

  test('hears of a cache that is away as that, not as of a stale price', async () => {
    const { clock } = await world(0);
    const cache = { readHash: async () => await Promise.reject(new Error('the cache is away')) };
    await expect(readLatestPrice({ cache, clock }, BTC)).rejects.toThrow('the cache is away');
  });
});
