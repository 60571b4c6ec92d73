import { describe, expect, test } from 'vitest';
import { createGridWorkspace, fillGrid, type CandleColumns, type GridSegment } from '#domain/candles/filled-grid.ts';

const MINUTE = 60_000;
const START = Date.UTC(2023, 2, 11);
const RULE = { timeframeMs: MINUTE, maxFilledCandles: 3 };

describe('the filled grid', () => {
  test('has nothing for no candles', () => {
    expect(fillGrid(columnsAt([]), RULE)).toEqual([]);
  });

  test('is the stored candles where none is missing', () => {
    const [segment, ...rest] = fillGrid(columnsAt([0, 1, 2]), RULE);
    expect(rest).toEqual([]);
    expect(segment && plain(segment)).toEqual({
      openTimeMs: START,
      high: [11, 12, 13],
      low: [9, 10, 11],
      close: [10, 11, 12],
      filled: [0, 0, 0],
    });
  });

  test('has a flat candle at the previous close, flagged, for each missing one', () => {
    const [segment] = fillGrid(columnsAt([0, 3]), RULE);
    expect(segment && plain(segment)).toEqual({
      openTimeMs: START,
      high: [11, 10, 10, 14],
      low: [9, 10, 10, 12],
      close: [10, 10, 10, 13],
      filled: [0, 1, 1, 0],
    });
    expect(segment?.filledCount).toBe(2);
  });

  test('fills as many missing candles as the rule allows, and starts anew behind one more', () => {
    expect(fillGrid(columnsAt([0, 4]), RULE)).toHaveLength(1);
    const segments = fillGrid(columnsAt([0, 5, 7]), RULE);
    expect(
      segments.map(({ openTimeMs, storedFrom, storedUntil, filledCount }) => ({ openTimeMs, storedFrom, storedUntil, filledCount })),
    ).toEqual([
      { openTimeMs: START, storedFrom: 0, storedUntil: 1, filledCount: 0 },
      { openTimeMs: START + 5 * MINUTE, storedFrom: 1, storedUntil: 3, filledCount: 1 },
    ]);
    expect(segments.map(({ close }) => [...close])).toEqual([[10], [15, 15, 17]]);
  });

  test('fills nothing at all when the rule allows none', () => {
    expect(fillGrid(columnsAt([0, 1, 3]), { timeframeMs: MINUTE, maxFilledCandles: 0 })).toHaveLength(2);
  });

  test('comes out the same from a workspace that held another, longer grid', () => {
    const workspace = createGridWorkspace(1);
    fillGrid(columnsAt([0, 2, 5, 6, 7, 8, 9, 40]), RULE, workspace);
    expect(fillGrid(columnsAt([0, 3]), RULE, workspace).map(plain)).toEqual(fillGrid(columnsAt([0, 3]), RULE).map(plain));
  });

  test('keeps the buffers of a workspace that are long enough, and takes longer ones where they are not', () => {
    const workspace = createGridWorkspace(3);
    const { close } = workspace;
    fillGrid(columnsAt([0, 2]), RULE, workspace);
    expect(workspace.close).toBe(close);
    fillGrid(columnsAt([0, 3]), RULE, workspace);
    expect(workspace.close).toHaveLength(6);
  });

  test('is refused for candles out of order, twice, off the grid or without a finite price', () => {
    expect(() => fillGrid(columnsAt([1, 0]), RULE)).toThrow(`candle at open time ${START} does not come after ${START + MINUTE}`);
    expect(() => fillGrid(columnsAt([0, 0]), RULE)).toThrow(`candle at open time ${START} does not come after ${START}`);
    expect(() => fillGrid(columnsAt([0, 0.5]), RULE)).toThrow(`candle at open time ${START + 30_000} is off the grid of 60000 ms`);
    for (const part of ['high', 'low', 'close'] as const)
      for (const value of [NaN, Infinity, -Infinity]) {
        const broken = columnsAt([0, 1]);
        broken[part][1] = value;
        expect(() => fillGrid(broken, RULE)).toThrow(`candle at open time ${START + MINUTE} has a price that is not finite`);
      }
  });
});

function columnsAt(minutes: readonly number[]): CandleColumns {
  return {
    openTimesMs: Float64Array.from(minutes, (minute) => START + minute * MINUTE),
    high: Float64Array.from(minutes, (minute) => 11 + minute),
    low: Float64Array.from(minutes, (minute) => 9 + minute),
    close: Float64Array.from(minutes, (minute) => 10 + minute),
  };
}

function plain({ openTimeMs, high, low, close, filled }: GridSegment) {
  return { openTimeMs, high: [...high], low: [...low], close: [...close], filled: [...filled] };
}
