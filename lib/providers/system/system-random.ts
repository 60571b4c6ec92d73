import type { Random } from '#core/ports/random.ts';

export function createSystemRandom(): Random {
  return { next: () => Math.random() };
}
