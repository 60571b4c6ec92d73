import { distanceBetween, exceeds } from './distance.ts';
import type { JumpSettings } from './quality-verdict.ts';

/**
 * Is this price further than `jumpPercent` x `widening` from the last good one of its market? Both positive, in quote units.
 * The simplest rule of all ("5 % in 60 s"); it needs no history and so holds from the second trade on.
 */
export function isJump(price: number, lastGoodPrice: number, widening: number, { jumpPercent }: JumpSettings): boolean {
  return exceeds(distanceBetween(price, lastGoodPrice), (jumpPercent / 100) * widening);
}
