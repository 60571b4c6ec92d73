import type { Candle } from '#core/candle.ts';
import type { Trade } from '#core/trade.ts';
import { candlesOfTrades, rollUpCandles } from './candles-of-trades.ts';

/** Ids that an exchange has left out of an answer: between two trades, at `fromMs` and `toMs`. */
export type SkippedIds = { readonly firstId: bigint; readonly lastId: bigint; readonly fromMs: number; readonly toMs: number };

/** What past trades say of candles, by open time. */
export type PastCandles = {
  /** Made of all their trades. */
  readonly candles: readonly Candle[];
  /** Nothing was traded: the trades before and behind follow each other. */
  readonly emptyMs: readonly number[];
  /** Ids are missing in them or beside them, so nobody knows all of their trades. */
  readonly brokenMs: readonly number[];
  /** There is no trade before, or none behind, that would tell. */
  readonly untoldMs: readonly number[];
};

const MINUTE_MS = 60_000;

/** Where ids do not follow each other. Trades ascend by id, each there once; ids are decimal digits. */
export function skippedIds(trades: readonly Trade[]): readonly SkippedIds[] {
  return trades.flatMap((trade, i) => {
    const before = trades[i - 1];
    const firstId = before === undefined ? BigInt(trade.id) : BigInt(before.id) + 1n;
    if (before === undefined || firstId === BigInt(trade.id)) return [];
    return [{ firstId, lastId: BigInt(trade.id) - 1n, fromMs: before.eventTimeMs, toMs: trade.eventTimeMs }];
  });
}

/**
 * Candles of one market from its past trades, only of the wanted open times (ascending, UTC ms). A candle counts only where every id of its time
 * is there, from the trade before it to the one behind it. Volume is the exact sum. Throws `RangeError` when that needs more than 20 integer digits.
 */
export function pastCandles(trades: readonly Trade[], wanted: readonly number[], timeframeMs: number): PastCandles {
  const skipped = skippedIds(trades);
  const minutes = candlesOfTrades(trades, MINUTE_MS);
  const made = timeframeMs === MINUTE_MS ? minutes : rollUpCandles(minutes, timeframeMs);
  const byTime = new Map(made.map((candle) => [candle.openTimeMs, candle]));
  const [firstMs = Number.POSITIVE_INFINITY, lastMs = 0] = [trades[0]?.eventTimeMs, trades.at(-1)?.eventTimeMs];
  const found = { candles: [] as Candle[], emptyMs: [] as number[], brokenMs: [] as number[], untoldMs: [] as number[] };
  for (const openTimeMs of wanted) {
    const endMs = openTimeMs + timeframeMs;
    const candle = byTime.get(openTimeMs);
    if (skipped.some(({ fromMs, toMs }) => fromMs < endMs && toMs >= openTimeMs)) found.brokenMs.push(openTimeMs);
    else if (firstMs >= openTimeMs || lastMs < endMs) found.untoldMs.push(openTimeMs);
    else if (candle === undefined) found.emptyMs.push(openTimeMs);
    else found.candles.push(candle);
  }
  return found;
}
