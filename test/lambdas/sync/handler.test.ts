import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { StoreError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { createSyncHandler, type SyncDependencies } from '#lambdas/sync/handler.ts';
import type { SyncReport } from '#usecases/sync-candles.ts';
import { exchangeError, fakeExchange, symbolOf } from '../../usecases/fake-exchange.ts';
import { keepingLogger, MINUTE, NO_TICKS, queueEvent, START, tickOf } from '../queue-event.ts';

const BTC = symbolOf('BTC/USD');
const ROOT = join(import.meta.dirname, '../../..');

function service(change: Partial<SyncDependencies> = {}) {
  let nowMs = START;
  const clock: Clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
  const exchange = fakeExchange({ clock });
  const db = createMemoryTimeSeriesDb();
  const logger = keepingLogger();
  const reports: SyncReport[] = [];
  const dependencies: SyncDependencies = {
    settings: {
      timeframes: ['1m'],
      backfillLimit: 100,
      latestCandles: 5,
      recheckCandles: 60,
      rereadAfterHours: [],
      closeGraceMs: 2000,
      delaySeconds: 3,
      requestDeadlineMs: 1000,
      concurrency: 2,
    },
    symbols: () => [BTC],
    api: () => exchange,
    db,
    clock,
    logger,
    onReport: (report) => reports.push(report),
    ...change,
  };
  return {
    handler: createSyncHandler(async () => dependencies),
    dependencies,
    exchange,
    logger,
    reports,
    at(timeMs: number): void {
      nowMs = timeMs;
    },
  };
}

describe('the sync handler', () => {
  test('stores the closed candles of the tick in its message', async () => {
    const { handler, dependencies, logger, at } = service();
    at(START + 3000);
    expect(await handler(queueEvent([tickOf('a', 'kraken', START)]))).toEqual({ batchItemFailures: [] });
    const [stored] = await dependencies.db.readCandles({
      exchange: 'kraken',
      symbols: [BTC],
      windows: { '1m': { fromMs: 0, untilMs: START + MINUTE } },
    });
    expect(stored?.candles).toHaveLength(100);
    expect(logger.lines).toEqual([
      {
        level: 'info',
        event: 'synced',
        facts: {
          exchange: 'kraken',
          tick: '2023-03-11T00:00:00.000Z',
          series: 1,
          fetched: 101,
          stored: 100,
          changed: 0,
          unchanged: 0,
          refused: 0,
          missing: 0,
          ageSeconds: 0,
          unfetched: 0,
        },
      },
    ]);
  });

  test('works through several messages in their order', async () => {
    const { handler, reports, at } = service();
    at(START + MINUTE + 3000);
    await handler(queueEvent([tickOf('a', 'kraken', START), tickOf('b', 'kraken', START + MINUTE)]));
    expect(reports.map(({ tickMs, stored }) => [tickMs, stored])).toEqual([
      [START, 100],
      [START + MINUTE, 1],
    ]);
  });

  test('hands over which series are wanted, and tells of each', async () => {
    const told: string[] = [];
    const { handler, at } = service({
      settings: { ...service().dependencies.settings, timeframes: ['1m', '5m'] },
      hasSeries: ({ timeframe }) => timeframe === '5m',
      onSeries: ({ series }) => told.push(series.timeframe),
    });
    at(START + 3000);
    await handler(queueEvent([tickOf('a', 'kraken', START)]));
    expect(told).toEqual(['5m']);
  });

  test.each(NO_TICKS)('drops a message %s, says why, and goes on', async (_what, message, reason) => {
    const { handler, logger, reports, at } = service();
    at(START + 3000);
    expect(await handler(queueEvent([message, tickOf('a', 'kraken', START)]))).toEqual({ batchItemFailures: [] });
    expect(logger.of('a message is not a tick and is dropped')).toEqual([
      { level: 'error', event: expect.any(String), facts: { messageId: 'x', reason } },
    ]);
    expect(reports).toHaveLength(1);
  });

  test('gives back the message at which the store failed and all behind it, and stores them when they come again', async () => {
    const db = createMemoryTimeSeriesDb();
    let calls = 0;
    const failing: typeof db = {
      ...db,
      async insertCandles(groups) {
        if (++calls === 2) throw new StoreError('the store is away', { retryable: true });
        await db.insertCandles(groups);
      },
    };
    const { handler, logger, reports, at } = service({ db: failing });
    at(START + 2 * MINUTE + 3000);
    const [a, b, c] = [
      tickOf('a', 'kraken', START),
      tickOf('b', 'kraken', START + MINUTE),
      tickOf('c', 'kraken', START + 2 * MINUTE),
    ] as const;
    expect(await handler(queueEvent([a, b, c]))).toEqual({ batchItemFailures: [{ itemIdentifier: 'b' }, { itemIdentifier: 'c' }] });
    expect(logger.of('sync failed; the queue hands the tick over again')).toMatchObject([
      { level: 'error', facts: { messageId: 'b', error: { message: 'the store is away' } } },
    ]);
    expect(await handler(queueEvent([b, c]))).toEqual({ batchItemFailures: [] });
    expect(reports.map(({ stored }) => stored)).toEqual([100, 1, 1]);
  });

  test('is not failed by an exchange that does not answer: the next tick asks again', async () => {
    const { handler, exchange, logger, at } = service();
    at(START + 3000);
    exchange.goDown(true);
    expect(await handler(queueEvent([tickOf('a', 'kraken', START)]))).toEqual({ batchItemFailures: [] });
    expect(logger.of('the exchange could not be asked')).toMatchObject([
      { level: 'warn', facts: { exchange: 'kraken', code: 'UNREACHABLE' } },
    ]);
  });

  test('says in a line of its own what went wrong with a symbol, a series or a row', async () => {
    const { handler, exchange, logger, at } = service();
    at(START + 3000);
    exchange.refuse([{ reason: 'volume is negative', row: '[1]' }]);
    await handler(queueEvent([tickOf('a', 'kraken', START)]));
    exchange.failWith(() => exchangeError('TIMEOUT'));
    await handler(queueEvent([tickOf('b', 'kraken', START)]));
    exchange.setUnavailable([BTC]);
    await handler(queueEvent([tickOf('c', 'kraken', START)]));
    expect(logger.of('a row was refused')).toMatchObject([
      { level: 'warn', facts: { symbol: BTC, timeframe: '1m', reason: 'volume is negative', row: '[1]' } },
    ]);
    expect(logger.of('a series could not be fetched')).toMatchObject([{ level: 'warn', facts: { symbol: BTC, code: 'TIMEOUT' } }]);
    expect(logger.of('a symbol is not available')).toMatchObject([
      { level: 'warn', facts: { symbol: BTC, reason: 'its status is BREAK' } },
    ]);
  });

  test('opens its parts at the first event, and again at the next when that failed', async () => {
    const { dependencies, at } = service();
    at(START + 3000);
    let opened = 0;
    const handler = createSyncHandler(async () => {
      if (++opened === 1) throw new Error('no network yet');
      return dependencies;
    });
    const event = queueEvent([tickOf('a', 'kraken', START)]);
    await expect(handler(event)).rejects.toThrow('no network yet');
    expect(await handler(event)).toEqual({ batchItemFailures: [] });
    await handler(event);
    expect(opened).toBe(2);
  });
});

describe('the handler that Lambda calls', () => {
  test.each(['sync', 'indicators'])('%s fails at its first event when the store has no password, and says what to set', async (name) => {
    const script = `
      const { handler } = await import('./lambdas/${name}/handler.ts');
      try { await handler({ Records: [] }); console.log('it answered'); } catch (error) { console.log(error.name + ': ' + error.message); }
    `;
    const { CLICKHOUSE_PASSWORD: _password, ...environment } = process.env;
    const env = { ...environment, LAMBDA_TASK_ROOT: ROOT, TIDEMARK_DATABASES__CLICKHOUSE__MODE: 'http' };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      env,
      timeout: 15_000,
    });
    expect(stdout).toBe(
      'ConfigError: environment: CLICKHOUSE_PASSWORD is not set, expected the password of ClickHouse user "default" (config/databases.yaml: clickhouse.password_env); set it\n',
    );
  });
});
