import { describe, expect, test } from 'vitest';
import {
  isDue,
  isRereadTurn,
  mergeWindows,
  planFetch,
  recheckFromMs,
  rereadDue,
  rereadWindows,
  type FetchWindow,
} from '#domain/candles/fetch-plan.ts';

const MINUTE = 60_000;
const settings = { backfillLimit: 300, latestCandles: 5, recheckCandles: 20, rereadAfterHours: [1, 24] };

/** Minutes in, minutes out. */
function plan(tick: number, completeUntil: number | null, { offsetMs = 0, gap }: { offsetMs?: number; gap?: number } = {}) {
  const input = {
    tickMs: tick * MINUTE + offsetMs,
    timeframeMs: MINUTE,
    completeUntilMs: completeUntil === null ? null : completeUntil * MINUTE,
    recentGapMs: gap === undefined ? null : gap * MINUTE,
  };
  const { isBackfill, ...window } = planFetch(input, settings);
  return { ...inMinutes(window), isBackfill };
}

function inMinutes({ fromMs, untilMs }: FetchWindow): { readonly from: number; readonly until: number } {
  return { from: fromMs / MINUTE, until: untilMs / MINUTE };
}

describe('planFetch', () => {
  test('backfills a series without candles', () => {
    expect(plan(1000, null)).toEqual({ from: 700, until: 1000, isBackfill: true });
  });

  test('asks for the five newest where nothing is missing but the last', () => {
    expect(plan(1000, 999)).toEqual({ from: 995, until: 1000, isBackfill: false });
  });

  test('asks for the five newest where nothing is missing, also when the watermark is ahead of the tick', () => {
    expect([plan(1000, 1000).from, plan(1000, 2000).from]).toEqual([995, 995]);
  });

  test('goes back to the candle before the first that is missing, however long ago', () => {
    expect(plan(1000, 985)).toEqual({ from: 984, until: 1000, isBackfill: false });
    expect(plan(100_000, 1001)).toEqual({ from: 1000, until: 100_000, isBackfill: false });
  });

  test('asks again for a gap among the newest candles, though it is explained', () => {
    expect(plan(1000, 1000, { gap: 985 })).toEqual({ from: 984, until: 1000, isBackfill: false });
    expect(plan(1000, 1000, { gap: 998 }).from).toBe(995);
  });

  test('never asks for the candle that is still open', () => {
    expect(plan(1000, null, { offsetMs: 59_999 }).until).toBe(1000);
  });
});

test('the newest candles in mind never begin behind those that are always asked for', () => {
  expect(recheckFromMs(1000 * MINUTE, MINUTE, { ...settings, recheckCandles: 3, latestCandles: 8 })).toBe(992 * MINUTE);
  expect(recheckFromMs(1000 * MINUTE + 1, MINUTE, settings)).toBe(980 * MINUTE);
});

describe('isDue', () => {
  const due = (tick: number, completeUntil: number | null, length = 5) =>
    isDue({ tickMs: tick * MINUTE, timeframeMs: length * MINUTE, completeUntilMs: completeUntil === null ? null : completeUntil * MINUTE });

  test('at a boundary of the timeframe, also when everything is there', () => {
    expect([due(10, 10), due(10, 5), due(10, 15)]).toEqual([true, true, true]);
  });

  test('between boundaries only while the last closed candle is not there', () => {
    expect([due(12, 10), due(12, 5), due(14, 10)]).toEqual([false, true, false]);
  });

  test('whenever there is nothing yet', () => {
    expect(due(13, null)).toBe(true);
  });
});

describe('the second reading', () => {
  test('comes to a series once an hour, at a minute of its own', () => {
    const turns = (spread: number, length: number) =>
      Array.from({ length: 60 }, (_, minute) => minute).filter((minute) =>
        isRereadTurn({ tickMs: 6000 * MINUTE + minute * MINUTE, timeframeMs: length * MINUTE }, spread),
      );
    expect([turns(7, 1), turns(67, 1), turns(3, 5), turns(8, 60)]).toEqual([[7], [7], [15], [0]]);
  });

  const windows = (tick: number, given: { from?: number; reread?: number; history?: number | null; length?: number } = {}) =>
    rereadWindows({ tickMs: tick * MINUTE, timeframeMs: (given.length ?? 1) * MINUTE }, settings, {
      fromMs: (given.from ?? 0) * MINUTE,
      rereadUntilMs: (given.reread ?? 1500) * MINUTE,
      historyCandles: given.history ?? null,
    }).map(inMinutes);

  test('is of the hour that has just reached an age, and at the last age of everything since it last succeeded', () => {
    expect(windows(3000)).toEqual([
      { from: 2880, until: 2940 },
      { from: 1500, until: 1560 },
    ]);
    expect(windows(3000, { reread: 1200 })[1]).toEqual({ from: 1200, until: 1560 });
  });

  test('takes the ages in their order, however they are configured', () => {
    const moment = { tickMs: 3000 * MINUTE, timeframeMs: MINUTE };
    const facts = { fromMs: 0, rereadUntilMs: 1500 * MINUTE, historyCandles: null };
    expect(rereadWindows(moment, { rereadAfterHours: [24, 1] }, facts).map(inMinutes)).toEqual(windows(3000));
    expect(rereadDue(moment, { rereadAfterHours: [24, 1, 5] }, facts)).toBe(1560 * MINUTE);
  });

  test('has nothing to do where it has succeeded', () => {
    expect(windows(3000, { reread: 1560 })).toEqual([{ from: 2880, until: 2940 }]);
  });

  test('is no older than the exchange still keeps, and not as late', () => {
    expect(windows(3000, { history: 720, reread: 0 })[1]).toEqual({ from: 2290, until: 2350 });
    expect(rereadDue({ tickMs: 3000 * MINUTE, timeframeMs: MINUTE }, settings, { historyCandles: 720 })).toBe(2350 * MINUTE);
  });

  test('does not go back before the series begins', () => {
    expect(windows(3000, { from: 2900, reread: 2900 })).toEqual([{ from: 2900, until: 2940 }]);
  });

  test('does not happen when no age is configured', () => {
    const moment = { tickMs: 3000 * MINUTE, timeframeMs: MINUTE };
    const none = { rereadAfterHours: [] };
    expect(rereadWindows(moment, none, { fromMs: 0, rereadUntilMs: 0, historyCandles: null })).toEqual([]);
    expect(rereadDue(moment, none, { historyCandles: null })).toBe(0);
  });
});

describe('mergeWindows', () => {
  const merged = (...pairs: readonly (readonly [number, number])[]) =>
    mergeWindows(
      pairs.map(([from, until]) => ({ fromMs: from * MINUTE, untilMs: until * MINUTE })),
      MINUTE,
      100,
    ).map(({ fromMs, untilMs }) => [fromMs / MINUTE, untilMs / MINUTE]);

  test('asks at once for what fits into one request, with a place for the open candle', () => {
    expect(merged([50, 60], [0, 10])).toEqual([[0, 60]]);
    expect(merged([0, 10], [80, 99])).toEqual([[0, 99]]);
    expect(merged([1000, 1010], [1080, 1099])).toEqual([[1000, 1099]]);
    expect(merged([0, 10], [80, 100])).toEqual([
      [0, 10],
      [80, 100],
    ]);
  });

  test('joins windows that overlap, however long they get', () => {
    expect(merged([0, 90], [50, 200])).toEqual([[0, 200]]);
    expect(merged([0, 90], [10, 20])).toEqual([[0, 90]]);
    expect(merged([0, 90], [90, 200])).toEqual([[0, 200]]);
  });
});
