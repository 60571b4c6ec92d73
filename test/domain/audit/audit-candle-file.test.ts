import { describe, expect, test } from 'vitest';
import { auditCandleFile } from '#domain/audit/audit-candle-file.ts';
import type { CandleRow } from '#domain/audit/recording-row.ts';
import { columnsOf, FIRST_MS, MINUTE_MS, row, rows } from './made-columns.ts';

const minute = (number: number): number => FIRST_MS + number * MINUTE_MS;
const without = (...gone: readonly number[]): readonly CandleRow[] => rows(0, 1000).filter((_, i) => !gone.includes(i));
/** A row without a trade that repeats the close of the minute before. */
const flat = (number: number, price = row(number - 1).close): CandleRow =>
  row(number, { open: price, high: price, low: price, close: price, volume: 0, trades: 0 });

function audit(all: readonly CandleRow[], facts: Partial<Parameters<typeof auditCandleFile>[0]> = {}) {
  return auditCandleFile({ columns: columnsOf(all), timeframeMs: MINUTE_MS, sendsEveryStep: false, witnessed: null, ...facts });
}

test('a good file has no findings, and its facts are told', () => {
  const { facts, findings } = audit([...rows(0, 9), flat(9), row(10, { trades: 1, open: 7, high: 7, low: 7, close: 7 })]);
  expect(findings).toEqual([]);
  expect(facts).toEqual({
    rows: 11,
    fromMs: FIRST_MS,
    toMs: minute(10),
    missing: 0,
    longestHole: null,
    emptyRows: 1,
    stepsBack: 0,
    duplicates: 0,
    oneTrade: 1,
    oneTradeWithPrices: 0,
  });
});

test('rows that come after a later one are one finding, and no hole', () => {
  const { facts, findings } = audit([...rows(5, 5), ...rows(0, 5), ...rows(10, 5)]);
  expect(facts).toMatchObject({ stepsBack: 1, missing: 0, fromMs: FIRST_MS, toMs: minute(14) });
  expect(findings).toEqual([
    {
      check: 'order',
      fromMs: FIRST_MS,
      toMs: FIRST_MS,
      count: 1,
      message: '1 row comes after a later one, the first at 2023-03-11T00:00:00Z',
    },
  ]);
});

test('a candle that is there twice is found, whether its figures are the same or not', () => {
  expect(audit([row(0), row(0), row(1), row(1, { close: 100 })]).findings.map(({ check, message }) => [check, message])).toEqual([
    ['duplicate', 'the candle is there twice'],
  ]);
  expect(audit([row(0), row(1), row(2), row(3), row(3, { close: 102 })]).findings).toMatchObject([
    { check: 'duplicate', fromMs: minute(3), count: 1, message: 'the candle is there twice: close 104, then 102' },
  ]);
});

test('times beside the grid and figures that cannot be are found', () => {
  const all = [row(0), row(1, { openTimeMs: minute(1) + 5 }), row(2, { low: 200 }), row(3, { low: 0 }), row(4, { volume: -1 })];
  expect(audit(all).findings.map(({ check, fromMs, count }) => [check, fromMs, count])).toEqual([
    ['grid', minute(1) + 5, 1],
    ['prices', minute(2), 3],
  ]);
});

test('a candle of one trade that has two prices is found', () => {
  const { findings } = audit([row(0, { trades: 1 }), row(1, { trades: 1, open: 7, high: 7, low: 7, close: 7 })]);
  expect(findings).toMatchObject([{ check: 'one trade', count: 1, message: '1 of 2 candles of one trade have more than one price' }]);
});

describe('a hole', () => {
  test('is one finding where rows without a trade are there too', () => {
    const { findings, facts } = audit([...without(600, 601, 602), flat(1000)]);
    expect(findings).toEqual([
      { check: 'missing', fromMs: minute(600), toMs: minute(602), count: 3, message: '3 rows are missing where every step has a row' },
    ]);
    expect(facts).toMatchObject({ missing: 3, longestHole: { fromMs: minute(600), candles: 3 } });
  });

  test('is a finding where the exchange sends every step and hardly one is missing', () => {
    expect(audit(without(600), { sendsEveryStep: true }).findings).toMatchObject([{ check: 'missing', count: 1 }]);
    const everyThird = rows(0, 900).filter((_, i) => i % 3 !== 0 && i % 17 !== 0);
    expect(audit(everyThird, { sendsEveryStep: true }).findings).toEqual([]);
  });

  test('is nothing where nobody may have traded, and a finding where that is no chance', () => {
    expect(audit(without(600, 700)).findings).toEqual([]);
    const { findings } = audit(without(...Array.from({ length: 12 }, (_, i) => 600 + i)));
    expect(findings).toMatchObject([{ check: 'missing', fromMs: minute(600), toMs: minute(611), count: 12 }]);
    expect(findings[0]?.message).toMatch(/^12 rows are missing, too silent for chance \(1e-33/);
  });

  test('is a finding where holes come at equal distances', () => {
    const { findings } = audit(without(300, 500, 700, 900));
    expect(findings).toMatchObject([300, 500, 700, 900].map((n) => ({ fromMs: minute(n), toMs: minute(n), count: 1 })));
    expect(findings[0]?.message).toBe('1 row is missing, as every 200 rows: lost at the edges of pages');
  });

  test('needs no explanation where trades tell all of its time', () => {
    const gone = without(...Array.from({ length: 12 }, (_, i) => 600 + i));
    expect(audit(gone, { witnessed: { fromMs: FIRST_MS, toMs: minute(612) } }).findings).toEqual([]);
    expect(audit(gone, { witnessed: { fromMs: FIRST_MS, toMs: minute(611) } }).findings).toHaveLength(1);
  });
});

test('a row without a trade that repeats another close tells of a candle that was read while it was open', () => {
  const { findings } = audit([row(0), row(1), flat(2, row(1).close + 1), flat(3, row(1).close + 1), row(4)]);
  expect(findings).toEqual([
    {
      check: 'frozen',
      fromMs: minute(1),
      toMs: minute(1),
      count: 1,
      message: 'its close is 102, and the row without a trade after it repeats 103: read before it had closed',
    },
  ]);
});

test('one time that is mangled is a long hole, and no array is made of it', () => {
  // In candles of a millisecond the hole is longer than any array can be.
  const mangledMs = Date.UTC(2099, 0, 1);
  const all = [...Array.from({ length: 400 }, (_, i) => row(i, { openTimeMs: FIRST_MS + i })), row(400, { openTimeMs: mangledMs })];
  const { facts, findings } = audit(all, { timeframeMs: 1 });
  const hole = { fromMs: FIRST_MS + 400, candles: mangledMs - FIRST_MS - 400 };
  expect(facts).toMatchObject({ missing: hole.candles, longestHole: hole });
  expect(findings).toMatchObject([{ check: 'missing', fromMs: hole.fromMs, toMs: mangledMs - 1, count: hole.candles }]);
});

describe('a finding', () => {
  const found = (all: readonly CandleRow[], check: string) => audit(all).findings.filter((one) => one.check === check);

  test('of rows that come after later ones counts them, from the first in time to the last', () => {
    const { facts, findings } = audit([row(6), row(3), row(5), row(1), row(7)]);
    expect(facts).toMatchObject({ stepsBack: 2 });
    expect(findings.filter(({ check }) => check === 'order')).toEqual([
      {
        check: 'order',
        fromMs: minute(1),
        toMs: minute(3),
        count: 2,
        message: '2 rows come after a later one, the first at 2023-03-11T00:03:00Z',
      },
    ]);
  });

  test('of times beside the grid counts them, and names the step', () => {
    expect(found([row(0), row(1, { openTimeMs: minute(1) + 5 })], 'grid')).toMatchObject([
      { message: '1 open time is no multiple of 1m, the first 2023-03-11T00:01:00.005Z' },
    ]);
    expect(found([row(0, { openTimeMs: minute(0) + 7 }), row(1, { openTimeMs: minute(1) + 5 })], 'grid')).toMatchObject([
      { count: 2, message: '2 open times are no multiple of 1m, the first 2023-03-11T00:00:00.007Z' },
    ]);
  });

  test.each<[string, Partial<CandleRow>]>([
    ['an open above the high', { open: 13, high: 12, low: 8, close: 10 }],
    ['an open below the low', { open: 7, high: 12, low: 8, close: 10 }],
    ['a close above the high', { open: 10, high: 12, low: 8, close: 13 }],
    ['a close below the low', { open: 10, high: 12, low: 8, close: 7 }],
    ['a low of zero', { open: 10, high: 12, low: 0, close: 10 }],
    ['a volume below zero', { open: 10, high: 12, low: 8, close: 10, volume: -0.1 }],
  ])('is made of %s, with all figures', (_what, figures) => {
    const { open, high, low, close, volume } = row(1, figures);
    expect(found([row(0), row(1, figures), row(2)], 'prices')).toEqual([
      {
        check: 'prices',
        fromMs: minute(1),
        toMs: minute(1),
        count: 1,
        message: `open ${open}, high ${high}, low ${low}, close ${close}, volume ${volume} cannot be`,
      },
    ]);
  });

  test.each<Partial<CandleRow>>([
    { open: 10, high: 10, low: 10, close: 10 },
    { open: 12, high: 12, low: 8, close: 8 },
    { open: 8, high: 12, low: 8, close: 12, volume: 0.001 },
  ])('is not made of figures that touch: %j', (figures) => {
    expect(found([row(0), row(1, figures), row(2)], 'prices')).toEqual([]);
  });

  test('of one trade is made of an open that is no close, or a high that is no low', () => {
    const prices = { open: 7, high: 7, low: 7, close: 7, trades: 1 };
    expect(found([row(0, { ...prices, close: 8, high: 8 }), row(1, prices)], 'one trade')).toHaveLength(1);
    expect(found([row(0, { ...prices, high: 8 }), row(1, prices)], 'one trade')).toHaveLength(1);
    expect(found([row(0, { ...prices, open: 6, low: 6 }), row(1, { ...prices, trades: 2, high: 9 })], 'one trade')).toMatchObject([
      { fromMs: FIRST_MS, toMs: FIRST_MS, message: '1 of 1 candles of one trade have more than one price' },
    ]);
  });
});

test('the longest hole is told, and the latest of those that are as long; all of them together are what is missing', () => {
  const { facts } = audit(without(100, 200, 201, 300, 400, 401));
  expect(facts).toMatchObject({ missing: 6, longestHole: { fromMs: minute(400), candles: 2 } });
});

test('a row tells of the one before it only where it is the next one, has no trade and one price, and says another close', () => {
  const price = row(1).close + 1;
  const frozen = (last: CandleRow) => audit([row(0), row(1), last]).findings.filter(({ check }) => check === 'frozen').length;
  expect([
    frozen(flat(2, price)),
    frozen(flat(3, price)),
    frozen(flat(2)),
    frozen({ ...flat(2, price), volume: 1 }),
    frozen({ ...flat(2, price), close: price + 1, high: price + 1 }),
    frozen({ ...flat(2, price), high: price + 1 }),
  ]).toEqual([1, 0, 0, 0, 0, 0]);
});
