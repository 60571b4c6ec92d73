import type { Chart } from '#local/page/page-chart.ts';

/** Candles asked for again with each update: their indicator values may have come later than they did. */
const OVERLAP_CANDLES = 20;
const FULL_CANDLES = 600;
const MOST_CANDLES = 1500;
/** Repairs and revisions further back than the overlap come with a whole chart, read again after so many updates. */
const UPDATES_PER_WHOLE = 60;

export type ChartQuery = { readonly fromMs: number | null; readonly limit: number };

/** The chart as the page has it, with how many updates it has had since it was read as a whole. */
export type HeldChart = { readonly chart: Chart; readonly updates: number };

/** What to ask for next, given the newest candle that the platform speaks of. */
export function nextQuery(held: HeldChart | null, newestMs: number | null): ChartQuery {
  const heldNewestMs = held?.chart.candles.at(-1)?.t ?? null;
  if (held === null || heldNewestMs === null || newestMs === null) return { fromMs: null, limit: FULL_CANDLES };
  const { timeframeMs, candles } = held.chart;
  // Behind by more than an answer holds, or the platform went back to an earlier time: begin anew.
  const behind = (newestMs - heldNewestMs) / timeframeMs;
  if (behind < 0 || behind > MOST_CANDLES - 2 * OVERLAP_CANDLES) return { fromMs: null, limit: FULL_CANDLES };
  if (held.updates >= UPDATES_PER_WHOLE) return { fromMs: null, limit: Math.min(MOST_CANDLES, Math.max(FULL_CANDLES, candles.length)) };
  return { fromMs: heldNewestMs - OVERLAP_CANDLES * timeframeMs, limit: MOST_CANDLES };
}

/** The held chart with an answer: replaced by a whole one, or with everything from `fromMs` on replaced. */
export function withAnswer(held: HeldChart | null, { fromMs }: ChartQuery, answer: Chart): HeldChart {
  if (held === null || fromMs === null) return { chart: answer, updates: 0 };
  const { chart } = held;
  const candles = [...chart.candles.filter(({ t }) => t < fromMs), ...answer.candles];
  const names = new Set([...Object.keys(chart.indicators), ...Object.keys(answer.indicators)]);
  const indicators = Object.fromEntries(
    [...names].map((name) => [name, [...(chart.indicators[name] ?? []).filter(([t]) => t < fromMs), ...(answer.indicators[name] ?? [])]]),
  );
  return { chart: { ...chart, candles, indicators }, updates: held.updates + 1 };
}
