/// <reference lib="dom" />
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StoreError } from '#core/errors.ts';
import type { Series } from '#core/series.ts';
import type { PageServer } from '#local/page/page-server.ts';
import { candle, createPageWorld, seriesOf, servePage, type PageWorld } from '../local/page/page-fixture.ts';
import { launchChromium, openPage, type WatchedPage } from './chromium.ts';

const CANDLES = 120;
const LIMITS = { timeout: 30_000 };

const KRAKEN = seriesOf('kraken', 'BTC/USD', '1m');
const KRAKEN_5M = seriesOf('kraken', 'BTC/USD', '5m');
const KRAKEN_USDC = seriesOf('kraken', 'USDC/USD', '1m');
const BINANCEUS = seriesOf('binanceus', 'BTC/USDT', '1m');

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

type OpenedPage = WatchedPage & { readonly world: PageWorld; readonly server: PageServer };

async function openWorld(hash = ''): Promise<OpenedPage> {
  const world = createPageWorld();
  await addCandles(world, KRAKEN, 20_000);
  await addCandles(world, KRAKEN_5M, 21_000);
  await addCandles(world, KRAKEN_USDC, 1000);
  await addCandles(world, BINANCEUS, 30_000);
  const server = await servePage(world);
  const watched = await openPage(browser, `${server.url}/${hash}`);
  return { ...watched, world, server };
}

async function addCandles(world: PageWorld, series: Series, base: number): Promise<void> {
  await world.add(
    series,
    Array.from({ length: CANDLES }, (_, i) => candle(series.timeframe, i, base)),
  );
}

function value(page: Page, panel: string, name: string): Locator {
  return page.locator(`[data-panel="${panel}"] [data-name="${name}"] b`);
}

async function until(locator: Locator, text: string | RegExp): Promise<void> {
  await locator.filter({ hasText: text }).waitFor();
}

/** Distinct colours of all canvases of a panel's row: a blank one has one or none. */
async function coloursOf(page: Page, panel: string): Promise<number> {
  return await page.locator(`[data-panel="${panel}"]`).evaluate((legend) => {
    const colours = new Set<number>();
    for (const canvas of legend.closest('tr')?.querySelectorAll('canvas') ?? []) {
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      if (pixels !== undefined) for (const pixel of new Uint32Array(pixels.buffer)) colours.add(pixel);
    }
    return colours.size;
  });
}

test('four panels show the series with its values, and their canvases are drawn', LIMITS, async () => {
  const { page, complaints } = await openWorld();
  await page.locator('#chart[data-series="kraken BTC/USD 1m"]').waitFor();
  const newest = candle('1m', CANDLES - 1);
  await until(value(page, 'price', 'close'), Number(newest.close).toLocaleString('en-US'));
  expect(await value(page, 'price', 'time').textContent()).toBe('2023-03-11 01:59 UTC');
  expect(await value(page, 'volume', 'volume').textContent()).toBe(newest.volume);
  const names = [
    ['price', 'SMA_20'],
    ['price', 'SMA_50'],
    ['price', 'EMA_12'],
    ['price', 'EMA_26'],
    ['rsi', 'RSI_14'],
    ['macd', 'MACD'],
    ['macd', 'MACD_signal'],
    ['macd', 'MACD_histogram'],
  ] as const;
  for (const [panel, name] of names) expect.soft(await value(page, panel, name).textContent(), name).toMatch(/^\u2212?[\d,]+\.\d+$/);
  expect(await page.locator('[data-panel] strong').allTextContents()).toEqual([
    'Price of BTC in USD',
    'Volume in BTC',
    'RSI 14',
    'MACD 12 26 9 in USD',
  ]);
  for (const panel of ['price', 'volume', 'rsi', 'macd'])
    await expect.poll(() => coloursOf(page, panel), { message: panel }).toBeGreaterThan(5);
  expect(complaints).toEqual([]);
});

test('the header says that it is a recording, which one, its time and speed', LIMITS, async () => {
  const { page, world } = await openWorld();
  await until(page.locator('#source'), /^recorded market data · made-by-the-test · replay time 2023-03-11 10:00 UTC · ×60$/);
  await until(page.locator('#phase'), 'running');
  world.say({ mode: 'live', recording: null, speed: null, phase: 'catching up' });
  await until(page.locator('#source'), /^live market data · 2023-03-11 10:00 UTC$/);
  await until(page.locator('#phase'), 'catching up');
});

test('a new candle moves the chart by itself', LIMITS, async () => {
  const { page, world, complaints } = await openWorld();
  await page.locator('#chart[data-newest="2023-03-11 01:59"]').waitFor();
  await world.add(KRAKEN, [candle('1m', CANDLES)]);
  await page.locator(`#chart[data-newest="2023-03-11 02:00"][data-candles="${CANDLES + 1}"]`).waitFor();
  await until(value(page, 'price', 'time'), '2023-03-11 02:00 UTC');
  await until(page.locator('#freshness'), 'newest candle 2023-03-11 02:00 UTC');
  expect(await value(page, 'rsi', 'RSI_14').textContent()).toMatch(/^[\d.]+$/);
  expect(complaints).toEqual([]);
});

test('a minute without a candle is drawn as filled and explained at the crosshair', LIMITS, async () => {
  const { page, world } = await openWorld();
  await page.locator('#chart[data-filled="0"]').waitFor();
  await world.add(
    KRAKEN,
    [0, 1, 2].map((i) => candle('1m', CANDLES + 30 + i)),
  );
  await page.locator('#chart[data-filled="30"]').waitFor();
  const box = await page.locator('[data-panel="price"]').evaluate((legend) => {
    const { left, top, width } = legend.closest('td')?.getBoundingClientRect() ?? new DOMRect();
    return { left, top, width };
  });
  // Some 7 pixels a candle: ten candles behind the newest ones lie in the hole.
  await page.mouse.move(box.left + box.width - 120, box.top + 150);
  await until(value(page, 'price', 'filled'), 'filled: no candle stored');
  expect(await value(page, 'volume', 'volume').textContent()).toBe('0');
  await until(page.locator('#about'), 'No candle stored for this time');
});

test('another exchange, symbol and timeframe change the chart and the address', LIMITS, async () => {
  const { page, complaints } = await openWorld();
  await page.locator('#chart[data-series="kraken BTC/USD 1m"]').waitFor();
  await page.locator('#timeframe').selectOption('5m');
  await page.locator('#chart[data-series="kraken BTC/USD 5m"][data-newest="2023-03-11 09:55"]').waitFor();
  await page.locator('#symbol').selectOption('USDC/USD');
  await page.locator('#chart[data-series="kraken USDC/USD 1m"]').waitFor();
  await until(page.locator('[data-panel="price"] strong'), 'Price of USDC in USD');
  await page.locator('#exchange').selectOption('binanceus');
  await page.locator('#chart[data-series="binanceus BTC/USDT 1m"]').waitFor();
  await until(value(page, 'price', 'close'), Number(candle('1m', CANDLES - 1, 30_000).close).toLocaleString('en-US'));
  expect(new URL(page.url()).hash).toBe('#binanceus/BTC-USDT/1m');
  expect(complaints).toEqual([]);
});

test('an address opens the series that it names', LIMITS, async () => {
  const { page } = await openWorld('#kraken/BTC-USD/5m');
  await page.locator('#chart[data-series="kraken BTC/USD 5m"]').waitFor();
  expect(await page.locator('#timeframe').inputValue()).toBe('5m');
  await page.evaluate("location.hash = '#binanceus/BTC-USDT/1m'");
  await page.locator('#chart[data-series="binanceus BTC/USDT 1m"]').waitFor();
});

test('nothing is asked of any other origin, and no request is made twice at a time', LIMITS, async () => {
  const { page, requests, server, mostAtOnce } = await openWorld();
  await page.locator('#chart[data-series]').waitFor();
  await expect.poll(() => requests.filter((url) => url.includes('/api/chart')).length, { timeout: 10_000 }).toBeGreaterThan(3);
  expect([...new Set(requests.map((url) => new URL(url).origin))]).toEqual([server.url]);
  expect(mostAtOnce()).toBe(1);
  const deltas = requests.filter((url) => url.includes('/api/chart')).slice(1);
  expect(deltas.every((url) => new URL(url).searchParams.has('from'))).toBe(true);
});

test('data that look like HTML stay text', LIMITS, async () => {
  const { page, world } = await openWorld();
  world.say({ recording: '<img src=x onerror=alert(1)>', problems: ['<b id="injected">kraken does not answer</b>'] });
  await until(page.locator('#source'), '<img src=x onerror=alert(1)>');
  await until(page.locator('#note'), '<b id="injected">kraken does not answer</b>');
  expect(await page.locator('#injected, #source img').count()).toBe(0);
});

test('the end of the recording is said in a friendly note', LIMITS, async () => {
  const { page, world } = await openWorld();
  await page.locator('#chart[data-series]').waitFor();
  world.say({ phase: 'recording ended' });
  await until(page.locator('#note'), 'The recording ends here, at 2023-03-11 10:00 UTC.');
  await page.locator('#freshness[data-state="ended"]').waitFor();
});

test('an old candle is called stale', LIMITS, async () => {
  const { page, world } = await openWorld();
  // The longest series of this world ends eight hours after this one.
  await until(page.locator('#freshness[data-state="stale"]'), 'stale: the next candle is overdue by');
  world.say({ nowMs: Date.UTC(2023, 2, 11, 2), tickMs: Date.UTC(2023, 2, 11, 2) });
  await until(page.locator('#freshness[data-state="fresh"]'), 'just closed');
});

test('a lost connection is said, with the chart kept, and found again', LIMITS, async () => {
  const { page, world, server, complaints } = await openWorld();
  await page.locator('#chart[data-newest="2023-03-11 01:59"]').waitFor();
  expect(complaints).toEqual([]);
  await server.close();
  await until(page.locator('#freshness[data-state="lost"]'), /^connection lost, retrying$/);
  expect(await value(page, 'price', 'time').textContent()).toBe('2023-03-11 01:59 UTC');
  await world.add(KRAKEN, [candle('1m', CANDLES)]);
  await servePage({ ...world, port: server.port });
  await page.locator('#chart[data-newest="2023-03-11 02:00"]').waitFor();
});

test('a series without candles says so in place of a chart', LIMITS, async () => {
  const { page, world } = await openWorld();
  await page.locator('#chart[data-series]').waitFor();
  world.say({ series: [{ ...KRAKEN, newestOpenTimeMs: null, missing: 0 }], phase: 'backfilling' });
  await until(page.locator('#freshness'), 'no candle yet · backfilling');
  await until(page.locator('#empty'), 'No candle of BTC/USD at kraken in 1m is stored yet · backfilling');
});

test('a failing store is said in its own words, and forgotten when it is back', LIMITS, async () => {
  let isFailing = false;
  const world = createPageWorld();
  await addCandles(world, KRAKEN, 20_000);
  const db: PageWorld['db'] = {
    ...world.db,
    readCandles: async (query) =>
      isFailing ? await Promise.reject(new StoreError('the disk is full', { retryable: true })) : await world.db.readCandles(query),
  };
  const { url } = await servePage({ ...world, db });
  const { page } = await openPage(browser, url);
  await page.locator('#freshness[data-state="fresh"]').waitFor();
  isFailing = true;
  await until(page.locator('#freshness[data-state="lost"]'), 'no data: the store gave no answer: the disk is full');
  isFailing = false;
  await page.locator('#freshness[data-state="fresh"]').waitFor();
});

test('nothing is asked while the page is hidden, and at once when it is seen again', LIMITS, async () => {
  const world = createPageWorld();
  await addCandles(world, KRAKEN, 20_000);
  const { url } = await servePage(world);
  const { page, requests } = await openPage(browser, url, { ownClock: true });
  await page.locator('#chart[data-series]').waitFor();
  await page.evaluate("Object.defineProperty(document, 'hidden', { get: () => globalThis.isHidden }); globalThis.isHidden = true");
  // A round under way may end first.
  await expect.poll(async () => await requestsWithinMinutes(page, requests)).toBe(0);
  const before = requests.length;
  await page.evaluate("globalThis.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))");
  await expect.poll(() => requests.length).toBeGreaterThan(before);
});

/** Requests for data while the page's clock runs for minutes, with time for answers in between. */
async function requestsWithinMinutes(page: Page, requests: readonly string[]): Promise<number> {
  const dataRequests = (): number => requests.filter((url) => url.includes('/api/')).length;
  const before = dataRequests();
  for (let minute = 0; minute < 5; minute++) {
    await page.clock.runFor('01:00');
    await page.evaluate("fetch('/app/icon.svg').then((response) => response.text())");
  }
  return dataRequests() - before;
}
