import { createColumns, type CandleColumns } from '#domain/audit/candle-columns.ts';
import type { CandleRow } from '#domain/audit/recording-row.ts';

export const FIRST_MS = Date.UTC(2023, 2, 11);
export const MINUTE_MS = 60_000;

/** The minute of this number, with what is said of it; its price moves, so that each candle has an open of its own. */
export function row(number: number, facts: Partial<CandleRow> = {}): CandleRow {
  const open = 100 + (number % 7);
  return {
    symbol: '',
    openTimeMs: FIRST_MS + number * MINUTE_MS,
    open,
    high: open + 2,
    low: open - 2,
    close: open + 1,
    volume: 1.5,
    trades: 3,
    ...facts,
  };
}

export function rows(first: number, count: number): readonly CandleRow[] {
  return Array.from({ length: count }, (_, i) => row(first + i));
}

export function columnsOf(all: readonly CandleRow[]): CandleColumns {
  const builder = createColumns();
  for (const one of all) builder.add(one);
  return builder.columns();
}
