import { describe, expect, test } from 'vitest';
import type { Chart } from '#local/page/page-chart.ts';
import { nextQuery, withAnswer, type HeldChart } from '../../web/held-chart.ts';
import { decimal, MINUTE, seriesOf, START } from '../local/page/page-fixture.ts';

function chartOf(from: number, until: number, price = '1'): Chart {
  const minutes = Array.from({ length: until - from }, (_, i) => START + (from + i) * MINUTE);
  const p = decimal(price);
  return {
    series: seriesOf('kraken', 'BTC/USD', '1m'),
    timeframeMs: MINUTE,
    candles: minutes.map((t) => ({ t, o: p, h: p, l: p, c: p, v: p, filled: false })),
    indicators: { SMA_20: minutes.map((t) => [t, Number(price)] as const) },
  };
}

function held(until: number, updates = 0): HeldChart {
  return { chart: chartOf(0, until), updates };
}

function minute(index: number): number {
  return START + index * MINUTE;
}

describe('what is asked for next', () => {
  test('with nothing held: the newest candles', () => {
    expect(nextQuery(null, minute(5))).toEqual({ fromMs: null, limit: 600 });
    expect(nextQuery(held(0), minute(5))).toEqual({ fromMs: null, limit: 600 });
  });

  test('else the latest twenty again and what came after', () => {
    expect(nextQuery(held(100), minute(100))).toEqual({ fromMs: minute(79), limit: 1500 });
    expect(nextQuery(held(100), minute(99))).toEqual({ fromMs: minute(79), limit: 1500 });
  });

  test('everything anew when the platform is at an earlier time, or further ahead than one answer reaches', () => {
    expect(nextQuery(held(100), minute(98)).fromMs).toBeNull();
    expect(nextQuery(held(100), minute(99 + 1460)).fromMs).toBe(minute(79));
    expect(nextQuery(held(100), minute(99 + 1461)).fromMs).toBeNull();
  });

  test('everything again after sixty updates, for repairs further back, and as much as is held', () => {
    expect(nextQuery(held(100, 59), minute(100)).fromMs).toBe(minute(79));
    expect(nextQuery(held(100, 60), minute(100))).toEqual({ fromMs: null, limit: 600 });
    expect(nextQuery(held(900, 60), minute(900))).toEqual({ fromMs: null, limit: 900 });
    expect(nextQuery(held(2000, 60), minute(2000))).toEqual({ fromMs: null, limit: 1500 });
  });
});

describe('what is held after an answer', () => {
  test('a whole answer replaces what was held', () => {
    expect(withAnswer(held(50, 60), { fromMs: null, limit: 600 }, chartOf(40, 60, '2'))).toEqual({
      chart: chartOf(40, 60, '2'),
      updates: 0,
    });
  });

  test('a later part replaces everything from its beginning on, values as well', () => {
    const { chart, updates } = withAnswer(held(50, 3), { fromMs: minute(48), limit: 1500 }, chartOf(48, 52, '2'));
    expect(updates).toBe(4);
    expect(chart.candles.map(({ t }) => t)).toEqual(chartOf(0, 52).candles.map(({ t }) => t));
    expect(chart.candles.slice(46).map(({ c }) => c)).toEqual(['1', '1', '2', '2', '2', '2']);
    expect(chart.indicators['SMA_20']?.slice(46).map(([, value]) => value)).toEqual([1, 1, 2, 2, 2, 2]);
  });

  test('values of a name that is new are taken up, values that are gone are dropped', () => {
    const answer = { ...chartOf(48, 52), indicators: { RSI_14: [[minute(49), 50] as const] } };
    const { chart } = withAnswer(held(50), { fromMs: minute(48), limit: 1500 }, answer);
    expect(chart.indicators['RSI_14']).toEqual([[minute(49), 50]]);
    expect(chart.indicators['SMA_20']).toHaveLength(48);
  });
});
