import { ExchangeError, type ExchangeErrorCode } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi, MarketReport } from '#core/ports/exchange-rest-api.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { createPacer } from '#std/pacer.ts';
import { createBinanceProtocol } from './binance-protocol.ts';
import { createCoinbaseProtocol } from './coinbase-protocol.ts';
import { ccxtErrors } from './exchanges.ts';
import { createHttpFetch } from './http-fetch.ts';
import { createKrakenProtocol } from './kraken-protocol.ts';
import type { Protocol, ProtocolOptions } from './protocol.ts';

const PROTOCOLS = {
  binance: createBinanceProtocol,
  binanceus: createBinanceProtocol,
  coinbase: createCoinbaseProtocol,
  kraken: createKrakenProtocol,
} as const satisfies Record<Exchange, (options: ProtocolOptions) => Protocol>;

export type CcxtRestApiOptions = {
  readonly exchange: Exchange;
  readonly restUrl: string | undefined;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Total time for one request, headers and body. */
  readonly deadlineMs: number;
};

/** Listings change rarely; a failed load is not kept, so the next call asks again. */
const MARKETS_LAST_MS = 6 * 3_600_000;

/** A symbol may only be halted, as all of them are during an exchange's maintenance: it is asked for again sooner. */
const UNAVAILABLE_LASTS_MS = 10 * 60_000;

const USER_AGENT = 'tidemark/0.1 (market data)';

/**
 * `ExchangeRestApi` over ccxt's raw calls. ccxt builds URLs and knows the exchanges' error codes; time-outs, status codes, pacing, market
 * lists and the check of every row are done here, because ccxt's own were measured to let garbage through.
 */
export function createCcxtRestApi({ exchange, restUrl, clock, timer, deadlineMs }: CcxtRestApiOptions): ExchangeRestApi {
  let serverTimeMs: number | null = null;
  const onServerTime = (timeMs: number): void => {
    serverTimeMs = timeMs;
  };
  const http = createHttpFetch({ exchange, timer, deadlineMs, userAgent: USER_AGENT, onServerTime });
  // ccxt's own timer is set far beyond ours, so that it never speaks first.
  const base = { enableRateLimit: false, timeout: deadlineMs * 10, userAgent: USER_AGENT, fetchImplementation: http.fetch };
  const protocol = PROTOCOLS[exchange]({ exchange, base, restUrl: restUrl?.replace(/\/+$/, ''), nowMs: () => clock.nowMs() });
  const pacer = createPacer(clock, protocol.pace.intervalMs);
  const tradesPacer = createPacer(clock, protocol.pace.tradesIntervalMs);
  const marketIds = new Map<MarketSymbol, string>();
  let known: { readonly asked: string; readonly report: MarketReport; readonly untilMs: number } | undefined;

  const call = async <T>(what: string, marketId: string, work: () => Promise<T>, paced = pacer): Promise<T> => {
    await paced.start(protocol.pace.perMarket ? marketId : '');
    try {
      return await work();
    } catch (error) {
      throw toExchangeError(exchange, what, error);
    }
  };

  const marketIdOf = (symbol: MarketSymbol): string => {
    const marketId = marketIds.get(symbol);
    if (marketId !== undefined) return marketId;
    throw new ExchangeError(`${exchange} has no market "${symbol}"; load the markets first`, {
      code: 'BAD_SYMBOL',
      exchange,
      retryable: false,
    });
  };

  return {
    exchange,
    timeframes: protocol.timeframes,
    maxCandlesPerRequest: protocol.maxCandlesPerRequest,
    historyCandles: protocol.historyCandles,
    servesEmptyCandles: protocol.servesEmptyCandles,
    async loadMarkets(symbols) {
      const asked = symbols.join();
      if (known?.asked === asked && clock.nowMs() < known.untilMs) return known.report;
      if (symbols.length === 0) return { listed: [], unavailable: [] };
      const listing = await call('its markets', '', () => protocol.listMarkets(symbols));
      if (listing === null) throw badPayload(exchange, 'its markets');
      const { markets, unavailable } = listing;
      for (const { symbol, id } of markets) marketIds.set(symbol, id);
      const report = { listed: markets.map(({ symbol }) => symbol), unavailable };
      known = { asked, report, untilMs: clock.nowMs() + (unavailable.length === 0 ? MARKETS_LAST_MS : UNAVAILABLE_LASTS_MS) };
      return report;
    },
    async fetchCandles(request) {
      const { symbol, timeframe } = request;
      const marketId = marketIdOf(symbol);
      const page = await call(`candles of ${symbol} ${timeframe}`, marketId, () => protocol.fetchCandles(marketId, request));
      if (page === null) throw badPayload(exchange, `candles of ${symbol} ${timeframe}`);
      return page;
    },
    async fetchTrades(request) {
      const what = `trades of ${request.symbol} from id ${request.firstId}`;
      const marketId = marketIdOf(request.symbol);
      const page = await call(what, marketId, () => protocol.fetchTrades(marketId, request), tradesPacer);
      if (page === null) throw badPayload(exchange, what);
      return page;
    },
    serverTimeMs: () => serverTimeMs,
    close: async () => http.close(),
  };
}

function badPayload(exchange: Exchange, expected: string): ExchangeError {
  return new ExchangeError(`${exchange} answered with something else than ${expected}`, { code: 'BAD_PAYLOAD', exchange, retryable: true });
}

/** Most specific class first. What ccxt classifies by message text only arrives here when the status itself was fine. */
const CCXT_CODES: readonly (readonly [new (message: string) => Error, ExchangeErrorCode, boolean])[] = [
  [ccxtErrors.BadSymbol, 'BAD_SYMBOL', false],
  [ccxtErrors.RateLimitExceeded, 'RATE_LIMITED', true],
  [ccxtErrors.DDoSProtection, 'RATE_LIMITED', true],
  [ccxtErrors.ExchangeNotAvailable, 'UNREACHABLE', true],
  [ccxtErrors.NetworkError, 'UNREACHABLE', true],
];

/** Words for an unknown market and for throttling that ccxt passes on unclassified. */
const BAD_SYMBOL_TEXT = /NOT_FOUND|Unknown asset pair|Invalid product_id/i;
const THROTTLED_TEXT = /EService: ?Throttled/i;

function toExchangeError(exchange: Exchange, what: string, error: unknown): ExchangeError {
  if (error instanceof ExchangeError) return error;
  const reason = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ').slice(0, 300) : String(error);
  const message = `${exchange} did not answer for ${what}: ${reason}`;
  const [, code, retryable] = CCXT_CODES.find(([Class]) => error instanceof Class) ?? [
    null,
    textCode(reason),
    !BAD_SYMBOL_TEXT.test(reason),
  ];
  return new ExchangeError(message, { code, exchange, retryable }, { cause: error });
}

function textCode(reason: string): ExchangeErrorCode {
  if (BAD_SYMBOL_TEXT.test(reason)) return 'BAD_SYMBOL';
  return THROTTLED_TEXT.test(reason) ? 'RATE_LIMITED' : 'REFUSED';
}
