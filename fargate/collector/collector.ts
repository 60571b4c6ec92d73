import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { StreamClient } from '#core/ports/stream-client.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { createExchangeRestApi } from '#factories/exchange-rest-api.ts';
import { createExchangeWebSocket } from '#factories/exchange-web-socket.ts';
import type { HostParts } from '#factories/host-parts.ts';
import { marketsOfTask, type Market } from '#usecases/markets-of-task.ts';
import { createTradeCollector, type CollectPorts, type TradeCollector } from '#usecases/collect-trades.ts';
import type { CollectedExchange } from '#usecases/collected-exchange.ts';

export type CollectorOptions = {
  readonly config: Config;
  readonly parts: HostParts;
  /** All markets; this task takes its share of them. */
  readonly markets: readonly Market[];
  readonly db: CollectPorts['db'];
  readonly cache: Pick<CacheClient, 'advanceHashes' | 'readHash' | 'writeHashes'>;
  readonly stream: Pick<StreamClient, 'putRecords'>;
  /** For a stream that ends with this process: see `CollectPorts`. */
  readonly checkpoint?: CollectPorts['checkpoint'];
  readonly flush?: CollectPorts['flush'];
  /** Of a recorded exchange; empty for the real ones. */
  readonly restUrls?: Readonly<Partial<Record<Exchange, string>>>;
  readonly webSocketUrls?: Readonly<Partial<Record<Exchange, string>>>;
  /** Markets whose trades are made up from candles; none when absent. */
  readonly isSynthetic?: (exchange: Exchange, symbol: MarketSymbol) => boolean;
  /** Times as many milliseconds pass in a replay. */
  readonly speed?: number;
};

export type OpenedCollector = {
  readonly collector: TradeCollector;
  /** How many markets this task has. */
  readonly markets: number;
  close(): Promise<void>;
};

/** The collector of one task, over what the configuration names. The container, the laptop and the emulator run this very thing. */
export function openCollector(options: CollectorOptions): OpenedCollector {
  const { config, parts, restUrls = {}, webSocketUrls = {}, isSynthetic, speed = 1 } = options;
  const { collector: settings, quality } = config.streaming;
  const own = marketsOfTask(options.markets, settings.task, settings.tasks);
  const apis = new Map(
    [...new Set(own.map(({ exchange }) => exchange))].map((exchange) => [
      exchange,
      createExchangeRestApi(config, exchange, { ...parts, environment: process.env, cache: options.cache, restUrl: restUrls[exchange] }),
    ]),
  );
  const exchanges = [...apis].map(([exchange, api]): CollectedExchange => ({
    exchange,
    symbols: [...new Set(own.filter((one) => one.exchange === exchange).map(({ symbol }) => symbol))],
    feed: createExchangeWebSocket(config, exchange, { ...parts, wsUrl: webSocketUrls[exchange] }),
    api,
    isSynthetic: (symbol) => isSynthetic?.(exchange, symbol) === true,
  }));
  const collector = createTradeCollector(
    { ...options, ...parts },
    {
      task: `${settings.task}/${settings.tasks}`,
      exchanges,
      settings: {
        ...settings,
        // What is late by a moment of real time is late by more in a replay that runs faster.
        quality: { ...quality, maxAgeMs: quality.maxAgeMs * Math.max(1, speed), maxAheadMs: quality.maxAheadMs },
      },
    },
  );
  return {
    collector,
    markets: exchanges.reduce((sum, { symbols }) => sum + symbols.length, 0),
    async close() {
      await Promise.all([...apis.values()].map((api) => api.close()));
    },
  };
}
