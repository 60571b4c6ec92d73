import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { parseTickMessage } from '#core/scheduled-tick.ts';
import type { Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createExchangeRestApi } from '#factories/exchange-rest-api.ts';
import { openFunctionHost } from '#factories/function-host.ts';
import { processInOrder } from '#std/fifo-batch.ts';
import { onceItSucceeds } from '#std/once-it-succeeds.ts';
import { syncCandles, type SeriesSyncReport, type SyncReport } from '#usecases/sync-candles.ts';
import { createSyncMemory, type SyncMemory } from '#usecases/sync-memory.ts';
import { freshnessOf } from '#usecases/sync-freshness.ts';

export type SyncDependencies = {
  readonly settings: Config['sync'];
  readonly symbols: (exchange: Exchange) => readonly MarketSymbol[];
  /** A recording may have a symbol in some timeframes only. */
  readonly hasSeries?: (series: Series) => boolean;
  readonly api: (exchange: Exchange) => ExchangeRestApi;
  readonly db: TimeSeriesDb;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onSeries?: (report: SeriesSyncReport) => void;
  readonly onReport?: (report: SyncReport) => void;
};

export type SyncHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** The sync service: each message is one tick of one exchange. The laptop, the emulator and AWS run this very function. */
export function createSyncHandler(open: () => Promise<SyncDependencies>): SyncHandler {
  const opened = onceItSucceeds(open);
  const memories = new Map<Exchange, SyncMemory>();
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event: SQSEvent) => {
    const dependencies = await opened();
    return await processInOrder(
      event.Records,
      (record) => syncTick(dependencies, memories, record),
      ({ messageId }, error) => dependencies.logger.error('sync failed; the queue hands the tick over again', { messageId, error }),
    );
  }) as unknown as SyncHandler;
}

async function syncTick(dependencies: SyncDependencies, memories: Map<Exchange, SyncMemory>, record: SQSRecord): Promise<void> {
  const { settings, symbols, hasSeries, api, db, clock, logger, onSeries, onReport } = dependencies;
  const tick = parseTickMessage({ messageGroupId: record.attributes.MessageGroupId, body: record.body });
  if (typeof tick === 'string') {
    logger.error('a message is not a tick and is dropped', { messageId: record.messageId, reason: tick });
    return;
  }
  const memory = memories.get(tick.exchange) ?? createSyncMemory();
  memories.set(tick.exchange, memory);
  const report = await syncCandles(
    { api: api(tick.exchange), db, clock, ...(onSeries === undefined ? {} : { onSeries }) },
    {
      symbols: symbols(tick.exchange),
      timeframes: settings.timeframes,
      tickMs: tick.tickMs,
      settings,
      memory,
      ...(hasSeries === undefined ? {} : { hasSeries }),
    },
  );
  logReport(logger, report);
  onReport?.(report);
}

/** One line a tick that a person can read; what went wrong has lines of its own. */
function logReport(logger: Logger, report: SyncReport): void {
  const { exchange, tickMs, series, fetched, stored, changed, unchanged, refused, missing, unavailable, failure } = report;
  const tick = new Date(tickMs).toISOString();
  const counts = { series: series.length, fetched, stored, changed, unchanged, refused, missing };
  logger.info('synced', { exchange, tick, ...counts, ...freshnessOf(report) });
  if (failure !== null) logger.warn('the exchange could not be asked', { exchange, tick, ...failure });
  for (const { symbol, reason } of unavailable) logger.warn('a symbol is not available', { exchange, tick, symbol, reason });
  for (const one of series) {
    if (one.failure !== null) logger.warn('a series could not be fetched', { ...one.series, tick, ...one.failure });
    for (const { reason, row } of one.refused) logger.warn('a row was refused', { ...one.series, tick, reason, row });
  }
}

/** On Lambda: configuration from the bundle, secrets and overrides from the environment, opened at the first event. */
export const handler = createSyncHandler(async () => {
  const { config, parts, environment, db } = await openFunctionHost('sync', process.env);
  const { clock, timer, logger } = parts;
  const cache = createCacheClient(config, { clock, timer, environment });
  const apis = new Map<Exchange, ExchangeRestApi>();
  return {
    settings: config.sync,
    symbols: (exchange) => config.exchanges[exchange]?.symbols ?? [],
    api(exchange) {
      const api = apis.get(exchange) ?? createExchangeRestApi(config, exchange, { ...parts, environment, cache });
      apis.set(exchange, api);
      return api;
    },
    db,
    clock,
    logger,
  };
});
