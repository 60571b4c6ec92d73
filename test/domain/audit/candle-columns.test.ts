import { expect, test } from 'vitest';
import { createColumns, indicesByTime, inOrder, isSameFigure } from '#domain/audit/candle-columns.ts';
import { columnsOf, FIRST_MS, MINUTE_MS, row, rows } from './made-columns.ts';

test('rows become columns in their order, however many there are', () => {
  const builder = createColumns();
  for (const one of rows(0, 3000)) builder.add(one);
  const { openTimesMs, close, trades } = builder.columns();
  expect([builder.length, openTimesMs.length, openTimesMs[2999]]).toEqual([3000, 3000, FIRST_MS + 2999 * MINUTE_MS]);
  expect([close[2999], trades[2999]]).toEqual([row(2999).close, 3]);
});

test('a number of trades that is not known is not a number', () => {
  expect(columnsOf([row(0, { trades: null })]).trades[0]).toBeNaN();
});

test('in order each time is there once, as the file has it first, and nothing is beside the grid', () => {
  const beside = row(2, { openTimeMs: FIRST_MS + 2 * MINUTE_MS + 1 });
  const { openTimesMs, close } = inOrder(columnsOf([row(3), row(1), beside, row(3, { close: 9 })]), MINUTE_MS);
  expect([...openTimesMs]).toEqual([FIRST_MS + MINUTE_MS, FIRST_MS + 3 * MINUTE_MS]);
  expect(close[1]).toBe(row(3).close);
});

test('columns that are in order already are not copied', () => {
  const columns = columnsOf(rows(0, 5));
  expect(inOrder(columns, MINUTE_MS)).toBe(columns);
});

test('positions of equal times keep the order of the file', () => {
  expect(indicesByTime(Float64Array.of(5, 3, 5, 1))).toEqual([3, 1, 0, 2]);
});

test('figures are one with the noise of a double, and two with a step of a price', () => {
  expect([isSameFigure(0.19506, 0.19505999999999998), isSameFigure(0.19506, 0.19507), isSameFigure(0, 0)]).toEqual([true, false, true]);
});
