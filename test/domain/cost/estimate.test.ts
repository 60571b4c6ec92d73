import { describe, expect, test } from 'vitest';
import { loadPrices } from '#config/prices.ts';
import { DEPLOYMENT_PROFILES } from '#core/deployment-profile.ts';
import { estimateCost, tradesADay, type CostInput } from '#domain/cost/estimate.ts';

const prices = loadPrices('config/prices.yaml');
/** 60 symbols at three exchanges, as the design counts them: a price of each market at most once a second. */
const INPUT: CostInput = { profile: 'default', clickhouse: 'ec2', exchanges: 3, markets: 180, coalesceMs: 1000 };
const totalOf = (given: Partial<CostInput>, region = 'us-east-1'): number => estimateCost({ ...INPUT, ...given }, prices, region).total;
const within = (value: number, expected: number, share: number): boolean => Math.abs(value - expected) <= share * expected;

describe('what a deployment costs', () => {
  // Totals of the design (docs/decisions/0015): 64, 116 and 260 dollars a month.
  test.each([
    ['starter', 64],
    ['default', 116],
    ['production', 260],
  ] as const)('the profile %s comes to about %d dollars a month', (profile, expected) => {
    expect(within(totalOf({ profile }), expected, 0.05)).toBe(true);
  });

  test.each([
    [1000, 187],
    [10_000, 1030],
  ])('%d markets come to about %d dollars', (markets, expected) => {
    // At 10,000 markets the cache is cheaper here: no market is written more often than it trades.
    expect(within(totalOf({ markets }), expected, markets === 10_000 ? 0.08 : 0.05)).toBe(true);
  });

  test('part by part as in the design, with verify and its alarms', () => {
    const parts = Object.fromEntries(
      estimateCost(INPUT, prices, 'us-east-1').lines.map(({ part, dollars }) => [part, Math.round(dollars * 10) / 10]),
    );
    expect(parts).toEqual({
      ClickHouse: 49.1,
      'disk and snapshots': 7.8,
      'way out': 7.4,
      collector: 10.9,
      cache: 7.2,
      stream: 11,
      functions: 5,
      'queues and archive': 1.3,
      'logs, metrics, alarms': 4.7,
      Grafana: 12.2,
      secrets: 0.4,
    });
  });

  /** Part, what it was computed from, and dollars, as a person adds them up from config/prices.yaml. */
  const linesOf = (given: Partial<CostInput>): readonly unknown[] =>
    estimateCost({ ...INPUT, ...given }, prices, 'us-east-1').lines.map(({ part, basis, dollars }) => [
      part,
      basis,
      Math.round(dollars * 100) / 100,
    ]);

  test('part by part where nothing stands alone', () => {
    expect(linesOf({ profile: 'production' })).toEqual([
      ['ClickHouse', 'm7g.large', 59.57],
      ['disk and snapshots', '120 GB, 64 % of it in snapshots', 13.44],
      ['way out', 'NAT gateways in two zones, 108 GB', 77.86],
      ['collector', '2 x 0.25 vCPU, 0.5 GB on Fargate ARM with an address', 21.72],
      ['cache', 'Valkey Serverless, 946 million commands', 8.28],
      ['stream', 'Kinesis, 2 shards, 200 trades a record', 21.99],
      ['functions', '777 thousand GB-seconds', 10.42],
      ['queues and archive', '7.6 GB more in the archive each month, 131 thousand objects', 1.35],
      ['logs, metrics, alarms', '19 metrics, 25 alarms, 25.9 GB of logs', 24.93],
      ['Grafana', 'not deployed yet; managed, an editor and two viewers', 19],
      ['secrets', '3 in Secrets Manager', 1.2],
    ]);
  });

  test('part by part at its cheapest: one host for ClickHouse, cache and Grafana', () => {
    expect(linesOf({ profile: 'starter' })).toEqual([
      ['ClickHouse', 't4g.medium, also for Valkey and Grafana', 24.53],
      ['disk and snapshots', '40 GB, 64 % of it in snapshots', 4.48],
      ['way out', 'NAT instance t4g.nano with an address of its own', 7.36],
      ['collector', '1 x 0.25 vCPU, 0.5 GB on Fargate ARM with an address', 10.86],
      ['stream', 'Kinesis, 1 shard, 200 trades a record', 10.99],
      ['functions', '777 thousand GB-seconds less the free ones', 5.02],
      ['queues and archive', '7.6 GB more in the archive each month, 131 thousand objects', 1.35],
      ['logs, metrics, alarms', '10 metrics, 10 alarms, 2.9 GB of logs', 0],
      ['secrets', '1 in Secrets Manager', 0.4],
    ]);
  });

  test('part by part for 5,000 markets, from which on one of a kind is not enough', () => {
    expect(linesOf({ markets: 5000 })).toEqual([
      ['ClickHouse', 'm7g.2xlarge', 238.27],
      ['disk and snapshots', '1000 GB, 64 % of it in snapshots', 112],
      ['way out', 'NAT gateways in two zones, 590 GB', 99.55],
      ['collector', '12 x 0.5 vCPU, 1 GB on Fargate ARM with an address', 216.81],
      ['cache', 'Valkey Serverless, 2519 million commands', 11.89],
      ['stream', 'Kinesis, 3 shards, 200 trades a record', 33.03],
      ['functions', '7156 thousand GB-seconds less the free ones', 90.08],
      ['queues and archive', '31.5 GB more in the archive each month, 131 thousand objects', 1.9],
      ['logs, metrics, alarms', '19 metrics, 25 alarms, 30.0 GB of logs', 17.45],
      ['Grafana', 'not deployed yet; 0.25 vCPU, 1 GB on Fargate ARM with an address', 12.16],
      ['secrets', '1 in Secrets Manager', 0.4],
    ]);
  });

  test.each([
    [499, 't4g.large', '70 GB', 'NAT instance', '1 x'],
    [500, 'm7g.large', '200 GB', 'NAT instance', '3 x'],
    [4999, 'm7g.large', '200 GB', 'NAT instance', '3 x'],
    [5000, 'm7g.2xlarge', '1000 GB', 'NAT gateways', '12 x'],
  ])('%d markets need %s with %s, a %s and %s collectors', (markets, ...beginnings) => {
    const bases = estimateCost({ ...INPUT, markets }, prices, 'us-east-1')
      .lines.slice(0, 4)
      .map(({ basis }) => basis);
    for (const [index, beginning] of beginnings.entries()) expect(bases[index]).toMatch(new RegExp(`^${beginning}`));
  });

  test('is the sum of its parts, and of a market its share', () => {
    for (const profile of DEPLOYMENT_PROFILES) {
      const { lines, total, perMarket } = estimateCost({ ...INPUT, profile }, prices, 'us-east-1');
      expect(lines.reduce((sum, { dollars }) => sum + dollars, 0)).toBeCloseTo(total, 9);
      expect(perMarket * INPUT.markets).toBeCloseTo(total, 9);
      expect(lines.every(({ dollars, basis }) => dollars >= 0 && basis.length > 3)).toBe(true);
    }
  });

  test('is higher by the factor of the region, and refused where none is known', () => {
    expect(totalOf({}, 'eu-west-1')).toBeCloseTo(totalOf({}) * 1.1, 9);
    expect(() => totalOf({}, 'us-gov-west-1')).toThrow(new RangeError('no prices for the region "us-gov-west-1"'));
  });

  test('grows with the markets, and less than they do', () => {
    const totals = [10, 62, 180, 1000, 4000].map((markets) => totalOf({ markets }));
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
    expect((totals[3] ?? 0) / (totals[2] ?? 1)).toBeLessThan(1000 / 180);
  });

  test('with ClickHouse Cloud has no host, with a server of its own nothing for it', () => {
    const linesOf = (clickhouse: CostInput['clickhouse']) =>
      estimateCost({ ...INPUT, clickhouse }, prices, 'us-east-1').lines.filter(({ part }) => /ClickHouse|disk/.test(part));
    expect(linesOf('cloud-basic').map(({ dollars }) => dollars)).toEqual([185]);
    expect(linesOf('cloud-scale').map(({ dollars }) => dollars)).toEqual([462]);
    expect(linesOf('external').map(({ dollars }) => dollars)).toEqual([0]);
    expect((['cloud-basic', 'cloud-scale', 'external'] as const).flatMap(linesOf).map(({ basis }) => basis)).toEqual([
      'ClickHouse Cloud Basic, always active, 1 TB and its backup',
      'ClickHouse Cloud Scale, two replicas, 1 TB',
      'a server of your own',
    ]);
  });

  test('writes a price at most once in the time it is coalesced, and at most at each trade', () => {
    const cache = (coalesceMs: number): number =>
      estimateCost({ ...INPUT, coalesceMs }, prices, 'us-east-1').lines.find(({ part }) => part === 'cache')?.dollars ?? 0;
    expect(cache(10_000)).toBeLessThan(cache(1000));
    expect(cache(100)).toBe(cache(250));
  });
});

describe('the trades of a day', () => {
  test('go through the figures that are known', () => {
    expect([180, 1000, 10_000].map((markets) => Math.round(tradesADay(markets) / 1e5) / 10)).toEqual([20, 35, 120]);
  });
});
