/// <reference lib="dom" />
import type { Series } from '#core/series.ts';
import type { Chart } from '#local/page/page-chart.ts';
import type { PagePrices } from '#local/page/page-prices.ts';
import type { PlatformStatus } from '#local/platform-status.ts';
import type { ChartQuery } from './held-chart.ts';

const TIMEOUT_MS = 10_000;

/** The server answered, but not with data: its own words. */
export class AnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AnswerError';
  }
}

/** No whole answer came: the server is gone, or too slow. */
export class ConnectionError extends Error {
  constructor(cause: unknown) {
    super('the server gave no answer', { cause });
    this.name = 'ConnectionError';
  }
}

export async function fetchStatus(signal: AbortSignal): Promise<PlatformStatus> {
  return (await fetchJson('/api/status', signal)) as PlatformStatus;
}

export async function fetchPrices(signal: AbortSignal): Promise<PagePrices> {
  return (await fetchJson('/api/prices', signal)) as PagePrices;
}

export async function fetchChart(
  { exchange, symbol, timeframe }: Series,
  { fromMs, limit }: ChartQuery,
  signal: AbortSignal,
): Promise<Chart> {
  const query = new URLSearchParams({ exchange, symbol, timeframe, limit: String(limit) });
  if (fromMs !== null) query.set('from', String(Math.max(0, fromMs)));
  return (await fetchJson(`/api/chart?${query}`, signal)) as Chart;
}

async function fetchJson(path: string, signal: AbortSignal): Promise<unknown> {
  const { ok, status, body } = await answerOf(path, signal).catch((cause: unknown) => {
    throw new ConnectionError(cause);
  });
  if (ok) return body;
  throw new AnswerError(typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : `status ${status}`);
}

async function answerOf(path: string, signal: AbortSignal): Promise<{ ok: boolean; status: number; body: unknown }> {
  const response = await fetch(path, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
  return { ok: response.ok, status: response.status, body: await response.json() };
}
