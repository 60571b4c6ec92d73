import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { createBinanceProtocol } from './binance-protocol.ts';
import { createCoinbaseProtocol } from './coinbase-protocol.ts';
import { createExchangePause, type ExchangePause, type SharedMemory } from './exchange-pause.ts';
import { createHttpFetch } from './http-fetch.ts';
import { createKrakenProtocol } from './kraken-protocol.ts';
import { createMarketBook } from './market-book.ts';
import { createRequestGate } from './request-gate.ts';
import type { Protocol, ProtocolOptions } from './protocol.ts';
import { proxyEnvironment, type Environment } from './proxy-environment.ts';

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
  readonly random: Random;
  readonly logger: Logger;
  /** Keeps pauses and the last good list of markets for the next process. */
  readonly cache: SharedMemory;
  /** Total time for one request, headers and body. */
  readonly deadlineMs: number;
  /** Where proxies are named. */
  readonly environment: Environment;
};

const USER_AGENT = 'tidemark/0.1 (market data)';

/** Our own pace uses half of an allowance; when this much of it is used, others use it too, and the rest is left to them. */
const HEADROOM = 0.75;

/** An exchange's clock may be ahead of ours by as much. */
const FUTURE_MS = 120_000;

/**
 * `ExchangeRestApi` over ccxt's raw calls. ccxt builds URLs and knows the exchanges' error codes; time-outs, status codes, pacing, pauses,
 * retries, market lists and the check of every row are done here, because ccxt's own were measured to let garbage through.
 */
export function createCcxtRestApi(options: CcxtRestApiOptions): ExchangeRestApi {
  const { exchange, clock, timer, deadlineMs } = options;
  const restUrl = options.restUrl?.replace(/\/+$/, '');
  let serverTimeMs: number | null = null;
  const pause = createExchangePause({ ...options, restUrl });
  const http = createHttpFetch({
    exchange,
    timer,
    deadlineMs,
    userAgent: USER_AGENT,
    onServerTime: (timeMs) => void (serverTimeMs = timeMs),
    nowMs: () => clock.nowMs(),
    beforeRequest: () => pause.refuseWhilePaused(),
    onHeaders: (headers) => leaveHeadroom(exchange, protocol.allowance, headers, pause, clock),
    proxies: proxyEnvironment(options.environment),
  });
  const protocol: Protocol = PROTOCOLS[exchange]({
    exchange,
    // ccxt's own timer is set far beyond ours, so that it never speaks first.
    base: { enableRateLimit: false, timeout: deadlineMs * 10, userAgent: USER_AGENT, fetchImplementation: http.fetch },
    restUrl,
    nowMs: () => clock.nowMs(),
    latestOpenTimeMs: () => Math.max(clock.nowMs(), serverTimeMs ?? 0) + FUTURE_MS,
  });
  const call = createRequestGate({ ...options, pause, pace: protocol.pace });
  const book = createMarketBook({
    ...options,
    list: (symbols) => call({ what: 'its markets' }, () => protocol.listMarkets(symbols)),
  });
  const marketIdOf = (symbol: MarketSymbol): string => {
    const marketId = book.idOf(symbol);
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
    servesPastTrades: protocol.servesPastTrades ?? false,
    async loadMarkets(symbols) {
      await pause.refresh();
      pause.refuseWhilePaused();
      return await book.load(symbols);
    },
    async fetchCandles(request) {
      const { symbol, timeframe } = request;
      const marketId = marketIdOf(symbol);
      try {
        return await call({ what: `candles of ${symbol} ${timeframe}`, marketId }, () => protocol.fetchCandles(marketId, request));
      } catch (error) {
        if (error instanceof ExchangeError && error.code === 'BAD_SYMBOL') book.quarantine(symbol, error.message);
        throw error;
      }
    },
    async fetchTrades(request) {
      const what = `trades of ${request.symbol} from id ${request.firstId}`;
      const marketId = marketIdOf(request.symbol);
      return await call({ what, marketId, areTrades: true }, () => protocol.fetchTrades(marketId, request));
    },
    serverTimeMs: () => serverTimeMs,
    close: async () => http.close(),
  };
}

/** Whoever shares our address shares its allowance, and a ban would be ours too. */
async function leaveHeadroom(
  exchange: Exchange,
  allowance: Protocol['allowance'],
  headers: Readonly<Record<string, string | string[] | undefined>>,
  pause: ExchangePause,
  clock: Clock,
): Promise<void> {
  const used = allowance === undefined ? undefined : headers[allowance.header];
  if (allowance === undefined || typeof used !== 'string' || !/^\d{1,9}$/.test(used)) return;
  if (Number(used) < allowance.perMinute * HEADROOM) return;
  const nextMinuteMs = (Math.floor(clock.nowMs() / 60_000) + 1) * 60_000;
  const reason = `${used} of the ${allowance.perMinute} that ${exchange} allows this address in a minute are used`;
  await pause.begin({ untilMs: nextMinuteMs, code: 'RATE_LIMITED', reason });
}
