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

  const total = (input: CostInput): number => estimateCost(input, prices, 'eu-west-1').total;
  const changesOf = (input: CostInput) => savingsOf(input, prices, 'eu-west-1').map(({ change }) => change);

  test('is the next smaller profile, with what that one lacks', () => {
    const [fromProduction] = savingsOf(INPUT, prices, 'eu-west-1');
    expect(fromProduction?.givesUp).toBe('a second zone for the way out, a second collector, paid support of Grafana');
    const input: CostInput = { ...INPUT, profile: 'default', clickhouse: 'ec2' };
    expect(savingsOf(input, prices, 'eu-west-1')[0]).toEqual({
      change: 'profile starter',
      givesUp: 'a cache and a Grafana that outlive the ClickHouse host',
      dollars: total(input) - total({ ...input, profile: 'starter' }),
    });
  });

  test('is the largest saving first, whichever that is', () => {
    const input: CostInput = { ...INPUT, profile: 'starter', clickhouse: 'cloud-scale', markets: 1000 };
    expect(changesOf(input)).toEqual(['ClickHouse on EC2', 'half of the markets (500)']);
    expect(changesOf({ ...input, clickhouse: 'cloud-basic', markets: 9000 })).toEqual(['half of the markets (4500)']);
  });

  test('is no host on EC2 for who has a server of their own, nor for who has such a host', () => {
    expect(changesOf({ ...INPUT, clickhouse: 'external' })).toEqual(['profile default', 'half of the markets (90)']);
    expect(changesOf({ ...INPUT, clickhouse: 'ec2' })).toEqual(['profile default', 'half of the markets (90)']);
  });
});
