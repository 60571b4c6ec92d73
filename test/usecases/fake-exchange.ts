import type { Candle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { ExchangeError, type ExchangeErrorCode } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { CandleRequest, ExchangeRestApi, RefusedRow } from '#core/ports/exchange-rest-api.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';

export const MINUTE = 60_000;
export const START = Date.UTC(2023, 2, 11);

export function symbolOf(text: string): MarketSymbol {
  const symbol = parseMarketSymbol(text);
  if (symbol === undefined) throw new RangeError(`"${text}" is not a symbol`);
  return symbol;
}

export function decimal(value: string | number): Decimal {
  const parsed = parseDecimal(value);
  if (parsed === undefined) throw new RangeError(`"${value}" is not a decimal`);
  return parsed;
}

/** A candle whose figures follow from its time; an open one has traded less so far. */
export function candleAt(openTimeMs: number, isOpen = false): Candle {
  const number = (openTimeMs - START) / MINUTE;
  const open = 1000 + (((number % 97) + 97) % 97);
  return {
    openTimeMs,
    open: decimal(open),
    high: decimal(open + 2),
    low: decimal(open - 2),
    close: decimal(isOpen ? open : open + 1),
    volume: decimal(isOpen ? '0.5' : '1.5'),
    quoteVolume: null,
    tradeCount: isOpen ? 1 : 3,
  };
}

export type FakeExchange = ExchangeRestApi & {
  readonly requests: CandleRequest[];
  /** Requests for candles fail while this returns an error; it is told which request of the run it is. */
  failWith(failure: ((request: CandleRequest, index: number) => ExchangeError | null) | null): void;
  /** The list of markets fails. */
  goDown(isDown: boolean): void;
  /** Listed or not, from now on. */
  setUnavailable(symbols: readonly MarketSymbol[]): void;
  /** Serves these figures for a candle from now on; null serves none. */
  revise(timeframe: Timeframe, openTimeMs: number, change: Partial<Candle> | null): void;
  refuse(rows: readonly RefusedRow[]): void;
};

export type FakeExchangeOptions = {
  readonly clock: Clock;
  /** Its history begins here. */
  readonly historyFromMs?: number;
  /** Its clock, relative to ours; null says no time. */
  readonly skewMs?: number | null;
  readonly maxCandlesPerRequest?: number;
  /** Only so many of the newest closed candles are served, whatever is asked for. */
  readonly historyCandles?: number | null;
  readonly servesEmptyCandles?: boolean;
};

/** An exchange that serves a candle for every minute that has begun by its own clock, and behaves as an honest one does. */
export function fakeExchange({
  clock,
  historyFromMs = 0,
  skewMs = 0,
  maxCandlesPerRequest = 1000,
  historyCandles = null,
  servesEmptyCandles = false,
}: FakeExchangeOptions): FakeExchange {
  const requests: CandleRequest[] = [];
  const revised = new Map<string, Partial<Candle> | null>();
  let failure: ((request: CandleRequest, index: number) => ExchangeError | null) | null = null;
  let unavailable: readonly MarketSymbol[] = [];
  let isDown = false;
  let refused: readonly RefusedRow[] = [];
  const nowMs = (): number => clock.nowMs() + (skewMs ?? 0);
  const served = (timeframe: Timeframe, openTimeMs: number): Candle[] => {
    const change = revised.get(`${timeframe} ${openTimeMs}`);
    const horizonMs = historyCandles === null ? 0 : nowMs() - (historyCandles + 1) * TIMEFRAME_MS[timeframe];
    const isThere = change !== null && openTimeMs >= Math.max(historyFromMs, horizonMs) && openTimeMs <= nowMs();
    return isThere ? [{ ...candleAt(openTimeMs, openTimeMs + TIMEFRAME_MS[timeframe] > nowMs()), ...change }] : [];
  };
  return {
    exchange: 'kraken',
    timeframes: ['1m', '5m', '1h'],
    maxCandlesPerRequest,
    historyCandles,
    servesEmptyCandles,
    requests,
    async loadMarkets(symbols) {
      if (isDown) throw exchangeError('UNREACHABLE');
      const gone = symbols.filter((symbol) => unavailable.includes(symbol));
      return {
        listed: symbols.filter((symbol) => !gone.includes(symbol)),
        unavailable: gone.map((symbol) => ({ symbol, reason: 'its status is BREAK' })),
      };
    },
    async fetchCandles(request) {
      requests.push(request);
      const error = failure?.(request, requests.length - 1) ?? null;
      if (error !== null) throw error;
      const stepMs = TIMEFRAME_MS[request.timeframe];
      const candles = Array.from({ length: request.limit }, (_, i) => request.fromMs + i * stepMs).flatMap((timeMs) =>
        served(request.timeframe, timeMs),
      );
      return { candles, refused };
    },
    fetchTrades: async () => ({ trades: [], refused: [], hasMore: false }),
    serverTimeMs: () => (skewMs === null ? null : nowMs()),
    close: async () => {},
    failWith(next) {
      failure = next;
    },
    goDown(next) {
      isDown = next;
    },
    setUnavailable(symbols) {
      unavailable = symbols;
    },
    revise(timeframe, openTimeMs, change) {
      revised.set(`${timeframe} ${openTimeMs}`, change);
    },
    refuse(rows) {
      refused = rows;
    },
  };
}

export function exchangeError(code: ExchangeErrorCode): ExchangeError {
  return new ExchangeError(`kraken failed with ${code}`, { code, exchange: 'kraken', retryable: true });
}
