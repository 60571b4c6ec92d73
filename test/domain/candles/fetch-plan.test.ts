import { describe, expect, test } from 'vitest';
import { isDue, planFetch, recheckFromMs } from '#domain/candles/fetch-plan.ts';

const MINUTE = 60_000;
const settings = { backfillLimit: 300, latestCandles: 5, recheckCandles: 20 };

/** Minutes in, minutes out. `first` and `newest` may lie outside of what is known of the window. */
function plan(tick: number, stored: readonly number[], first = stored[0], newest = stored.at(-1)) {
  const [firstMs, newestMs] = [first, newest].map((minute) => (minute === undefined ? null : minute * MINUTE)) as [
    number | null,
    number | null,
  ];
  const input = { tickMs: tick * MINUTE, timeframeMs: MINUTE, stored: new Set(stored.map((minute) => minute * MINUTE)), firstMs, newestMs };
  const { fromMs, untilMs, isBackfill } = planFetch(input, settings);
  return { from: fromMs / MINUTE, until: untilMs / MINUTE, isBackfill };
}

const minutes = (from: number, until: number) => Array.from({ length: until - from }, (_, at) => from + at);

describe('planFetch', () => {
  test('backfills a series without candles', () => {
    expect(plan(1000, [])).toEqual({ from: 700, until: 1000, isBackfill: true });
  });

  test('asks for the five newest where nothing is missing but the last', () => {
    expect(plan(1000, minutes(980, 999))).toEqual({ from: 995, until: 1000, isBackfill: false });
  });

  test('asks for the five newest where nothing is missing', () => {
    expect(plan(1000, minutes(980, 1000))).toEqual({ from: 995, until: 1000, isBackfill: false });
  });

  test('goes back to the first hole of the window', () => {
    expect(plan(1000, [...minutes(980, 985), ...minutes(986, 1000)])).toEqual({ from: 985, until: 1000, isBackfill: false });
    expect(plan(1000, minutes(981, 1000), 100)).toEqual({ from: 980, until: 1000, isBackfill: false });
  });

  test('leaves alone what is missing before the window, and before the history of the series begins', () => {
    expect(plan(1000, minutes(980, 1000), 100)).toMatchObject({ from: 995 });
    expect(plan(1000, minutes(985, 1000))).toMatchObject({ from: 995 });
  });

  test('sees a hole behind the first candle of a young series', () => {
    expect(plan(1000, [985, ...minutes(987, 1000)])).toMatchObject({ from: 986 });
  });

  test('goes on behind the newest candle after an outage of ours, however long', () => {
    expect(plan(100_000, [], 900, 1000)).toEqual({ from: 1001, until: 100_000, isBackfill: false });
  });

  test('goes on from the window where the newest candle is its first', () => {
    expect(plan(1000, [980], 100)).toEqual({ from: 981, until: 1000, isBackfill: false });
  });

  test('never asks for the candle that is still open', () => {
    const input = { tickMs: 1000 * MINUTE + 59_999, timeframeMs: MINUTE, stored: new Set<number>(), firstMs: null, newestMs: null };
    expect(planFetch(input, settings).untilMs).toBe(1000 * MINUTE);
  });

  test('asks again for all of the newest when the store is ahead of the tick', () => {
    expect(plan(1000, minutes(980, 1000), 100, 2000)).toEqual({ from: 995, until: 1000, isBackfill: false });
  });
});

describe('recheckFromMs', () => {
  test('never begins behind the newest candles that are always asked for', () => {
    expect(recheckFromMs(1000 * MINUTE, MINUTE, { ...settings, recheckCandles: 3, latestCandles: 8 })).toBe(992 * MINUTE);
    expect(recheckFromMs(1000 * MINUTE + 1, MINUTE, settings)).toBe(980 * MINUTE);
  });
});

describe('isDue', () => {
  const due = (tick: number, newest: number | null, length = 5) =>
    isDue({ tickMs: tick * MINUTE, timeframeMs: length * MINUTE, newestMs: newest === null ? null : newest * MINUTE });

  test('at a boundary of the timeframe, also when everything is there', () => {
    expect([due(10, 5), due(10, 0), due(10, 10)]).toEqual([true, true, true]);
  });

  test('between boundaries only while the last closed candle is not there', () => {
    expect([due(12, 5), due(12, 0), due(14, 5)]).toEqual([false, true, false]);
  });

  test('whenever there is nothing yet', () => {
    expect(due(13, null)).toBe(true);
  });

  test('every minute for the shortest timeframe', () => {
    expect(minutes(1, 20).every((tick) => due(tick, tick - 1, 1))).toBe(true);
  });
});
