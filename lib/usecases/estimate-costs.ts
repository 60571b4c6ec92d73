import { estimateCost, type CostEstimate, type CostInput } from '#domain/cost/estimate.ts';
import type { Prices } from '#domain/cost/prices.ts';
import { savingsOf, type Saving } from '#domain/cost/savings.ts';

export type { CostEstimate, CostInput } from '#domain/cost/estimate.ts';
export type { Saving } from '#domain/cost/savings.ts';

export type CostReport = {
  readonly now: CostEstimate;
  /** The same deployment with so many markets. */
  readonly growth: readonly { readonly markets: number; readonly estimate: CostEstimate }[];
  /** What could be cheaper, the largest saving first. */
  readonly savings: readonly Saving[];
};

/** What a deployment costs a month, now and when it grows. Throws `RangeError` for a region without prices. */
export function estimateCosts(input: CostInput, prices: Prices, region: string, growth: readonly number[]): CostReport {
  return {
    now: estimateCost(input, prices, region),
    growth: growth.map((markets) => ({ markets, estimate: estimateCost({ ...input, markets }, prices, region) })),
    savings: savingsOf(input, prices, region),
  };
}
