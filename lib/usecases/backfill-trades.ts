import type { StoredCandle } from '#core/candle.ts';
import type { TimeWindow } from '#core/ports/time-series-db.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import { withMissing } from '#domain/candles/silent-runs.ts';
import { candleVersion, TRADES_SOURCE_RANK } from '#domain/candles/version.ts';
import { pastCandles, skippedIds, type PastCandles, type SkippedIds } from '#domain/trades/past-candles.ts';
import { emptyRows, lostRows } from './backfill-ledger.ts';
import { cameLate, type BackfillRun } from './backfill-run.ts';
import type { BackfillInput, BackfillPorts } from './backfill-types.ts';
import { failureOf } from './fetch-windows.ts';
import { readPastTrades, type PastTrades } from './read-past-trades.ts';

export type LostPage = TimeWindow & {
  /** Open times that are neither stored nor explained, ascending; at least one. */
  readonly wanted: readonly number[];
  /** The exchange has no candles before, UTC ms. */
  readonly horizonMs: number;
  /** Whether a candle was stored before. */
  readonly isHeld: (openTimeMs: number) => boolean;
};

/**
 * Candles that the exchange no longer serves, made from its public trades: as far as the next pages of trades reach, and at least one candle.
 * Returns up to where everything wanted is now stored or explained; null when the exchange failed (`run.failure`) or the run was stopped.
 */
export async function backfillFromTrades(
  ports: BackfillPorts,
  input: BackfillInput,
  run: BackfillRun,
  { untilMs, wanted, horizonMs, isHeld }: LostPage,
): Promise<number | null> {
  const { timeframeMs } = run;
  const startMs = wanted[0] ?? untilMs;
  const read = await readTrades(ports, input, run, { fromMs: startMs, untilMs });
  if (read === null) return null;
  const { trades, isWhole } = read;
  const lastMs = trades.at(-1)?.eventTimeMs ?? startMs;
  const doneMs = isWhole ? untilMs : Math.min(untilMs, floorToGrid(lastMs, timeframeMs));
  const told = pastCandles(
    trades,
    wanted.filter((timeMs) => timeMs < doneMs),
    timeframeMs,
  );
  await storeCandles(ports, input, run, { ...told, isHeld });
  const runs = (times: readonly number[]): readonly TimeWindow[] => withMissing([], times, timeframeMs, run.edges);
  const nowMs = ports.clock.nowMs();
  const facts = { reachableFromMs: horizonMs, nowMs };
  const broken = lostRows(input, runs(told.brokenMs), run.gaps, facts).map((row) => ({
    ...row,
    evidence: `${row.evidence}; ${brokenText(skippedIds(trades), row)}`,
    // Asked for: a later run does not try again.
    attempts: 1,
  }));
  await run.write([
    ...emptyRows(input, runs(told.emptyMs), trades, nowMs),
    ...broken,
    ...lostRows(input, runs(told.untoldMs), run.gaps, facts),
  ]);
  const before = trades.findLast(({ eventTimeMs }) => eventTimeMs < doneMs);
  run.tradesBefore = before === undefined ? null : { trade: before, untilMs: doneMs };
  return doneMs;
}

/** Null when the exchange failed, which the run then says, or when the run was stopped. */
async function readTrades(
  { api }: BackfillPorts,
  { series: { symbol }, signal }: BackfillInput,
  run: BackfillRun,
  window: TimeWindow,
): Promise<PastTrades | null> {
  const before = run.tradesBefore?.untilMs === window.fromMs ? run.tradesBefore.trade : null;
  const counts = { requests: 0, refused: 0 };
  try {
    return await readPastTrades(api, { ...window, symbol, timeframeMs: run.timeframeMs, before, counts, ...(signal && { signal }) });
  } catch (error) {
    run.failure = failureOf(error);
    return null;
  } finally {
    run.requests += counts.requests;
    run.refused += counts.refused;
  }
}

/** Nothing of the wanted candles is stored yet: none is replaced. */
async function storeCandles(
  { db, clock }: BackfillPorts,
  { series }: BackfillInput,
  run: BackfillRun,
  { candles, isHeld }: Pick<PastCandles, 'candles'> & Pick<LostPage, 'isHeld'>,
): Promise<void> {
  if (candles.length === 0) return;
  const detectedAtMs = clock.nowMs();
  const version = candleVersion({ finality: 'closed', sourceRank: TRADES_SOURCE_RANK, fetchedAtMs: detectedAtMs, sequence: 0 });
  const stored: readonly StoredCandle[] = candles.map((candle) => ({ ...candle, version }));
  const late = stored.filter(({ openTimeMs }) => cameLate(run, openTimeMs, isHeld));
  if (late.length > 0)
    await db.insertCandleRevisions(late.map((after) => ({ series, openTimeMs: after.openTimeMs, before: null, after, detectedAtMs })));
  await db.insertCandles([{ series, candles: stored }]);
  for (const { openTimeMs } of stored) {
    run.fromTrades.add(openTimeMs);
    run.firstSeenMs = Math.min(run.firstSeenMs, openTimeMs);
  }
  run.stored += stored.length;
}

function brokenText(skipped: readonly SkippedIds[], { fromMs, untilMs }: TimeWindow): string {
  const here = skipped.filter((one) => one.fromMs < untilMs && one.toMs >= fromMs);
  const ids = here.map(({ firstId, lastId }) => (firstId === lastId ? `${firstId}` : `${firstId} to ${lastId}`));
  return `its trades were asked for, and lack ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ' and others' : ''}`;
}
