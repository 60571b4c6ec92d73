import type { TimeWindow } from '#core/ports/time-series-db.ts';
import { explainSilence, type Explanation, type GapEvidence } from './gap-reason.ts';

/** Which candles of a series are there. Before `knownFromMs` (UTC ms) nothing is known of it; infinity where nothing is known at all. */
export type SeriesPresence = { readonly has: (openTimeMs: number) => boolean; readonly knownFromMs: number };

export type GapContext = {
  readonly timeframeMs: number;
  /** How far the past before a gap is looked at, in candles. */
  readonly pastCandles: number;
  /** Whether the exchange sends a flat row where nothing was traded. */
  readonly servesEmptyCandles: boolean;
};

/**
 * Why an exchange that answers does not send the candles of a gap (open times, UTC ms, on the grid): from what its series did around it. A
 * series of which nothing is known before the gap tells only whether it traded in it.
 */
export function explainGap(
  gap: TimeWindow,
  own: SeriesPresence,
  others: readonly SeriesPresence[],
  { timeframeMs, pastCandles, servesEmptyCandles }: GapContext,
): Explanation {
  const times = gridOf(gap.fromMs, gap.untilMs, timeframeMs);
  const silentOthers = others.filter(({ has }) => !times.some(has)).map((one) => pastOf(one, gap.fromMs, timeframeMs, pastCandles));
  return explainSilence({
    candles: times.length,
    servesEmptyCandles,
    candlesOfOthers: times.filter((timeMs) => others.some(({ has }) => has(timeMs))).length,
    silent: [pastOf(own, gap.fromMs, timeframeMs, pastCandles), ...silentOthers.filter(({ seen }) => seen > 0)],
  });
}

/** How often a series was silent before, as far back as it is known. */
function pastOf(
  { has, knownFromMs }: SeriesPresence,
  untilMs: number,
  timeframeMs: number,
  pastCandles: number,
): GapEvidence['silent'][number] {
  const times = gridOf(Math.max(knownFromMs, untilMs - pastCandles * timeframeMs), untilMs, timeframeMs);
  return { seen: times.length, missing: times.filter((timeMs) => !has(timeMs)).length };
}

function gridOf(fromMs: number, untilMs: number, timeframeMs: number): readonly number[] {
  return Array.from({ length: Math.max(0, (untilMs - fromMs) / timeframeMs) }, (_, i) => fromMs + i * timeframeMs);
}
