/// <reference lib="dom" />
import type { PlatformStatus, SeriesStatus } from '#local/platform-status.ts';
import { hashOf, nearestSeries, sameSeries, wishOf, type Wish } from './choice.ts';
import { CONNECTION_LOST, freshnessOf } from './freshness.ts';
import { nextQuery, withAnswer, type HeldChart } from './held-chart.ts';
import { createMarketChart } from './market-chart.ts';
import { createPageParts } from './page-parts.ts';
import { createLivePrices } from './live-prices.ts';
import { AnswerError, ConnectionError, fetchChart, fetchPrices, fetchStatus } from './server.ts';
import { createWaiting } from './waiting.ts';

const POLL_MS = 1000;

const parts = createPageParts(document);
const market = createMarketChart(parts.chart);
const waiting = createWaiting(document);
const prices = createLivePrices(document, (exchange, symbol) => choose({ ...shown, exchange, symbol }));
let wish: Wish = wishOf(location.hash);
let shown: Wish = wish;
let held: HeldChart | null = null;
let asking = new AbortController();

parts.onChoice((name, value) => choose({ ...shown, [name]: value }));
addEventListener('hashchange', () => choose(wishOf(location.hash)));
void poll();

/** What was asked for the series before is let go of, so that no two requests of a kind are under way. */
function choose(next: Wish): void {
  wish = next;
  asking.abort();
  waiting.end();
}

async function poll(): Promise<never> {
  for (;;) {
    // oxlint-disable no-await-in-loop -- one request after the other is the point
    await waiting.untilVisible();
    asking = new AbortController();
    const { signal } = asking;
    try {
      await refresh(signal);
    } catch (error) {
      // A choice made meanwhile is no failure: the next round answers it.
      if (!signal.aborted) showFailure(error);
    }
    if (!signal.aborted) await waiting.pause(POLL_MS);
    // oxlint-enable no-await-in-loop
  }
}

async function refresh(signal: AbortSignal): Promise<void> {
  const status = await fetchStatus(signal);
  parts.showStatus(status);
  await refreshPrices(signal);
  const series = nearestSeries(status.series, wish);
  if (series === undefined) parts.showEmpty(`No series yet \u00b7 ${status.phase}`);
  else await refreshSeries(status, series, signal);
}

/** A cache that is away takes the prices from the page, not the candles. */
async function refreshPrices(signal: AbortSignal): Promise<void> {
  try {
    prices.show(await fetchPrices(signal));
  } catch (error) {
    if (signal.aborted || error instanceof ConnectionError) throw error;
    prices.show(null);
  }
}

async function refreshSeries(status: PlatformStatus, series: SeriesStatus, signal: AbortSignal): Promise<void> {
  const { exchange, symbol, timeframe } = series;
  shown = { exchange, symbol, timeframe };
  if (location.hash !== hashOf(series)) history.replaceState(null, '', hashOf(series));
  parts.showChoice(status, series);
  const known = held !== null && sameSeries(held.chart.series, series) ? held : null;
  const query = nextQuery(known, series.newestOpenTimeMs);
  const answer = await fetchChart(series, query, signal);
  held = withAnswer(known, query, answer);
  market.draw(held.chart, known === null || known.chart.candles.length === 0);
  parts.describe(held.chart);
  parts.showEmpty(
    held.chart.candles.length === 0 ? `No candle of ${symbol} at ${exchange} in ${timeframe} is stored yet \u00b7 ${status.phase}` : null,
  );
  parts.showFreshness(freshnessOf(status, series, answer.timeframeMs));
}

/** The chart stays, but the page says that it is no longer kept up to date. */
function showFailure(error: unknown): void {
  if (error instanceof ConnectionError) return parts.showFreshness(CONNECTION_LOST);
  if (error instanceof AnswerError) return parts.showFreshness({ state: 'lost', text: `no data: ${error.message}` });
  parts.showFreshness({ state: 'lost', text: 'this page failed; reload it (the browser\u2019s console says more)' });
  reportError(error);
}
