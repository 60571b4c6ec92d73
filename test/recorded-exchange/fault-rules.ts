import type { FaultMode, FaultPlan, FaultRule } from '#core/fault-plan.ts';

/** A rule about every request for candles, changed as the test wants. */
export function faultRule(mode: FaultMode, change: Partial<FaultRule> = {}): FaultRule {
  return {
    mode,
    exchanges: 'all',
    symbols: 'all',
    timeframes: 'all',
    endpoints: ['candles'],
    fromMs: null,
    untilMs: null,
    after: 0,
    every: 1,
    probability: 1,
    times: null,
    ...change,
  };
}

export function planOf(...rules: readonly FaultRule[]): FaultPlan {
  return { seed: 7, rules };
}
