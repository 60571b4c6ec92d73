import type { StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import { fromScaled, parseDecimal, toScaled, type Decimal } from '#core/decimal.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, TIMEFRAMES } from '#core/timeframe.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { computeIndicators, type IndicatorsSettings } from '#usecases/compute-indicators.ts';

export const MINUTE = 60_000;
export const FROM = Date.UTC(2023, 2, 11);
export const SYMBOLS = ['BTC/USD', 'ETH/USD', 'XRP/USD'].map((text) => parseMarketSymbol(text) as MarketSymbol);

export const INDICATORS: IndicatorsSettings = {
  indicators: [
    { kind: 'sma', length: 20 },
    { kind: 'ema', length: 12 },
    { kind: 'rsi', length: 14 },
  ],
  lookback: 400,
  minCandles: 20,
  maxFilledCandles: 60,
  ttlSeconds: 180,
};

function decimal(value: number | string): Decimal {
  const parsed = parseDecimal(typeof value === 'number' ? value.toFixed(2) : value);
  if (parsed === undefined) throw new RangeError(`"${value}" is not a decimal`);
  return parsed;
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A store as the platform leaves it: minutes of a random walk with some empty ones, 5m and 1h added up by this file, ledger, indicators. */
export async function goodStore(minutes: number, seed: number): Promise<TimeSeriesDb> {
  const db = createMemoryTimeSeriesDb();
  const random = seeded(seed);
  for (const symbol of SYMBOLS) {
    const candles: StoredCandle[] = [];
    const gaps: CandleGap[] = [];
    let price = 100 + random() * 900;
    for (let i = 0; i < minutes; i++) {
      const openTimeMs = FROM + i * MINUTE;
      if (i % 60 !== 0 && random() < 0.02) {
        gaps.push(quietMinute({ exchange: 'coinbase', symbol, timeframe: '1m' }, openTimeMs));
        continue;
      }
      const open = price;
      price = Math.max(1, price + random() - 0.5);
      candles.push(
        candleOf(openTimeMs, 1, [open, Math.max(open, price) + random(), Math.min(open, price) - random() / 2, price, random() + 0.01]),
      );
    }
    await db.insertCandleGaps(gaps);
    for (const timeframe of TIMEFRAMES) {
      const series = { exchange: 'coinbase', symbol, timeframe } as const;
      const step = TIMEFRAME_MS[timeframe] / MINUTE;
      await db.insertCandles([{ series, candles: step === 1 ? candles : addedUp(candles, step) }]);
      await db.insertWatermarks([
        { series, fromMs: FROM, completeUntilMs: FROM + minutes * MINUTE, rereadUntilMs: FROM, updatedAtMs: FROM },
      ]);
    }
  }
  await computeIndicators(
    {
      db,
      cache: { writeHashes: async () => {}, advanceHashes: async () => 0, readHash: async () => null, close: async () => {} } as never,
      clock: { nowMs: () => FROM + minutes * MINUTE, sleepUntil: async () => {} },
      logger: { debug() {}, info() {}, warn() {}, error() {} } as never,
    },
    { exchange: 'coinbase', tickMs: FROM + minutes * MINUTE, timeframes: TIMEFRAMES, settings: INDICATORS, mode: 'catch-up' },
  );
  return db;
}

function quietMinute(series: Series, fromMs: number): CandleGap {
  return {
    series,
    fromMs,
    untilMs: fromMs + MINUTE,
    reason: 'no_trades',
    evidence: 'as silent as before',
    state: 'explained',
    attempts: 2,
    nextTryMs: null,
    detectedAtMs: fromMs,
    resolvedAtMs: null,
    resolvedBy: '',
    updatedAtMs: fromMs,
  };
}

function candleOf(openTimeMs: number, step: number, [open, high, low, close, volume]: readonly number[]): StoredCandle {
  return {
    openTimeMs,
    open: decimal(open ?? 0),
    high: decimal(high ?? 0),
    low: decimal(low ?? 0),
    close: decimal(close ?? 0),
    volume: decimal(volume ?? 0),
    quoteVolume: null,
    tradeCount: null,
    version: candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: openTimeMs + step * MINUTE + 3000, sequence: 0 }),
  };
}

/** The check's own way of adding up, on purpose not the product's. */
function addedUp(candles: readonly StoredCandle[], step: number): readonly StoredCandle[] {
  const parts = Map.groupBy(candles, ({ openTimeMs }) => FROM + Math.floor((openTimeMs - FROM) / (step * MINUTE)) * step * MINUTE);
  return [...parts].map(([openTimeMs, all]) => ({
    openTimeMs,
    open: all[0]!.open,
    high: all.map(({ high }) => high).reduce((a, b) => (Number(a) >= Number(b) ? a : b)),
    low: all.map(({ low }) => low).reduce((a, b) => (Number(a) <= Number(b) ? a : b)),
    close: all.at(-1)!.close,
    volume: fromScaled(all.reduce((sum, { volume }) => sum + toScaled(volume), 0n)),
    quoteVolume: null,
    tradeCount: null,
    version: candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: openTimeMs + step * MINUTE + 3000, sequence: 0 }),
  }));
}
