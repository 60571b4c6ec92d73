import type { PriceWindow } from './price-window.ts';
import type { OutlierSettings } from './quality-verdict.ts';

/** Of the remembered prices so many must lie within one spread. See docs/decisions/0014. */
const SPREAD_SHARE = 0.8;
/** With fewer there is no telling what is typical. */
export const LEAST_TRADES = 10;
/** A change by so many steps of the price is none, however coarse the steps are: best bid to best ask, and one more. */
const STEPS = 2;
/** Unless the steps are so coarse that they say nothing: a market that was seen at 20000 alone may well have a step of 0.01. */
const MOST_BY_STEPS = 0.025;

/**
 * A trailing Hampel filter, trailing because live data has no future: is the price further from the median of the last trades than
 * `outlierSpreads` x max(spread, `outlierFloorBps` of the median) x `widening`, and as far from the last good price? The spread is the
 * distance from the median within which 80 % of the trades lie. The floor is there because the spread of a quiet book is 0 (T51), the last
 * good price because a market on the move leaves its median behind step by step. `step` is the step of the market's prices, in quote units.
 */
export function isOutlier(
  price: number,
  lastGoodPrice: number,
  window: PriceWindow,
  step: number,
  widening: number,
  { outlierSpreads, outlierFloorBps }: OutlierSettings,
): boolean {
  if (window.count() < LEAST_TRADES) return false;
  const median = window.median();
  const distance = Math.min(Math.abs(price - median), Math.abs(price - lastGoodPrice)) * (1 - 1e-9);
  const floor = median * (outlierFloorBps / 10_000);
  // The spread is looked up only where the floor does not settle it: about one trade in a hundred.
  if (distance <= outlierSpreads * widening * floor) return false;
  if (distance <= Math.min(STEPS * step, MOST_BY_STEPS * median)) return false;
  return distance > outlierSpreads * widening * window.deviation(SPREAD_SHARE);
}
