import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { parseTickMessage } from '#core/scheduled-tick.ts';
import type { Timeframe } from '#core/timeframe.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { openFunctionHost } from '#factories/function-host.ts';
import { processInOrder } from '#std/fifo-batch.ts';
import { onceItSucceeds } from '#std/once-it-succeeds.ts';
import { computeIndicators, type IndicatorsReport } from '#usecases/compute-indicators.ts';
import { createIndicatorsMemory, type IndicatorsMemory } from '#usecases/indicators-memory.ts';

export type IndicatorsDependencies = {
  readonly settings: Config['indicators'];
  readonly timeframes: readonly Timeframe[];
  /** Days after which the store drops candles; null when it keeps them. */
  readonly ttlDays: number | null;
  readonly db: TimeSeriesDb;
  readonly cache: CacheClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onReport?: (report: IndicatorsReport) => void;
};

export type IndicatorsHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** The indicators service: each message is one tick of one exchange. The laptop, the emulator and AWS run this very function. */
export function createIndicatorsHandler(open: () => Promise<IndicatorsDependencies>): IndicatorsHandler {
  const opened = onceItSucceeds(open);
  const memories = new Map<Exchange, IndicatorsMemory>();
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event: SQSEvent) => {
    const dependencies = await opened();
    return await processInOrder(
      event.Records,
      (record) => indicatorsTick(dependencies, memories, record),
      ({ messageId }, error) => dependencies.logger.error('indicators failed; the queue hands the tick over again', { messageId, error }),
    );
  }) as unknown as IndicatorsHandler;
}

async function indicatorsTick(
  dependencies: IndicatorsDependencies,
  memories: Map<Exchange, IndicatorsMemory>,
  record: SQSRecord,
): Promise<void> {
  const { settings, timeframes, ttlDays, onReport, ...ports } = dependencies;
  const tick = parseTickMessage({ messageGroupId: record.attributes.MessageGroupId, body: record.body });
  if (typeof tick === 'string') {
    ports.logger.error('a message is not a tick and is dropped', { messageId: record.messageId, reason: tick });
    return;
  }
  const memory = memories.get(tick.exchange) ?? createIndicatorsMemory();
  memories.set(tick.exchange, memory);
  const report = await computeIndicators(ports, {
    ...tick,
    timeframes,
    settings,
    memory,
    keptFromMs: ttlDays === null ? undefined : tick.tickMs - ttlDays * DAY_MS,
  });
  logReport(ports.logger, report);
  onReport?.(report);
}

const DAY_MS = 86_400_000;

/** One line a tick that a person can read. */
function logReport(
  logger: Logger,
  {
    exchange,
    tickMs,
    seriesRead,
    candlesComputed,
    valuesWritten,
    filledCandles,
    warming,
    cacheKeysWritten,
    cacheFailure,
  }: IndicatorsReport,
): void {
  const tick = new Date(tickMs).toISOString();
  logger.info('computed indicators', {
    exchange,
    tick,
    series: seriesRead,
    candles: candlesComputed,
    values: valuesWritten,
    filled: filledCandles,
    warming: warming.length,
    cacheKeysWritten,
    cacheFailure,
  });
}

/** On Lambda: configuration from the bundle, secrets and overrides from the environment, opened at the first event. */
export const handler = createIndicatorsHandler(async () => {
  const { config, parts, environment, db } = await openFunctionHost('indicators', process.env);
  const { clock, timer, logger } = parts;
  const { ttlDays } = config.databases.clickhouse;
  const timeframes = config.sync.timeframes;
  return {
    settings: config.indicators,
    timeframes,
    ttlDays: ttlDays === 0 ? null : ttlDays,
    db,
    cache: createCacheClient(config, { clock, timer, environment }),
    clock,
    logger,
  };
});
