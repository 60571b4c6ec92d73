import type { Candle } from '#core/candle.ts';
import { ExchangeError } from '#core/errors.ts';
import type { ExchangeRestApi, RefusedRow } from '#core/ports/exchange-rest-api.ts';
import type { Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import type { FetchWindow } from '#domain/candles/fetch-plan.ts';

export type Failure = { readonly code: string; readonly message: string };

export type Fetched = {
  readonly candles: readonly Candle[];
  readonly refused: readonly RefusedRow[];
  readonly requests: number;
  /** The exchange has answered for open times from the window's start up to here (exclusive). */
  readonly answeredUntilMs: number;
  readonly failure: Failure | null;
};

/** More pages than this are left to the next ticks: a tick must end before the next one. */
const MAX_PAGES = 20;

/** Pages along the time grid, not along the rows: a row that is left out at a page's edge is seen as a hole and asked for again. */
export async function fetchWindow(
  api: ExchangeRestApi,
  { symbol, timeframe }: Series,
  window: FetchWindow,
  maxPages = MAX_PAGES,
): Promise<Fetched> {
  const timeframeMs = TIMEFRAME_MS[timeframe];
  const candles: Candle[] = [];
  const refused: RefusedRow[] = [];
  let requests = 0;
  let { fromMs } = window;
  let failure: Failure | null = null;
  while (failure === null && fromMs < window.untilMs && requests < maxPages) {
    // One more than the closed ones, so that the row of the open candle never costs a closed one its place.
    const limit = Math.min((window.untilMs - fromMs) / timeframeMs + 1, api.maxCandlesPerRequest);
    const pageUntilMs = fromMs + limit * timeframeMs;
    requests += 1;
    try {
      // oxlint-disable-next-line no-await-in-loop -- pages are fetched in order, so that a failure leaves no hole behind it
      const page = await api.fetchCandles({ symbol, timeframe, fromMs, limit });
      refused.push(...page.refused);
      candles.push(...page.candles.filter(({ openTimeMs }) => openTimeMs < pageUntilMs));
      fromMs = pageUntilMs;
    } catch (error) {
      failure = failureOf(error);
    }
  }
  return { candles, refused, requests, answeredUntilMs: Math.min(fromMs, window.untilMs), failure };
}

/**
 * The newest page of a window whose pages could not all be had: a market that was silent for longer than a tick may ask for, or a page that
 * fails every time, is not to keep what is new from being stored. Null when it was answered, or is the page that has just failed.
 */
export async function fetchNewestPage(
  api: ExchangeRestApi,
  series: Series,
  { untilMs }: FetchWindow,
  { answeredUntilMs }: Fetched,
): Promise<(Fetched & FetchWindow) | null> {
  const timeframeMs = TIMEFRAME_MS[series.timeframe];
  const pageMs = (api.maxCandlesPerRequest - 1) * timeframeMs;
  if (answeredUntilMs >= untilMs - pageMs) return null;
  const window = { fromMs: untilMs - pageMs, untilMs };
  return { ...window, ...(await fetchWindow(api, series, window, 1)) };
}

/** Only what the exchange did is a failure of the exchange; a fault of ours must not pass as one. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof ExchangeError)) throw error;
  return { code: error.code, message: error.message };
}

/** Older candles than the exchange's horizon cannot be had from it: asking for them would bring the same newest ones, page after page. */
export function reachableFrom({ historyCandles }: ExchangeRestApi, { fromMs, untilMs }: FetchWindow, timeframeMs: number): number {
  return historyCandles === null ? fromMs : Math.max(fromMs, untilMs - historyCandles * timeframeMs);
}
