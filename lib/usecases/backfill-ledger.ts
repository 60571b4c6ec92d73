import type { CandleGap } from '#core/candle-gap.ts';
import type { SeriesCandles, TimeWindow } from '#core/ports/time-series-db.ts';
import type { Trade } from '#core/trade.ts';
import type { Watermark } from '#core/watermark.ts';
import { seriesKey } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { advance, CONFIRMING_ANSWERS } from '#domain/candles/coverage.ts';
import { explainGap, type SeriesPresence } from '#domain/candles/explain-gap.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import { lostEvidence } from '#domain/candles/lost-evidence.ts';
import type { BackfillInput, BackfillPorts } from './backfill-types.ts';

/** Rows for runs that the exchange has answered without, each with a candle on both sides. Reads what the series of the exchange did around them. */
export async function silentRows(
  { api, db, clock }: BackfillPorts,
  { series, peers, settings }: BackfillInput,
  runs: readonly TimeWindow[],
): Promise<readonly CandleGap[]> {
  const [first, last] = [runs[0], runs.at(-1)];
  if (first === undefined || last === undefined) return [];
  const stepMs = TIMEFRAME_MS[series.timeframe];
  const reachMs = settings.recheckCandles * stepMs;
  const symbols = [...new Set([series.symbol, ...peers])];
  const window = { fromMs: first.fromMs - reachMs, untilMs: last.untilMs };
  const around = await db.readCandles({ exchange: series.exchange, symbols, windows: { [series.timeframe]: window } });
  const ownCandles = around.find((one) => seriesKey(one.series) === seriesKey(series));
  const own = presenceOf(ownCandles, reachMs);
  const others = around.filter((one) => one !== ownCandles).map((one) => presenceOf(one, reachMs));
  const context = { timeframeMs: stepMs, pastCandles: settings.recheckCandles, servesEmptyCandles: api.servesEmptyCandles };
  const nowMs = clock.nowMs();
  return runs.map((run) => {
    const { reason, evidence } = explainGap(
      run,
      own(run),
      others.map((other) => other(run)),
      context,
    );
    return { ...rowOf(series, run, nowMs), reason, evidence: `${evidence}; found by a backfill`, attempts: CONFIRMING_ANSWERS };
  });
}

/** Rows for what the exchange can no longer be asked for; `before` is what the ledger said until now. */
export function lostRows(
  { series }: BackfillInput,
  runs: readonly TimeWindow[],
  before: readonly CandleGap[],
  { reachableFromMs, nowMs }: { readonly reachableFromMs: number; readonly nowMs: number },
): readonly CandleGap[] {
  return runs.map((run) => {
    const evidence = `${lostEvidence(run, reachableFromMs, before)}; found by a backfill`;
    return { ...rowOf(series, run, nowMs), reason: 'retention_lost', evidence, attempts: 0 };
  });
}

/** Rows for times of which the trades before and behind follow each other. */
export function emptyRows(
  { series }: BackfillInput,
  runs: readonly TimeWindow[],
  trades: readonly Trade[],
  nowMs: number,
): readonly CandleGap[] {
  return runs.map((run) => {
    const before = trades.findLast(({ eventTimeMs }) => eventTimeMs < run.fromMs);
    const behind = trades.find(({ eventTimeMs }) => eventTimeMs >= run.untilMs);
    const evidence = `trades ${before?.id} and ${behind?.id} follow each other around it; found by a backfill`;
    return { ...rowOf(series, run, nowMs), reason: 'no_trades', evidence, attempts: 1 };
  });
}

function rowOf(
  series: CandleGap['series'],
  { fromMs, untilMs }: TimeWindow,
  nowMs: number,
): Omit<CandleGap, 'reason' | 'evidence' | 'attempts'> {
  const rest = { detectedAtMs: nowMs, resolvedAtMs: null, resolvedBy: '', updatedAtMs: nowMs } as const;
  return { series, fromMs, untilMs, state: 'explained', nextTryMs: null, ...rest };
}

/** Of a series without a candle before the gap nobody knows how busy it was. */
function presenceOf(found: SeriesCandles | undefined, reachMs: number): (run: TimeWindow) => SeriesPresence {
  const times = found?.candles.map(({ openTimeMs }) => openTimeMs) ?? [];
  const held = new Set(times);
  return ({ fromMs }) => {
    const firstMs = times.find((timeMs) => timeMs >= fromMs - reachMs) ?? Number.POSITIVE_INFINITY;
    return { has: (timeMs) => held.has(timeMs), knownFromMs: firstMs };
  };
}

const HOUR_MS = 3_600_000;

/**
 * The watermark over what is covered now: back to where the window is covered without a hole up to it, and on where the window begins before
 * its end; a series without one gets it. Null when nothing of it moves.
 */
export function movedMark(
  { series, fromMs, untilMs, settings }: BackfillInput,
  mark: Watermark | null,
  isCovered: (openTimeMs: number) => boolean,
  nowMs: number,
): Watermark | null {
  const timeframeMs = TIMEFRAME_MS[series.timeframe];
  const grid = { timeframeMs, has: isCovered, closedUntilMs: untilMs };
  if (mark === null) {
    const lastAgeMs = Math.max(0, ...settings.rereadAfterHours) * HOUR_MS;
    // What was old enough when it was fetched has been read at the last age by that.
    const readUntilMs = Math.max(fromMs, floorToGrid(nowMs - lastAgeMs, timeframeMs));
    const completeUntilMs = advance({ ...grid, completeUntilMs: fromMs }, []);
    const rereadUntilMs = Math.min(readUntilMs, completeUntilMs);
    return completeUntilMs === fromMs ? null : { series, fromMs, completeUntilMs, rereadUntilMs, updatedAtMs: nowMs };
  }
  let firstMs = mark.fromMs;
  while (untilMs >= mark.fromMs && firstMs > fromMs && isCovered(firstMs - timeframeMs)) firstMs -= timeframeMs;
  const completeUntilMs =
    fromMs <= mark.completeUntilMs ? advance({ ...grid, completeUntilMs: mark.completeUntilMs }, []) : mark.completeUntilMs;
  if (firstMs === mark.fromMs && completeUntilMs === mark.completeUntilMs) return null;
  // Of two marks the store keeps the one that has come further in both: one that is read again from an earlier time on would not be kept.
  return { series, fromMs: firstMs, completeUntilMs, rereadUntilMs: mark.rereadUntilMs, updatedAtMs: nowMs };
}
