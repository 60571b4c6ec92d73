import type { CandleGap } from '#core/candle-gap.ts';
import type { MarketReport } from '#core/ports/exchange-rest-api.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { coverSeries } from '#domain/candles/coverage.ts';
import type { FetchWindow } from '#domain/candles/fetch-plan.ts';
import { explainGap, type SeriesPresence } from '#domain/candles/explain-gap.ts';
import type { Explanation } from '#domain/candles/gap-reason.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import type { Failure } from './fetch-windows.ts';
import type { SeriesNews, SyncMemory } from './sync-memory.ts';
import { UNKNOWN_SERIES } from './sync-plan.ts';
import { closedUntil, failureText, type Outcome } from './sync-series.ts';
import type { SyncInput, SyncPorts, SyncSettings } from './sync-types.ts';

/** A series that the exchange was not asked for, because it is down or does not trade the market: its gap grows, and has a row. */
export function absentSeries(
  ports: SyncPorts,
  input: SyncInput,
  memory: SyncMemory,
  series: Series,
  markets: MarketReport | Failure,
): readonly Outcome[] {
  const known = memory.series.get(seriesKey(series)) ?? UNKNOWN_SERIES;
  const { fromMs, completeUntilMs, gaps } = known;
  const timeframeMs = TIMEFRAME_MS[series.timeframe];
  if (fromMs === null || completeUntilMs === null) return [];
  const failure =
    'code' in markets
      ? { reason: 'fetch_failed' as const, message: failureText(markets) }
      : {
          reason: 'not_listed' as const,
          message: markets.unavailable.find(({ symbol }) => symbol === series.symbol)?.reason ?? 'not listed',
        };
  const has = (openTimeMs: number): boolean => known.candles.has(openTimeMs);
  const cover = {
    series,
    timeframeMs,
    isFirst: false,
    completeUntilMs,
    closedUntilMs: floorToGrid(closedUntil(ports, input), timeframeMs),
    has,
    answers: [],
    fresh: null,
    written: gaps,
    reachableFromMs: 0,
    failure,
    gaps,
    nowMs: ports.clock.nowMs(),
  };
  return [{ series, candles: [], revisions: [], fromMs, rereadUntilMs: known.rereadUntilMs, gaps, refused: 0, has, known, cover }];
}

/** Watermarks and gaps, once everything of this tick is known: whether an exchange was silent shows only in all of its series. */
export function settle({ api }: SyncPorts, { settings }: SyncInput, outcomes: readonly Outcome[]): readonly SeriesNews[] {
  return outcomes.map((outcome) => {
    const { series, candles, revisions, fromMs, rereadUntilMs, gaps, cover } = outcome;
    const peers = outcomes.filter((one) => one !== outcome && one.series.timeframe === series.timeframe && one.cover !== null);
    const why = (gapFromMs: number, untilMs: number): Explanation =>
      explain({ fromMs: gapFromMs, untilMs }, outcome, peers, { servesEmptyCandles: api.servesEmptyCandles, settings });
    const coverage = cover === null ? null : coverSeries({ ...cover, explain: why });
    const beforeHistory = coverage?.gaps.find((gap) => isBeforeHistory(gap, fromMs));
    return {
      series,
      candles,
      revisions,
      fromMs: beforeHistory?.untilMs ?? fromMs,
      completeUntilMs: coverage?.completeUntilMs ?? null,
      rereadUntilMs,
      changedGaps: coverage?.changed ?? [],
      gaps: (coverage?.gaps ?? gaps).filter((gap) => gap !== beforeHistory),
    };
  });
}

/** Two answers have nothing before the first candle: there the history of the series begins. */
function isBeforeHistory({ state, reason, fromMs: gapFromMs }: CandleGap, fromMs: number | null): boolean {
  return state === 'explained' && reason === 'not_listed' && gapFromMs === fromMs;
}

function explain(
  gap: FetchWindow,
  own: Outcome,
  peers: readonly Outcome[],
  { servesEmptyCandles, settings }: { readonly servesEmptyCandles: boolean; readonly settings: SyncSettings },
): Explanation {
  if (own.refused > 0) return { reason: 'unknown', evidence: `${own.refused} rows of the answer were no candles and were refused` };
  if (gap.fromMs === own.fromMs && own.known.completeUntilMs === own.known.fromMs)
    return { reason: 'not_listed', evidence: 'the exchange has nothing before its first candle' };
  const context = { timeframeMs: TIMEFRAME_MS[own.series.timeframe], pastCandles: settings.recheckCandles, servesEmptyCandles };
  return explainGap(
    gap,
    presenceOf(own, gap),
    peers.map((peer) => presenceOf(peer, gap)),
    context,
  );
}

/** Older candles are not in mind: they are not missing. */
function presenceOf({ has, known, fromMs: coveredFromMs }: Outcome, gap: FetchWindow): SeriesPresence {
  return { has, knownFromMs: Math.max(coveredFromMs ?? gap.fromMs, Math.min(gap.fromMs, known.held.firstMs)) };
}
