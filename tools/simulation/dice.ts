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

/** A number from 0 to 1 that belongs to three others: what is true does not depend on when it is asked for. */
export function chanceOf(name: number, time: number, what: number): number {
  let hash = 0x9e_37_79_b9;
  for (const part of [name, time, what]) {
    hash = Math.imul(hash ^ part, 0x85_eb_ca_6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32;
}
