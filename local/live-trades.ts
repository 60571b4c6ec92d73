import { openCollector } from '#fargate/collector/collector.ts';
import { createArchiveHandler } from '#lambdas/archive/handler.ts';
import type { Config } from '#config/load.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { openStreamClient } from '#factories/stream-client.ts';
import type { CollectReport } from '#usecases/collect-trades.ts';
import { startArchiveLoop } from './archive-loop.ts';
import type { MarketSource } from './market-source.ts';

export type LiveTradesOptions = {
  readonly config: Config;
  readonly source: Pick<MarketSource, 'parts' | 'markets' | 'restUrls' | 'webSocketUrls' | 'isSynthetic' | 'facts'>;
  readonly db: TimeSeriesDb;
  readonly cache: CacheClient;
  /** The archive of trades; whoever opened it closes it afterwards. */
  readonly storage: StorageClient;
};

/** Collector, stream and archive of this process: what the container, Kinesis and the archive function are on AWS. */
export type LiveTrades = {
  report(): CollectReport;
  /** Hands over what is held, archives it, and ends. */
  close(): Promise<CollectReport>;
};

/** Whether there is something to collect: not when it is switched off, nor in a replay as fast as the machine can, in which nothing is live. */
export function collectsLive({ streaming }: Config, { facts, markets }: Pick<MarketSource, 'facts' | 'markets'>): boolean {
  return streaming.collector.enabled && facts.speed !== 'max' && markets.length > 0;
}

export function startLiveTrades({ config, source, db, cache, storage }: LiveTradesOptions): LiveTrades {
  const { parts, facts } = source;
  const { clock, timer, logger } = parts;
  const { stream, memory } = openStreamClient(config, { clock, timer });
  const handler = createArchiveHandler(async () => ({ storage, logger }));
  const windowMs = config.streaming.archive.windowSeconds * 1000;
  // A stream elsewhere has readers of its own.
  const stopArchive = memory === null ? async () => {} : startArchiveLoop({ memory, handler, timer, logger, windowMs });
  const safety = memory === null ? {} : { checkpoint: () => memory.checkpoint(), flush: stopArchive };
  const opened = openCollector({
    ...source,
    ...safety,
    config,
    db,
    cache,
    stream,
    speed: typeof facts.speed === 'number' ? facts.speed : 1,
  });
  const abort = new AbortController();
  const running = opened.collector.run(abort.signal);
  // It never rejects by its promise; if it does, that is a defect, and close() tells it.
  running.catch((error: unknown) => logger.error('the collector has failed', { error }));
  return {
    report: () => opened.collector.report(),
    async close() {
      abort.abort();
      const report = await running;
      const { left } = report;
      if (left > 0) logger.error('trades could not be handed to the stream', { left });
      await Promise.all([opened.close(), stream.close()]);
      return report;
    },
  };
}
