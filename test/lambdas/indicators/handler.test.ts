import { describe, expect, test } from 'vitest';
import { StoreError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { IndicatorInputQuery } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import { DEFAULT_INDICATORS } from '#domain/indicators/registry.ts';
import { createIndicatorsHandler, type IndicatorsDependencies } from '#lambdas/indicators/handler.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import type { IndicatorsReport } from '#usecases/compute-indicators.ts';
import { candleAt, symbolOf } from '../../usecases/fake-exchange.ts';
import { keepingLogger, MINUTE, NO_TICKS, queueEvent, START, tickOf } from '../queue-event.ts';

const SERIES: Series = { exchange: 'kraken', symbol: symbolOf('BTC/USD'), timeframe: '1m' };
const CANDLES = 100;
const END = START + CANDLES * MINUTE;

async function service(change: Partial<IndicatorsDependencies> = {}) {
  const clock: Clock = { nowMs: () => END + 10_000, sleepUntil: async () => {} };
  const db = createMemoryTimeSeriesDb();
  await db.insertCandles([
    { series: SERIES, candles: Array.from({ length: CANDLES }, (_, i) => ({ ...candleAt(START + i * MINUTE), version: 1n })) },
  ]);
  const logger = keepingLogger();
  const reports: IndicatorsReport[] = [];
  const dependencies: IndicatorsDependencies = {
    settings: {
      indicators: [...DEFAULT_INDICATORS],
      lookback: 400,
      minCandles: 20,
      maxFilledCandles: 60,
      delaySeconds: 10,
      ttlSeconds: 180,
    },
    timeframes: ['1m'],
    ttlDays: null,
    db,
    cache: createMemoryCache(clock),
    clock,
    logger,
    onReport: (report) => reports.push(report),
    ...change,
  };
  const valued = async (): Promise<number> =>
    (await db.readIndicators({ exchange: 'kraken', symbols: [SERIES.symbol], timeframe: '1m', fromMs: 0, untilMs: END })).length;
  return { handler: createIndicatorsHandler(async () => dependencies), dependencies, logger, reports, valued };
}

describe('the indicators handler', () => {
  test('writes the values of the tick in its message to store and cache', async () => {
    const { handler, dependencies, logger, valued } = await service();
    expect(await handler(queueEvent([tickOf('a', 'kraken', END)]))).toEqual({ batchItemFailures: [] });
    expect(await valued()).toBeGreaterThan(0);
    expect(await dependencies.cache.readHash('indicators:kraken:BTC/USD:1m')).toMatchObject({ open_time: String(END - MINUTE) });
    expect(logger.lines).toMatchObject([
      {
        level: 'info',
        event: 'computed indicators',
        facts: { exchange: 'kraken', tick: new Date(END).toISOString(), series: 1, cacheKeysWritten: 1, cacheFailure: null },
      },
    ]);
  });

  test('computes all that is stored when the message asks to catch up', async () => {
    const [byTick, byCatchUp] = [await service(), await service()];
    await byTick.handler(queueEvent([tickOf('a', 'kraken', END)]));
    await byCatchUp.handler(queueEvent([tickOf('a', 'kraken', END, 'catch-up')]));
    expect(await byCatchUp.valued()).toBe(CANDLES - 11);
    expect(await byTick.valued()).toBeLessThanOrEqual(await byCatchUp.valued());
  });

  test.each([
    ['leaves the values as they are when the store has dropped the old candles that they knew', 1, 0],
    ['computes the values anew when the candles that they knew are gone from a store that keeps all', null, 1],
  ])('%s', async (_what, ttlDays, least) => {
    const dayLater = END + 86_400_000 - 50 * MINUTE;
    const { handler, dependencies } = await service();
    await handler(queueEvent([tickOf('a', 'kraken', dayLater, 'catch-up')]));
    const half = {
      ...dependencies.db,
      readIndicatorInputs: (query: IndicatorInputQuery) =>
        dependencies.db.readIndicatorInputs({ ...query, fromMs: { '1m': START + 50 * MINUTE } }),
    };
    const later = await service({ db: half, ttlDays });
    await later.handler(queueEvent([tickOf('b', 'kraken', dayLater, 'catch-up')]));
    expect(Math.min(later.reports[0]?.candlesComputed ?? -1, 1)).toBe(least);
  });

  test.each(NO_TICKS)('drops a message %s, says why, and goes on', async (_what, message, reason) => {
    const { handler, logger, reports } = await service();
    expect(await handler(queueEvent([message, tickOf('a', 'kraken', END)]))).toEqual({ batchItemFailures: [] });
    expect(logger.of('a message is not a tick and is dropped')).toMatchObject([{ level: 'error', facts: { messageId: 'x', reason } }]);
    expect(reports).toHaveLength(1);
  });

  test('gives back the message at which the store failed and all behind it', async () => {
    const { dependencies } = await service();
    const db = { ...dependencies.db, insertIndicators: () => Promise.reject(new StoreError('the store is away', { retryable: true })) };
    const { handler, logger, reports } = await service({ db });
    expect(await handler(queueEvent([tickOf('a', 'kraken', END), tickOf('b', 'kraken', END + MINUTE)]))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'b' }],
    });
    expect(logger.of('indicators failed; the queue hands the tick over again')).toMatchObject([
      { level: 'error', facts: { messageId: 'a', error: { message: 'the store is away' } } },
    ]);
    expect(reports).toEqual([]);
  });

  test('opens its parts at the first event, and again at the next when that failed', async () => {
    const { dependencies } = await service();
    let opened = 0;
    const handler = createIndicatorsHandler(async () => {
      if (++opened === 1) throw new Error('no network yet');
      return dependencies;
    });
    const event = queueEvent([tickOf('a', 'kraken', END)]);
    await expect(handler(event)).rejects.toThrow('no network yet');
    expect(await handler(event)).toEqual({ batchItemFailures: [] });
    await handler(event);
    expect(opened).toBe(2);
  });
});
