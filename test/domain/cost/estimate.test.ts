import { describe, expect, test } from 'vitest';
import { loadPrices } from '#config/prices.ts';
import { estimateCost, PROFILES, tradesADay, type CostInput } from '#domain/cost/estimate.ts';

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

  test('is the sum of its parts, and of a market its share', () => {
    for (const profile of PROFILES) {
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
