import { onTestFinished } from 'vitest';
import { join } from 'node:path';
import type { StoredCandle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { parseMarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import type { Exchange } from '#core/exchange.ts';
import { createIndicatorSet } from '#domain/indicators/indicator-set.ts';
import { DEFAULT_INDICATORS } from '#domain/indicators/registry.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import type { PagePricesOptions } from '#local/page/page-prices.ts';
import { startPageServer, type PageServer, type PageServerOptions } from '#local/page/page-server.ts';
import type { PlatformStatus } from '#local/platform-status.ts';

export const MINUTE = 60_000;
export const START = Date.UTC(2023, 2, 11);
export const WEB = join(import.meta.dirname, '../../../web');

export function decimal(text: string | number): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new RangeError(`"${text}" is not a decimal`);
  return value;
}

export function seriesOf(exchange: Exchange, symbolText: string, timeframe: Timeframe): Series {
  const symbol = parseMarketSymbol(symbolText);
  if (symbol === undefined) throw new RangeError(`"${symbolText}" is not a symbol`);
  return { exchange, symbol, timeframe };
}

/** A candle whose figures follow from its number alone. */
export function candle(timeframe: Timeframe, index: number, base = 20_000): StoredCandle {
  const open = base + Math.round(base * 0.02 * Math.sin(index / 9)) + (index % 5);
  const close = base + Math.round(base * 0.02 * Math.sin((index + 1) / 9)) + ((index + 1) % 5);
  return {
    openTimeMs: START + index * TIMEFRAME_MS[timeframe],
    open: decimal(open),
    high: decimal(Math.max(open, close) + 7.5),
    low: decimal(Math.min(open, close) - 7.25),
    close: decimal(close),
    volume: decimal(`${1 + (index % 7)}.125`),
    quoteVolume: null,
    tradeCount: 3,
    version: 1n,
  };
}

/** A store with a status that follows it, and a virtual clock that the test moves. */
export type PageWorld = {
  readonly db: TimeSeriesDb;
  readonly status: () => PlatformStatus;
  readonly prices: PagePricesOptions;
  /** Merged over what the status says by itself. */
  readonly say: (part: Partial<PlatformStatus>) => void;
  /** Stores candles, and the indicator values of all candles of the series so far. */
  readonly add: (series: Series, candles: readonly StoredCandle[]) => Promise<void>;
};

export function createPageWorld(): PageWorld {
  const db = createMemoryTimeSeriesDb();
  const held = new Map<string, { readonly series: Series; candles: readonly StoredCandle[] }>();
  let said: Partial<PlatformStatus> = {};
  const status = (): PlatformStatus => {
    const series = [...held.values()].map((one) => ({
      ...one.series,
      newestOpenTimeMs: one.candles.at(-1)?.openTimeMs ?? null,
      missing: 0,
    }));
    const ends = series.map(({ newestOpenTimeMs, timeframe }) => (newestOpenTimeMs ?? START) + TIMEFRAME_MS[timeframe]);
    const nowMs = Math.max(START, ...ends);
    return {
      mode: 'replay',
      recording: 'made-by-the-test',
      nowMs,
      speed: 60,
      tickMs: nowMs,
      phase: 'running',
      series,
      problems: [],
      ...said,
    };
  };
  return {
    db,
    status,
    prices: { cache: createMemoryCache({ nowMs: () => START, sleepUntil: async () => {} }), clock: { nowMs: () => START }, markets: [] },
    say: (part) => {
      said = { ...said, ...part };
    },
    async add(series, candles) {
      const key = seriesKey(series);
      const all = [...(held.get(key)?.candles ?? []), ...candles];
      await db.insertCandles([{ series, candles }]);
      await db.insertIndicators(indicatorRows(series, all));
      held.set(key, { series, candles: all });
    },
  };
}

function indicatorRows(series: Series, candles: readonly StoredCandle[]) {
  const set = createIndicatorSet({ indicators: DEFAULT_INDICATORS, lookback: 400, maxFilledCandles: 0 });
  const column = (pick: (one: StoredCandle) => Decimal): Float64Array => Float64Array.from(candles, (one) => Number(pick(one)));
  const outputs = set.compute({ high: column(({ high }) => high), low: column(({ low }) => low), close: column(({ close }) => close) });
  return candles.map(({ openTimeMs, version }, at) => {
    const values = Object.fromEntries(
      set.names.flatMap((name, n) => (Number.isNaN(outputs[n]?.[at] ?? Number.NaN) ? [] : [[name, outputs[n]?.[at] ?? 0]])),
    );
    return { series, openTimeMs, values, candleVersion: version, fingerprint: 1n, computedAtMs: START };
  });
}

/** A server on a free port that ends with the test. */
export async function servePage(
  options: Pick<PageServerOptions, 'db' | 'status' | 'prices'> & Partial<PageServerOptions>,
): Promise<PageServer> {
  const server = await startPageServer({ port: 0, webDirectory: WEB, ...options });
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => await (closed ??= server.close());
  onTestFinished(close);
  return { ...server, close };
}
