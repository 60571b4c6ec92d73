import { expect } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import type { CandleQuery, TimeSeriesDb, TimeWindow } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';

export const MINUTE = 60_000;
export const START = Date.UTC(2023, 2, 10);
export const CLOSED = 2n ** 62n;
export const DAY = { fromMs: START, untilMs: START + 86_400_000 };

export function seriesOf(symbol: string): Series {
  return { exchange: 'kraken', symbol: parseMarketSymbol(symbol) as MarketSymbol, timeframe: '1m' };
}

export function queryOf({ exchange, symbol, timeframe }: Series, window: TimeWindow = DAY): CandleQuery {
  return { exchange, symbols: [symbol], windows: { [timeframe]: window } };
}

export function candle(minute: number, given: Partial<Record<keyof StoredCandle, unknown>> = {}): StoredCandle {
  const plain = { open: '10', high: '12', low: '9', close: '11', volume: '1', quoteVolume: '10.5', tradeCount: 3, version: CLOSED };
  return { openTimeMs: START + minute * MINUTE, ...plain, ...given } as StoredCandle;
}

/** Fails when a reader sees a candle twice that was written twice. */
export async function writingAgainDoublesNothing(db: TimeSeriesDb, series: Series): Promise<void> {
  await db.insertCandles([{ series, candles: [candle(0), candle(1)] }]);
  await db.insertCandles([{ series, candles: [candle(0), candle(1)] }]);
  expect((await db.readCandles(queryOf(series)))[0]?.candles).toHaveLength(2);
}

/** Fails when a reader sees anything of an older version that was written later. */
export async function theHigherVersionWins(db: TimeSeriesDb, series: Series): Promise<void> {
  const older = candle(0, { close: '10', volume: '1', version: CLOSED + 1n });
  const newer = candle(0, { close: '10.5', volume: '2', quoteVolume: null, tradeCount: null, version: CLOSED + 2n });
  await db.insertCandles([{ series, candles: [newer] }]);
  await db.insertCandles([{ series, candles: [older] }]);
  expect((await db.readCandles(queryOf(series)))[0]?.candles).toEqual([newer]);
}
