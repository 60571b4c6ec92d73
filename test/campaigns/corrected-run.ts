import type { Series } from '#core/series.ts';
import { seriesKey } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { sameCandle } from '#domain/candles/compare.ts';
import { simulate, truthRule, type SimulationResult } from '../../tools/simulation/simulate.ts';
import { createTruth, type Truth } from '../../tools/simulation/simulated-truth.ts';
import type { Sabotage, SimulationOptions } from '../../tools/simulation/workload.ts';

/** What the exchanges corrected, and what of it the ledger of revisions must have. */
type Corrections = {
  /** Corrections of candles that had been fetched before. */
  readonly afterFirstFetch: number;
  /** Of those, the ones that another correction of the same candle followed before it was read again. */
  readonly overtaken: number;
  /** Rows that the ledger must have: one for each reading that had other figures than the reading before. */
  readonly visible: number;
  /** The longest time from the close of a candle to a correction that was to be seen, ms. */
  readonly latestMs: number;
};

type Readings = Map<string, { readonly series: Series; readonly times: Map<number, number[]> }>;

type CorrectedRun = { readonly result: SimulationResult; readonly corrections: Corrections };

/**
 * A run without other faults, with every time at which each closed candle was read. What the ledger must have follows from these times and
 * from what the exchange had at each of them; what sync made of the answers has no part in it.
 */
export async function playCorrections(options: SimulationOptions): Promise<CorrectedRun> {
  const readings: Readings = new Map();
  const { sabotage } = options;
  const result = await simulate({
    ...options,
    sabotage: { ...sabotage, ports: (ports) => noting(readings)(sabotage?.ports?.(ports) ?? ports) },
  });
  return { result, corrections: correctionsOf(readings, createTruth(truthRule(options, []))) };
}

function noting(readings: Readings): NonNullable<Sabotage['ports']> {
  return (ports) => ({
    ...ports,
    api: {
      ...ports.api,
      async fetchCandles(request) {
        const page = await ports.api.fetchCandles(request);
        const { symbol, timeframe, fromMs, limit } = request;
        const stepMs = TIMEFRAME_MS[timeframe];
        const series = { exchange: ports.api.exchange, symbol, timeframe };
        const nowMs = ports.clock.nowMs();
        const { times } = readings.get(seriesKey(series)) ?? { times: new Map<number, number[]>() };
        readings.set(seriesKey(series), { series, times });
        // The last row is asked for as the one that may still be open; sync reads those before it.
        const untilMs = Math.min(fromMs + (limit - 1) * stepMs, nowMs - stepMs + 1);
        for (const { openTimeMs } of page.candles.filter((candle) => candle.openTimeMs < untilMs))
          times.set(openTimeMs, [...(times.get(openTimeMs) ?? []), nowMs]);
        return page;
      },
    },
  });
}

function correctionsOf(readings: Readings, truth: Truth): Corrections {
  const sums = { afterFirstFetch: 0, visible: 0, latestMs: 0 };
  for (const { series, times } of readings.values()) {
    const { at, correctedAtMs } = truth(series);
    for (const [openTimeMs, atMs] of times) {
      const later = correctedAtMs(openTimeMs).filter((timeMs) => timeMs > atMs[0]!);
      if (later.length === 0) continue;
      sums.afterFirstFetch += later.length;
      sums.latestMs = Math.max(sums.latestMs, later.at(-1)! - openTimeMs - TIMEFRAME_MS[series.timeframe]);
      const seen = atMs.map((timeMs) => at(openTimeMs, timeMs)!);
      sums.visible += seen.filter((candle, i) => i > 0 && !sameCandle(seen[i - 1]!, candle)).length;
    }
  }
  return { ...sums, overtaken: sums.afterFirstFetch - sums.visible };
}
