import { describe, expect, test } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import type { Decimal } from '#core/decimal.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { createVerifyHandler } from '#lambdas/verify/handler.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { handClock } from '../../providers/ccxt/hand-clock.ts';
import { keepingLogger, MINUTE, NO_TICKS, queueEvent, START, tickOf } from '../queue-event.ts';

const HOUR = 60 * MINUTE;
const TICK = START + 3 * HOUR + 7 * MINUTE;
const symbol = 'BTC/USD' as MarketSymbol;
const figures = { open: '10' as Decimal, high: '12' as Decimal, low: '9' as Decimal, close: '11' as Decimal, volume: '1.5' as Decimal };

function world() {
  const db = createMemoryTimeSeriesDb();
  const logger = keepingLogger();
  const handler = createVerifyHandler(async () => ({
    settings: { timeframes: ['1m'], rereadAfterHours: [1] },
    symbols: () => [symbol],
    db,
    storage: createMemoryStorage(),
    clock: handClock(TICK),
    logger,
  }));
  return { db, logger, handler };
}

const candle: StoredCandle = {
  openTimeMs: START,
  ...figures,
  quoteVolume: null,
  tradeCount: null,
  version: candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: START + MINUTE, sequence: 0 }),
};

describe('the verify service', () => {
  test('tells each hour in one line, and each disagreement in one of its own', async () => {
    const { db, logger, handler } = world();
    await db.insertCandles([{ series: { exchange: 'kraken', symbol, timeframe: '1m' }, candles: [candle] }]);
    await db.insertTradeMinutes([
      {
        exchange: 'kraken',
        symbol,
        openTimeMs: START,
        firstId: 1n,
        lastId: 2n,
        tradeCount: 2,
        ...figures,
        close: '12' as Decimal,
        isComplete: true,
        isSynthetic: false,
        updatedAtMs: START,
      },
    ]);
    expect(await handler(queueEvent([tickOf('a', 'kraken', TICK)]))).toEqual({ batchItemFailures: [] });
    expect(logger.of('verified').map(({ facts }) => facts)).toEqual([
      {
        exchange: 'kraken',
        tick: '2023-03-11T03:07:00.000Z',
        hours: 6,
        hoursLeft: 19,
        candles: 1,
        witnessed: 1,
        agreed: 0,
        verified: 0,
        found: 2,
        failed: 0,
        findingsOpen: 2,
        gapsOpen: 0,
        tradeGapsOpen: 0,
        unsettled: 2,
      },
    ]);
    expect(logger.of('a candle and its witness disagree').map(({ facts }) => facts)).toEqual([
      expect.objectContaining({ symbol, candle: '2023-03-11T00:00:00.000Z', witness: 'archive' }),
      expect.objectContaining({ witness: 'stream', message: 'close 11, its 2 trades say 12' }),
    ]);
  });

  test.each(NO_TICKS)('drops a message %s and says why', async (_which, message, reason) => {
    const { handler, logger } = world();
    expect(await handler(queueEvent([message]))).toEqual({ batchItemFailures: [] });
    expect(logger.of('a message is not a tick and is dropped').map(({ facts }) => facts)).toEqual([{ messageId: 'x', reason }]);
  });

  test('gives back a tick whose store fails, and says so', async () => {
    const { db, handler, logger } = world();
    Object.assign(db, {
      readAgreements: async () => {
        throw new Error('the store is away');
      },
    });
    const answer = await handler(queueEvent([tickOf('a', 'kraken', TICK)]));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] });
    expect(logger.of('verify failed; the next hour goes on where it stopped')).toHaveLength(1);
  });
});
