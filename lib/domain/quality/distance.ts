/**
 * How far two positive prices are apart: the larger divided by the smaller, less one. 0.05 is 5 %. The same both ways, and for falls as well
 * as for rises: half the price and twice the price are both 1 away.
 */
export function distanceBetween(a: number, b: number): number {
  return a > b ? a / b - 1 : b / a - 1;
}

/** A millionth of a millionth: prices are compared after rounding to doubles, and one that is exactly at its limit is within it. */
const ROUNDING = 1e-12;

/** Whether a distance goes beyond a limit by more than rounding. */
export function exceeds(distance: number, limit: number): boolean {
  return distance > limit + ROUNDING;
}

const STEADY_MS = 60_000;
const MOST_WIDENING = 6;

/**
 * By how much limits widen when the market was silent for so long: 1 up to a minute, from there as the square root of the time, by which
 * the spread of a random walk grows, up to 6 (36 minutes).
 */
export function wideningAfter(silenceMs: number): number {
  return silenceMs <= STEADY_MS ? 1 : Math.min(MOST_WIDENING, Math.sqrt(silenceMs / STEADY_MS));
}
