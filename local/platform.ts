import { randomBytes } from 'node:crypto';
import { createIndicatorsHandler } from '#lambdas/indicators/handler.ts';
import { createSyncHandler } from '#lambdas/sync/handler.ts';
import { createVerifyHandler } from '#lambdas/verify/handler.ts';
import { enabledMarkets } from '#config/enabled-markets.ts';
import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { VERIFY_AT_MINUTE } from '#core/scheduled-tick.ts';
import { createExchangeRestApi } from '#factories/exchange-rest-api.ts';
import type { HostParts } from '#factories/host-parts.ts';
import { openTimeSeriesDb, type OpenedTimeSeriesDb } from '#factories/time-series-db.ts';
import type { SeriesSyncReport } from '#usecases/sync-candles.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { createRunTotals, type RunTotals } from './run-report.ts';
import type { TickService } from './tick-loop.ts';
import { projectFile } from './project-files.ts';

export type PlatformOptions = {
  readonly config: Config;
  readonly parts: HostParts;
  /** Which series exist: of the recording, or of the configuration for live data. */
  readonly series: readonly Series[];
  /** Replays keep candles for ever. */
  readonly isReplay: boolean;
  /** Origins of a recorded exchange's servers; empty for live data. */
  readonly restUrls: Readonly<Partial<Record<Exchange, string>>>;
  readonly onSeries: (report: SeriesSyncReport) => void;
  readonly cache: CacheClient;
  /** The archive of trades. */
  readonly storage: StorageClient;
};

/** Sync, indicators and verify of one process over one store: the very handlers that run on Lambda, wired for the laptop. */
export type Platform = {
  readonly exchanges: readonly Exchange[];
  readonly sync: TickService;
  readonly indicators: TickService;
  readonly catchUp: TickService;
  readonly verify: TickService;
  readonly totals: RunTotals;
  close(): Promise<void>;
};

export function createPlatform(options: PlatformOptions, { db }: Pick<OpenedTimeSeriesDb, 'db'>): Platform {
  const { config, parts, series, restUrls, cache, storage } = options;
  const { clock, logger } = parts;
  const totals = createRunTotals();
  const exchanges = [...new Set(series.map(({ exchange }) => exchange))];
  const known = new Set(series.map(seriesKey));
  const apis = new Map<Exchange, ExchangeRestApi>(
    exchanges.map((exchange) => [
      exchange,
      createExchangeRestApi(config, exchange, { ...parts, environment: process.env, cache, restUrl: restUrls[exchange] }),
    ]),
  );
  const symbolsOf = (exchange: Exchange): readonly MarketSymbol[] => [
    ...new Set(series.filter((one) => one.exchange === exchange).map(({ symbol }) => symbol)),
  ];
  const sync = createSyncHandler(async () => ({
    settings: config.sync,
    symbols: symbolsOf,
    hasSeries: (one) => known.has(seriesKey(one)),
    api: (exchange) => apiOf(apis, exchange),
    db,
    clock,
    logger,
    onSeries: options.onSeries,
    onReport: totals.addSync,
  }));
  const indicators = createIndicatorsHandler(async () => {
    const { ttlDays } = config.databases.clickhouse;
    const timeframes = config.sync.timeframes;
    return {
      settings: config.indicators,
      timeframes,
      ttlDays: options.isReplay || ttlDays === 0 ? null : ttlDays,
      db,
      cache,
      clock,
      logger,
      onReport: totals.addIndicators,
    };
  });
  const verify = createVerifyHandler(async () => ({
    settings: config.sync,
    symbols: symbolsOf,
    db,
    storage,
    clock,
    logger,
    onReport: totals.addVerify,
  }));
  const delayMs = config.indicators.delaySeconds * 1000;
  return {
    exchanges,
    sync: { handler: sync, delayMs: config.sync.delaySeconds * 1000, mode: 'tick' },
    indicators: { handler: indicators, delayMs, mode: 'tick' },
    catchUp: { handler: indicators, delayMs, mode: 'catch-up' },
    verify: { handler: verify, delayMs, mode: 'tick', atMinute: VERIFY_AT_MINUTE },
    totals,
    async close() {
      await Promise.all([...apis.values()].map((api) => api.close()));
    },
  };
}

function apiOf(apis: ReadonlyMap<Exchange, ExchangeRestApi>, exchange: Exchange): ExchangeRestApi {
  const api = apis.get(exchange);
  if (api === undefined) throw new RangeError(`no REST access was opened for exchange "${exchange}"`);
  return api;
}

/** Opens the configured store for this process, with its schema up to date. */
export async function openStore(config: Config, parts: HostParts, storeDirectory: string, isReplay: boolean): Promise<OpenedTimeSeriesDb> {
  const opened = await openTimeSeriesDb(config, {
    timer: parts.timer,
    schemaDirectory: projectFile('schema/clickhouse'),
    storeDirectory,
    keepsForever: isReplay,
    environment: process.env,
  });
  const applied = await opened.db.migrate();
  if (applied.length > 0) parts.logger.info('the schema is up to date', { applied });
  return opened;
}

/** A password nobody has to remember: made at each start, kept in runtime.json (mode 0600). */
export function makeWriterPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** Series that the configuration names for live data. */
export function configuredSeries(config: Config): readonly Series[] {
  return enabledMarkets(config).flatMap((market) => config.sync.timeframes.map((timeframe) => ({ ...market, timeframe })));
}
