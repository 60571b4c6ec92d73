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
  const isSilent = ({ has }: SeriesPresence): boolean => countOf(gap.fromMs, gap.untilMs, timeframeMs, has) === 0;
  const silentOthers = others.filter(isSilent).map((one) => pastOf(one, gap.fromMs, timeframeMs, pastCandles));
  const isOfOthers = (timeMs: number): boolean => others.some(({ has }) => has(timeMs));
  return explainSilence({
    candles: stepsOf(gap.fromMs, gap.untilMs, timeframeMs),
    servesEmptyCandles,
    candlesOfOthers: others.length === 0 ? 0 : countOf(gap.fromMs, gap.untilMs, timeframeMs, isOfOthers),
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
  const fromMs = Math.max(knownFromMs, untilMs - pastCandles * timeframeMs);
  const seen = stepsOf(fromMs, untilMs, timeframeMs);
  return { seen, missing: seen - countOf(fromMs, untilMs, timeframeMs, has) };
}

function stepsOf(fromMs: number, untilMs: number, timeframeMs: number): number {
  return Math.max(0, Math.floor((untilMs - fromMs) / timeframeMs));
}

/** How many times of the grid are so. A gap may be as long as a mangled time is wrong: none of them is held. */
function countOf(fromMs: number, untilMs: number, timeframeMs: number, isSo: (timeMs: number) => boolean): number {
  const steps = stepsOf(fromMs, untilMs, timeframeMs);
  let count = 0;
  for (let i = 0; i < steps; i += 1) if (isSo(fromMs + i * timeframeMs)) count += 1;
  return count;
}
