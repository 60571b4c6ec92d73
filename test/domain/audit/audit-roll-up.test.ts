import { describe, expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import { auditRollUp, comparedRollUps } from '#domain/audit/audit-roll-up.ts';
import { decimal, MINUTE, START } from '../../usecases/fake-exchange.ts';
import { BTC } from '../../usecases/sync-world.ts';

const series = { exchange: 'kraken', symbol: BTC, timeframe: '5m' } as const;

/** Prices are open, high, low, close; the time is in minutes. */
function candle(minute: number, [open, high, low, close]: readonly [number, number, number, number], volume: number): Candle {
  return {
    openTimeMs: START + minute * MINUTE,
    open: decimal(open),
    high: decimal(high),
    low: decimal(low),
    close: decimal(close),
    volume: decimal(volume),
    quoteVolume: null,
    tradeCount: null,
  };
}

const MINUTES = [
  candle(0, [10, 12, 9, 11], 1),
  candle(1, [11, 15, 11, 14], 2),
  candle(2, [14, 14, 7, 8], 3),
  candle(3, [8, 9, 8, 9], 4),
  candle(4, [9, 13, 9, 12.5], 5),
];
const SUM = candle(0, [10, 15, 7, 12.5], 15);
const never = (): boolean => false;
const isOne =
  (minute: number) =>
  (openTimeMs: number): boolean =>
    openTimeMs === START + minute * MINUTE;
const audit = (longer: readonly Candle[], minutes: readonly Candle[], isEmpty: (openTimeMs: number) => boolean = never) =>
  auditRollUp(series, longer, minutes, isEmpty).map(({ check, openTimeMs, message }) => [check, (openTimeMs - START) / MINUTE, message]);
const compared = (longer: readonly Candle[], minutes: readonly Candle[], isEmpty: (openTimeMs: number) => boolean = never) =>
  comparedRollUps(series, longer, minutes, isEmpty).map((openTimeMs) => (openTimeMs - START) / MINUTE);

describe('a longer candle', () => {
  test('that is what its minutes add up to is no finding, and counts as compared', () => {
    expect([audit([SUM], MINUTES), compared([SUM], MINUTES)]).toEqual([[], [0]]);
  });

  test('that is not is one finding, with each figure that is wrong and what the minutes say', () => {
    expect(audit([{ ...SUM, high: decimal(16), volume: decimal(14.5) }], MINUTES)).toEqual([
      ['roll-up', 0, 'high 16, its minutes say 15; volume 14.5, its minutes say 15'],
    ]);
    for (const figure of ['open', 'low', 'close'] as const) expect(audit([{ ...SUM, [figure]: decimal(8.5) }], MINUTES)).toHaveLength(1);
  });

  test('is compared with the minutes of its own time alone', () => {
    const before = candle(-1, [99, 99, 99, 99], 9);
    const behind = candle(5, [1, 1, 1, 1], 9);
    expect([audit([SUM], [before, ...MINUTES, behind]), compared([SUM], [before, ...MINUTES, behind])]).toEqual([[], [0]]);
    const next = { ...SUM, openTimeMs: START + 5 * MINUTE };
    expect(compared([SUM, next], [...MINUTES, behind])).toEqual([0]);
  });

  test.each([0, 2, 4])('is not compared when minute %d is missing, unless nothing was traded in it', (minute) => {
    const others = MINUTES.filter((_, index) => index !== minute);
    const wrong = { ...SUM, close: decimal(1) };
    expect([audit([wrong], others), compared([wrong], others)]).toEqual([[], []]);
    expect(compared([wrong], others, isOne(minute))).toEqual([0]);
    expect(audit([wrong], others, isOne(minute))).toHaveLength(1);
  });

  test('is not compared when it has no minutes at all, though nothing was traded', () => {
    expect([audit([SUM], [], () => true), compared([SUM], [], () => true)]).toEqual([[], []]);
  });

  test('takes no price from a minute without volume while another one has volume', () => {
    const quiet = [candle(0, [20, 20, 5, 20], 0), ...MINUTES.slice(1)];
    expect(audit([candle(0, [11, 15, 7, 12.5], 14)], quiet)).toEqual([]);
  });

  test('without a trade in any minute is what those say', () => {
    const flat = [0, 1, 2, 3, 4].map((minute) => candle(minute, [10, 10, 10, 10], 0));
    expect([audit([candle(0, [10, 10, 10, 10], 0)], flat), compared([candle(0, [10, 10, 10, 10], 0)], flat)]).toEqual([[], [0]]);
    expect(audit([candle(0, [10, 11, 10, 10], 0)], flat)).toEqual([['roll-up', 0, 'high 11, its minutes say 10']]);
  });
});
