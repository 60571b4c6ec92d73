import { fnv1a } from '#core/fnv1a.ts';

/** Everything that is left to chance in a run, decided by its seed. */
export type Dice = {
  /** From 0 (inclusive) to 1. */
  next(): number;
  /** A whole number from `from` to `until`, both inclusive. */
  between(from: number, until: number): number;
  hits(chance: number): boolean;
  pick<T>(of: readonly T[]): T;
};

/** mulberry32: small, fast, and the same everywhere. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, until: number): number => from + Math.floor(next() * (until - from + 1));
  return {
    next,
    between,
    hits: (chance) => next() < chance,
    pick: (of) => of[between(0, of.length - 1)]!,
  };
}

/** A number from 0 to 1 that belongs to a name: what is true does not depend on when it is asked for. */
export function chanceOf(name: string): number {
  // One round of mixing: FNV alone spreads names that differ in their last letter too little.
  const hash = fnv1a(name);
  return (Math.imul(hash ^ (hash >>> 15), 0x2c_1b_3c_6d) >>> 0) / 2 ** 32;
}
