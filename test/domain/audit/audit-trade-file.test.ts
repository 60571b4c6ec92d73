import { expect, test } from 'vitest';
import { createTradeFileAudit } from '#domain/audit/audit-trade-file.ts';
import type { TradeRow } from '#domain/audit/recording-row.ts';
import { FIRST_MS, MINUTE_MS } from './made-columns.ts';

const trade = (id: number | null, timeMs: number, facts: Partial<TradeRow> = {}): TradeRow => ({
  id,
  timeMs: FIRST_MS + timeMs,
  price: 10,
  size: 1,
  ...facts,
});

function audit(trades: readonly TradeRow[]) {
  const file = createTradeFileAudit();
  for (const one of trades) file.add(one);
  return file.end();
}

test('trades in order without a hole have no findings, and make minutes in the order of the file', () => {
  const ended = audit([
    trade(1, 0, { price: 10 }),
    trade(2, 500, { price: 12 }),
    trade(3, 500, { price: 9, size: 0.5 }),
    trade(4, MINUTE_MS, { price: 11 }),
  ]);
  expect(ended?.findings).toEqual([]);
  expect(ended?.facts).toEqual({
    rows: 4,
    fromMs: FIRST_MS,
    toMs: FIRST_MS + MINUTE_MS,
    missingIds: 0,
    stepsBack: 0,
    duplicates: 0,
    sameMillisecond: 1,
  });
  const { openTimesMs, open, high, low, close, volume, trades } = ended!.minutes;
  expect([...openTimesMs]).toEqual([FIRST_MS, FIRST_MS + MINUTE_MS]);
  expect([open[0], high[0], low[0], close[0], volume[0], trades[0]]).toEqual([10, 12, 9, 9, 2.5, 3]);
});

test('ids that are left out are found, each run once', () => {
  const ended = audit([trade(1, 0), trade(3, 10), trade(7, 20)]);
  expect(ended?.facts.missingIds).toBe(4);
  expect(ended?.findings).toEqual([
    { check: 'trade ids', fromMs: FIRST_MS, toMs: FIRST_MS + 10, count: 1, message: 'trade 2 is missing' },
    { check: 'trade ids', fromMs: FIRST_MS + 10, toMs: FIRST_MS + 20, count: 3, message: 'trades 4 to 6 are missing' },
  ]);
});

test('ids that are left out at equal distances were lost at the edges of pages', () => {
  const ended = audit([1, 2, 4, 5, 7, 8, 10, 11, 13].map((id) => trade(id, id)));
  expect(ended?.findings.map(({ message }) => message)).toEqual(
    [3, 6, 9, 12].map((id) => `trade ${id} is missing, as every 3 ids: lost at the edges of pages`),
  );
});

test('a trade that comes late is found, and is not missing', () => {
  const ended = audit([1, 2, 4, 3, 5, 6].map((id) => trade(id, id)));
  expect(ended?.findings.map(({ check, message }) => [check, message])).toEqual([['order', 'trade 3 comes after a later one']]);
  expect(ended?.facts).toMatchObject({ missingIds: 0, stepsBack: 1, duplicates: 0 });
});

test('a late trade neither opens nor closes the minute of others', () => {
  const ended = audit([trade(2, 20, { price: 20 }), trade(4, 40, { price: 40 }), trade(3, 30, { price: 30 }), trade(1, 10, { price: 10 })]);
  expect([ended?.minutes.open[0], ended?.minutes.close[0], ended?.minutes.trades[0]]).toEqual([10, 40, 4]);
  const unnumbered = audit([20, 40, 30, 10].map((at) => trade(null, at, { price: at })));
  expect([unnumbered?.minutes.open[0], unnumbered?.minutes.close[0]]).toEqual([10, 40]);
});

test('trades of pages that overlap are duplicates, each counted once in its minute', () => {
  const page = (firstId: number, count: number) => Array.from({ length: count }, (_, i) => trade(firstId + i, 10 * (firstId + i)));
  const ended = audit([...page(1, 100), ...page(91, 110)]);
  expect(ended?.facts).toMatchObject({ rows: 210, missingIds: 0, stepsBack: 0, duplicates: 10 });
  expect(new Set(ended?.findings.map(({ check }) => check))).toEqual(new Set(['duplicate']));
  expect([ended?.minutes.trades[0], ended?.minutes.volume[0]]).toEqual([200, 200]);
});

test('a trade that is there twice counts once', () => {
  const ended = audit([trade(1, 0), trade(1, 0), trade(2, 10)]);
  expect(ended?.findings).toMatchObject([{ check: 'duplicate', message: 'trade 1 is there twice' }]);
  expect(ended?.minutes.volume[0]).toBe(2);
});

test('trades without ids are checked by their times alone', () => {
  const ended = audit([trade(null, 10), trade(null, 0), trade(null, 20)]);
  expect(ended?.facts).toMatchObject({ missingIds: null, stepsBack: 1 });
  expect(ended?.findings).toMatchObject([{ check: 'order', message: 'the trade comes after a later one' }]);
});

test('no trade is nothing to tell of', () => {
  expect(audit([])).toBeNull();
});
