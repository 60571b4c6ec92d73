import type { MutationScore } from '../../../tools/reliability/mutation-score.ts';

/** A score of two packages, one of them good. */
export function madeScore(): MutationScore {
  return {
    date: '2026-11-23',
    commit: 'abc1234',
    node: '24.21.0',
    machine: 'a machine of 2 cores',
    packages: [
      { name: 'lib/core', killed: 170, timedOut: 0, survived: 10, uncovered: 20 },
      { name: 'lib/domain/candles', killed: 900, timedOut: 50, survived: 50, uncovered: 0 },
    ],
  };
}
