import { describe, expect, test } from 'vitest';
import { loadPrices } from '#config/prices.ts';
import { estimateCost, type CostInput } from '#domain/cost/estimate.ts';
import { savingsOf } from '#domain/cost/savings.ts';

const prices = loadPrices('config/prices.yaml');
const INPUT: CostInput = { profile: 'production', clickhouse: 'cloud-basic', exchanges: 3, markets: 180, coalesceMs: 250 };

describe('what could be cheaper', () => {
  test('is told with what is given up, the largest saving first, and saves what it says', () => {
    const savings = savingsOf(INPUT, prices, 'eu-west-1');
    expect(savings.map(({ change }) => change)).toEqual(['profile default', 'ClickHouse on EC2', 'half of the markets (90)']);
    const now = estimateCost(INPUT, prices, 'eu-west-1').total;
    expect(savings[0]?.dollars).toBeCloseTo(now - estimateCost({ ...INPUT, profile: 'default' }, prices, 'eu-west-1').total, 9);
    expect(savings.every(({ givesUp }) => givesUp.length > 5)).toBe(true);
  });

  test('is fewer markets alone where nothing else is left', () => {
    expect(savingsOf({ ...INPUT, profile: 'starter', clickhouse: 'ec2' }, prices, 'eu-west-1').map(({ change }) => change)).toEqual([
      'half of the markets (90)',
    ]);
  });
});
