import { StoreError } from '#core/errors.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey } from '#core/series.ts';
import { readChart } from './page-chart.ts';
import { ParameterError, parseChartRequest } from './page-parameters.ts';
import { readPrices, type PagePricesOptions } from './page-prices.ts';
import type { PlatformStatus } from '../platform-status.ts';

export type PageApiOptions = {
  readonly db: Pick<TimeSeriesDb, 'readCandles' | 'readIndicators'>;
  readonly status: () => PlatformStatus;
  readonly prices: PagePricesOptions;
  /** Told about failures that are not the client's. */
  readonly logger?: Pick<Logger, 'error'> | undefined;
};

export type ApiAnswer = { readonly status: number; readonly body: unknown };

/** Answers a request below `/api/`: its path and its query without `?`. Never rejects; a failure is an answer `{ error }`. */
export type PageApi = (path: string, query: string) => Promise<ApiAnswer>;

export function createPageApi({ db, status, prices, logger }: PageApiOptions): PageApi {
  const chart = async (query: string): Promise<unknown> => {
    const known = status().series;
    const request = parseChartRequest(new URLSearchParams(query), known);
    const key = seriesKey(request.series);
    return await readChart(
      db,
      known.find((one) => seriesKey(one) === key),
      request,
    );
  };
  return async (path, query) => {
    try {
      if (path === '/api/status') return { status: 200, body: status() };
      if (path === '/api/prices') return { status: 200, body: await readPrices(prices) };
      if (path === '/api/chart') return { status: 200, body: await chart(query) };
      return { status: 404, body: { error: 'no such path, expected /api/status, /api/prices or /api/chart' } };
    } catch (error) {
      if (error instanceof ParameterError) return { status: 400, body: { error: error.message } };
      logger?.error('the page got no answer', { path, query: query.slice(0, 200), error });
      if (error instanceof StoreError) return { status: 503, body: { error: `the store gave no answer: ${error.message}` } };
      return { status: 500, body: { error: 'the server failed; its log says why' } };
    }
  };
}
