import type { CandleRow } from './recording-row.ts';

const COLUMNS = ['openTimesMs', 'open', 'high', 'low', 'close', 'volume', 'trades'] as const;

/** Candles of one market and timeframe, column by column, in the order of the file: 56 bytes a candle. All arrays have the same length. */
export type CandleColumns = Readonly<Record<(typeof COLUMNS)[number], Float64Array>>;

export type ColumnsBuilder = {
  /** Trades that are null become NaN. */
  add(row: CandleRow): void;
  readonly length: number;
  columns(): CandleColumns;
};

/** Takes rows as they come; its memory grows with them. */
export function createColumns(): ColumnsBuilder {
  let length = 0;
  let data = COLUMNS.map(() => new Float64Array(1024));
  return {
    add({ openTimeMs, open, high, low, close, volume, trades }) {
      if (length === data[0]?.length) {
        data = data.map((column) => {
          const longer = new Float64Array(column.length * 2);
          longer.set(column);
          return longer;
        });
      }
      [openTimeMs, open, high, low, close, volume, trades ?? Number.NaN].forEach((value, i) => (data[i]![length] = value));
      length += 1;
    },
    get length() {
      return length;
    },
    columns: () => columnsOf((_, i) => data[i]!.subarray(0, length)),
  };
}

function columnsOf(make: (name: (typeof COLUMNS)[number], i: number) => Float64Array): CandleColumns {
  const [openTimesMs, open, high, low, close, volume, trades] = COLUMNS.map(make) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return { openTimesMs, open, high, low, close, volume, trades };
}

/** The same candles by time, each time once: the first row that the file has of it, and none beside the grid. */
export function inOrder(columns: CandleColumns, timeframeMs: number): CandleColumns {
  const { openTimesMs } = columns;
  const kept: number[] = [];
  for (const i of indicesByTime(openTimesMs))
    if (openTimesMs[i]! % timeframeMs === 0 && openTimesMs[kept.at(-1) ?? -1] !== openTimesMs[i]) kept.push(i);
  if (kept.length === openTimesMs.length && kept.every((from, i) => from === i)) return columns;
  return columnsOf((name) => Float64Array.from(kept, (i) => columns[name][i]!));
}

/** Positions in order of time; of equal times in the order of the file. */
export function indicesByTime(openTimesMs: Float64Array): readonly number[] {
  const indices = Array.from(openTimesMs, (_, i) => i);
  const isSorted = indices.every((i) => i === 0 || openTimesMs[i - 1]! <= openTimesMs[i]!);
  return isSorted ? indices : indices.sort((a, b) => openTimesMs[a]! - openTimesMs[b]! || a - b);
}

/** The noise of a double that was written, read or computed on its way; far below the step of any price. */
const NOISE_SHARE = 1e-12;

/** Whether two figures are one, noise aside. */
export function isSameFigure(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= NOISE_SHARE * Math.max(Math.abs(a), Math.abs(b));
}
