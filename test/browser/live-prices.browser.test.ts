/// <reference lib="dom" />
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckedTrade } from '#core/trade.ts';
import { latestPriceEntry } from '#domain/trades/latest-price.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { checkedTrade } from '../domain/trades/made-trades.ts';
import { candle, createPageWorld, seriesOf, servePage, START } from '../local/page/page-fixture.ts';
import { launchChromium, openPage } from './chromium.ts';

const LIMITS = { timeout: 30_000 };
const KRAKEN = seriesOf('kraken', 'BTC/USD', '1m');
const COINBASE = seriesOf('coinbase', 'BTC/USD', '1m');

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
}, 60_000);
afterAll(async () => {
  await browser?.close();
});

/** A page with two markets whose prices the test writes, in a time that it moves. */
async function openPrices(hasCollector = true) {
  const world = createPageWorld();
  for (const series of [KRAKEN, COINBASE]) await world.add(series, [candle('1m', 0, 20_000)]);
  let now = START;
  const clock = { nowMs: () => now, sleepUntil: async () => {} };
  const memory = createMemoryCache(clock);
  let isAway = false;
  const cache = {
    async readHash(key: string) {
      if (isAway) throw new Error('the cache is away');
      return await memory.readHash(key);
    },
  };
  const markets = hasCollector ? [KRAKEN, COINBASE].map(({ exchange, symbol }) => ({ exchange, symbol })) : [];
  const server = await servePage({ ...world, prices: { cache, clock, markets }, logger: { error: () => {} } });
  const watched = await openPage(browser, server.url);
  return {
    ...watched,
    write: (...trades: CheckedTrade[]) => memory.advanceHashes(trades.map(latestPriceEntry), 300),
    pass: (ms: number) => void (now += ms),
    goAway: (away: boolean) => void (isAway = away),
    item: (market: string) => watched.page.locator('#price-list li', { hasText: market }),
  };
}

test('each market has the price of its newest trade, coloured by who took, and its age', LIMITS, async () => {
  const { write, item, complaints, page } = await openPrices();
  await item('kraken').filter({ hasText: 'none yet' }).waitFor();
  await write(checkedTrade({ exchange: 'kraken', price: '20230.5', side: 'sell', eventTimeMs: START - 200, id: '1' }));
  await write(checkedTrade({ exchange: 'coinbase', price: '20241.2', side: 'buy', eventTimeMs: START - 21_000, id: '1' }));
  await item('kraken').filter({ hasText: '20230.5' }).filter({ hasText: 'now' }).waitFor();
  await item('coinbase').filter({ hasText: '20241.2' }).filter({ hasText: '21 s ago' }).waitFor();
  expect(await item('kraken').getAttribute('data-state')).toBe('sell');
  expect(await item('coinbase').getAttribute('data-state')).toBe('buy');
  await write(checkedTrade({ exchange: 'kraken', price: '20231', side: 'buy', eventTimeMs: START - 100, id: '2' }));
  await item('kraken').filter({ hasText: '20231' }).waitFor();
  expect(await page.locator('#price-note').textContent()).toMatch(/^Price of the newest trade of each market/);
  expect(complaints).toEqual([]);
});

test('a price that is too old is not shown, and made-up ones are called so', LIMITS, async () => {
  const { write, item, pass, page } = await openPrices();
  await write(checkedTrade({ exchange: 'kraken', price: '20230.5', eventTimeMs: START, source: 'synthetic' }));
  await item('kraken').filter({ hasText: '20230.5' }).waitFor();
  expect(await page.locator('#price-note').textContent()).toMatch(
    /^Live prices here are synthetic: trades made up from the recorded candles/,
  );
  pass(130_000);
  await item('kraken').filter({ hasText: 'stale' }).waitFor();
  expect(await item('kraken').textContent()).not.toContain('20230.5');
});

test('a cache that is away takes the prices from the page, not the candles', LIMITS, async () => {
  const { write, item, goAway, page } = await openPrices();
  await write(checkedTrade({ exchange: 'kraken', price: '20230.5', eventTimeMs: START }));
  await item('kraken').filter({ hasText: '20230.5' }).waitFor();
  goAway(true);
  await page.locator('#prices[data-state="lost"]').waitFor();
  await item('kraken').filter({ hasText: 'unknown' }).waitFor();
  expect(await item('kraken').textContent()).not.toContain('20230.5');
  await page.locator('#freshness[data-state="fresh"]').waitFor();
  goAway(false);
  await item('kraken').filter({ hasText: '20230.5' }).waitFor();
});

test('a click on a price shows the candles of that market', LIMITS, async () => {
  const { item, page } = await openPrices();
  await item('coinbase').getByRole('button').click();
  await page.locator('#chart[data-series="coinbase BTC/USD 1m"]').waitFor();
});

test('without live trades there is no strip of prices', LIMITS, async () => {
  const { page } = await openPrices(false);
  await page.locator('#freshness[data-state="fresh"]').waitFor();
  expect(await page.locator('#prices').isVisible()).toBe(false);
});
