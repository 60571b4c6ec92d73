import { describe, expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import { compareDecimals, parseDecimal } from '#core/decimal.ts';
import { ExchangeError } from '#core/errors.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';

export type RestApiUnderTest = {
  readonly api: ExchangeRestApi;
  /** Listed, and traded in every minute around `nowMs`. */
  readonly symbol: MarketSymbol;
  /** The exchange's time, a little after the start of a minute. */
  readonly nowMs: number;
  /** From now on nobody answers. */
  readonly goDown: () => Promise<void>;
};

const MINUTE_MS = 60_000;
const UNKNOWN = parseMarketSymbol('NOSUCH/COIN') as MarketSymbol;

/** The promises of `ExchangeRestApi`, run by every provider. `make` is called by each test and cleans up after it. */
export function exchangeRestApiContract(name: string, make: () => Promise<RestApiUnderTest>): void {
  describe(`${name} keeps the promises of ExchangeRestApi`, () => {
    test('lists what it has, and says why another symbol is not available', async () => {
      const { api, symbol } = await make();
      const report = await api.loadMarkets([symbol, UNKNOWN]);
      expect(report.listed).toEqual([symbol]);
      expect(report.unavailable).toEqual([{ symbol: UNKNOWN, reason: expect.stringMatching(/\w+ \w+/) }]);
    });

    test('lists nothing for nothing asked', async () => {
      const { api } = await make();
      expect(await api.loadMarkets([])).toEqual({ listed: [], unavailable: [] });
    });

    test('serves each timeframe oldest first, each open time once, from the asked one on', async () => {
      const { api, symbol, nowMs } = await make();
      await api.loadMarkets([symbol]);
      expect(api.timeframes.length).toBeGreaterThan(0);
      for (const timeframe of api.timeframes) {
        const stepMs = TIMEFRAME_MS[timeframe];
        const fromMs = Math.floor(nowMs / stepMs) * stepMs - 5 * stepMs;
        const { candles, refused } = await api.fetchCandles({ symbol, timeframe, fromMs, limit: 5 });
        expect(refused).toEqual([]);
        const closed = candles.map(({ openTimeMs }) => openTimeMs).filter((timeMs) => timeMs < fromMs + 5 * stepMs);
        expect(closed).toEqual(Array.from({ length: 5 }, (_, i) => fromMs + i * stepMs));
        for (const candle of candles) expectSound(candle, stepMs);
        expectAscending(candles);
      }
    });

    test('answers a request of the largest size without leaving out what traded', async () => {
      const { api, symbol, nowMs } = await make();
      await api.loadMarkets([symbol]);
      const limit = api.maxCandlesPerRequest;
      const fromMs = nowMs - (nowMs % MINUTE_MS) - (limit - 1) * MINUTE_MS;
      const { candles } = await api.fetchCandles({ symbol, timeframe: '1m', fromMs, limit });
      expect(candles.map(({ openTimeMs }) => openTimeMs)).toEqual(Array.from({ length: limit }, (_, i) => fromMs + i * MINUTE_MS));
    });

    test('ends at the latest with the candle that is still open', async () => {
      const { api, symbol, nowMs } = await make();
      await api.loadMarkets([symbol]);
      const openMs = nowMs - (nowMs % MINUTE_MS);
      const { candles } = await api.fetchCandles({ symbol, timeframe: '1m', fromMs: openMs - MINUTE_MS, limit: 5 });
      const times = candles.map(({ openTimeMs }) => openTimeMs);
      expect(times[0]).toBe(openMs - MINUTE_MS);
      expect(Math.max(...times)).toBeLessThanOrEqual(openMs);
    });

    test('serves the same twice', async () => {
      const { api, symbol, nowMs } = await make();
      await api.loadMarkets([symbol]);
      const request = { symbol, timeframe: '1m', fromMs: nowMs - (nowMs % MINUTE_MS) - 10 * MINUTE_MS, limit: 5 } as const;
      const closed = async () =>
        (await api.fetchCandles(request)).candles.filter(({ openTimeMs }) => openTimeMs < request.fromMs + 5 * MINUTE_MS);
      expect(await closed()).toEqual(await closed());
    });

    test('has no candle of the future', async () => {
      const { api, symbol, nowMs } = await make();
      await api.loadMarkets([symbol]);
      const fromMs = nowMs - (nowMs % MINUTE_MS) + 10 * MINUTE_MS;
      expect(await api.fetchCandles({ symbol, timeframe: '1m', fromMs, limit: 5 })).toEqual({ candles: [], refused: [] });
    });

    test('refuses a symbol that it has not listed', async () => {
      const { api, symbol, nowMs } = await make();
      await api.loadMarkets([symbol, UNKNOWN]);
      const error = await failureOf(api.fetchCandles({ symbol: UNKNOWN, timeframe: '1m', fromMs: nowMs - (nowMs % MINUTE_MS), limit: 5 }));
      expect(error).toMatchObject({ code: 'BAD_SYMBOL', retryable: false, exchange: api.exchange });
      expect(error.message).toContain(UNKNOWN);
    });

    test("knows the exchange's time from its answers, and none before the first", async () => {
      const { api, symbol, nowMs } = await make();
      expect(api.serverTimeMs()).toBeNull();
      await api.loadMarkets([symbol]);
      expect(Math.abs((api.serverTimeMs() ?? 0) - nowMs)).toBeLessThan(MINUTE_MS);
    });

    test('rejects with a retryable ExchangeError when nobody answers', async () => {
      const { api, symbol, nowMs, goDown } = await make();
      await api.loadMarkets([symbol]);
      await goDown();
      const error = await failureOf(api.fetchCandles({ symbol, timeframe: '1m', fromMs: nowMs - (nowMs % MINUTE_MS), limit: 5 }));
      expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true, exchange: api.exchange });
    });

    test('can be closed, also twice', async () => {
      const { api, symbol } = await make();
      await api.loadMarkets([symbol]);
      await api.close();
      await expect(api.close()).resolves.toBeUndefined();
    });
  });
}

function expectSound({ openTimeMs, open, high, low, close, volume, quoteVolume, tradeCount }: Candle, stepMs: number): void {
  expect(openTimeMs % stepMs).toBe(0);
  for (const value of [open, high, low, close, volume]) expect(parseDecimal(value)).toBe(value);
  for (const price of [open, close]) expect([compareDecimals(low, price) <= 0, compareDecimals(price, high) <= 0]).toEqual([true, true]);
  if (quoteVolume !== null) expect(parseDecimal(quoteVolume)).toBe(quoteVolume);
  if (tradeCount !== null) expect(Number.isSafeInteger(tradeCount)).toBe(true);
}

function expectAscending(candles: readonly Candle[]): void {
  const times = candles.map(({ openTimeMs }) => openTimeMs);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
}

async function failureOf(promise: Promise<unknown>): Promise<ExchangeError> {
  const outcome: unknown = await promise.then(
    () => 'it was answered',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ExchangeError);
  return outcome as ExchangeError;
}
