import type { Candle } from '#core/candle.ts';
import { compareDecimals, fromScaled, toScaled, type Decimal } from '#core/decimal.ts';
import type { Trade } from '#core/trade.ts';
import { differingFigures, type CandleFigures } from '../candles/compare.ts';

type Forming = {
  readonly open: Decimal;
  high: Decimal;
  low: Decimal;
  close: Decimal;
  volume: bigint;
  count: number;
};

/**
 * Candles of one market from its trades, which must be in ascending order of ids and each there once. A trade belongs to the candle of its
 * event time; open and close are the prices of the lowest and the highest id in it; volume is the exact sum in base units. Oldest first;
 * no candle where there was no trade. `quoteVolume` is null: the sum of products may need more digits than a decimal has. Throws
 * `RangeError` when a volume needs more than 20 integer digits.
 */
export function candlesOfTrades(trades: Iterable<Trade>, timeframeMs: number): readonly Candle[] {
  const forming = new Map<number, Forming>();
  for (const { price, size, eventTimeMs } of trades) {
    const openTimeMs = Math.floor(eventTimeMs / timeframeMs) * timeframeMs;
    add(forming, openTimeMs, { open: price, high: price, low: price, close: price, volume: toScaled(size), count: 1 });
  }
  return finished(forming);
}

/** Longer candles from shorter ones of one market, oldest first: exactly those that the trades themselves would have given. */
export function rollUpCandles(candles: readonly Candle[], timeframeMs: number): readonly Candle[] {
  const forming = new Map<number, Forming>();
  for (const { openTimeMs, open, high, low, close, volume, tradeCount } of candles) {
    const start = Math.floor(openTimeMs / timeframeMs) * timeframeMs;
    add(forming, start, { open, high, low, close, volume: toScaled(volume), count: tradeCount ?? 0 });
  }
  return finished(forming);
}

function add(forming: Map<number, Forming>, openTimeMs: number, next: Forming): void {
  const candle = forming.get(openTimeMs);
  if (candle === undefined) {
    forming.set(openTimeMs, next);
    return;
  }
  if (compareDecimals(next.high, candle.high) > 0) candle.high = next.high;
  if (compareDecimals(next.low, candle.low) < 0) candle.low = next.low;
  candle.close = next.close;
  candle.volume += next.volume;
  candle.count += next.count;
}

function finished(forming: ReadonlyMap<number, Forming>): readonly Candle[] {
  return Array.from(forming, ([openTimeMs, { volume, count, ...prices }]) => ({
    openTimeMs,
    ...prices,
    volume: fromScaled(volume),
    quoteVolume: null,
    tradeCount: count,
  })).sort((a, b) => a.openTimeMs - b.openTimeMs);
}

/** One candle that two sources do not agree on. `field` is null where one of them has none. */
export type CandleDifference = {
  readonly openTimeMs: number;
  readonly field: keyof CandleFigures | null;
  readonly rebuilt: Decimal | null;
  readonly stored: Decimal | null;
};

/**
 * Where candles from trades and stored ones say different things, oldest first. Prices and volume are compared exactly. A stored candle
 * without volume and no rebuilt one agree: some exchanges send such rows for times without a trade.
 */
export function candleDifferences(rebuilt: readonly Candle[], stored: readonly Candle[]): readonly CandleDifference[] {
  const storedByTime = new Map(stored.map((candle) => [candle.openTimeMs, candle]));
  const rebuiltTimes = new Set(rebuilt.map(({ openTimeMs }) => openTimeMs));
  const differences: CandleDifference[] = [];
  for (const candle of rebuilt) {
    const { openTimeMs } = candle;
    const other = storedByTime.get(openTimeMs);
    if (other === undefined) differences.push({ openTimeMs, field: null, rebuilt: candle.close, stored: null });
    else
      for (const field of differingFigures(candle, other))
        differences.push({ openTimeMs, field, rebuilt: candle[field], stored: other[field] });
  }
  for (const { openTimeMs, volume, close } of stored)
    if (!rebuiltTimes.has(openTimeMs) && volume !== '0') differences.push({ openTimeMs, field: null, rebuilt: null, stored: close });
  return differences.sort((a, b) => a.openTimeMs - b.openTimeMs);
}
