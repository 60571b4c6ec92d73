import { expect, test } from 'vitest';
import { auditFileTrades } from '#domain/audit/audit-file-trades.ts';
import type { CandleRow } from '#domain/audit/recording-row.ts';
import { columnsOf, FIRST_MS, MINUTE_MS, row, rows } from './made-columns.ts';

const minute = (number: number): number => FIRST_MS + number * MINUTE_MS;
/** Trades from the first to the last second of ten minutes. */
const audit = (candles: readonly CandleRow[], minutes: readonly CandleRow[], toMs = minute(10)) =>
  auditFileTrades(columnsOf(candles), { minutes: columnsOf(minutes), fromMs: FIRST_MS, toMs });

test('candles that are what their trades say have no findings; a row without a trade needs none', () => {
  const made = rows(0, 10).filter((_, i) => i !== 4);
  const candles = rows(0, 10).map((one, i) => (i === 4 ? { ...one, volume: 0, trades: 0 } : one));
  expect(audit(candles, made)).toEqual({ compared: 9, equal: 9, findings: [] });
  expect(audit(made, made)).toEqual({ compared: 9, equal: 9, findings: [] });
});

test('a candle that differs, one without trades, and trades without a candle are found', () => {
  const made = rows(0, 10).filter((_, i) => i !== 2);
  const candles = rows(0, 10)
    .map((one, i) => (i === 5 ? { ...one, close: 99 } : one))
    .filter((_, i) => i !== 7);
  const { compared, equal, findings } = audit(candles, made);
  expect([compared, equal]).toEqual([9, 7]);
  expect(findings).toMatchObject([
    { check: 'trades', fromMs: minute(2), count: 1, message: 'volume 1.5, and no trade' },
    { check: 'trades', fromMs: minute(5), count: 1, message: 'close 99, its 3 trades say 106' },
    { check: 'trades', fromMs: minute(7), count: 1, message: 'no candle, and 3 trades' },
  ]);
});

test('a minute at the end of the trades is no fault where it differs, nor are those that the trades do not reach', () => {
  const cut = [...rows(0, 9), row(9, { volume: 0.2 })];
  expect(audit(rows(0, 20), cut, minute(9) + 5000)).toEqual({ compared: 9, equal: 9, findings: [] });
});
