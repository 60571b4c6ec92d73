import type { Candle } from '#core/candle.ts';
import { compareDecimals, parseDecimal, type Decimal } from '#core/decimal.ts';
import { ConfigError } from '#core/errors.ts';

const REQUIRED = ['open_time', 'open', 'high', 'low', 'close', 'volume'] as const;
const OPTIONAL = ['quote_volume', 'trades'] as const;
/** Columns that recordings in circulation carry and that nothing here needs. */
const IGNORED: readonly string[] = ['close_time', 'taker_buy_base', 'taker_buy_quote'];
const COLUMNS = [...REQUIRED, ...OPTIONAL];

type Column = (typeof COLUMNS)[number];

/** The candles of one file. The rows stay text until one is asked for: a folder has some 100,000 and a replay reads them slowly. */
export type RecordedCandles = {
  /** Ascending, UTC ms, on the grid of the timeframe. Never empty. */
  readonly openTimesMs: Float64Array;
  /** Most fraction digits that any price of the file has. */
  readonly priceDecimals: number;
  /** The row at `index` (0 to `openTimesMs.length - 1`), its decimals in canonical form. */
  candle(index: number): Candle;
};

type Line = { readonly where: string; readonly cells: readonly string[]; readonly at: ReadonlyMap<Column, number> };

/** Checks and indexes the text of one CSV file. `file` is the name for messages. Throws `ConfigError` naming file and line. */
export function parseKlineCsv(file: string, text: string, timeframeMs: number): RecordedCandles {
  const headerEnd = endOfLine(text, 0);
  const at = columnsOf(file, text.slice(0, headerEnd));
  const width = text.slice(0, headerEnd).split(',').length;
  const openTimesMs: number[] = [];
  const offsets: number[] = [];
  let priceDecimals = 0;
  for (let offset = headerEnd + 1; offset < text.length; offset = endOfLine(text, offset) + 1) {
    const where = `${file} line ${offsets.length + 2}`;
    const cells = text.slice(offset, endOfLine(text, offset)).split(',');
    if (cells.length !== width)
      throw new ConfigError(`${where}: has ${cells.length} fields; the header names ${width}; add or remove the difference`);
    const line = { where, cells, at };
    openTimesMs.push(checkedTime(line, timeframeMs, openTimesMs.at(-1)));
    priceDecimals = Math.max(priceDecimals, checkedFigures(line));
    offsets.push(offset);
  }
  if (offsets.length === 0)
    throw new ConfigError(`${file} has no rows; a series needs at least one; remove it from recording.yaml or record it`);
  return {
    openTimesMs: Float64Array.from(openTimesMs),
    priceDecimals,
    candle: candleReader(text, Uint32Array.from(offsets), openTimesMs.length, at),
  };
}

function candleReader(text: string, offsets: Uint32Array, count: number, at: ReadonlyMap<Column, number>): (index: number) => Candle {
  return (index) => {
    const offset = offsets[index];
    if (offset === undefined) throw new RangeError(`row ${index} of ${count} rows`);
    const cells = text.slice(offset, endOfLine(text, offset)).split(',');
    const figure = (column: Column): Decimal => {
      const value = parseDecimal(cell(cells, at, column));
      if (value === undefined) throw new RangeError(`column "${column}" of row ${index} changed after it was checked`);
      return value;
    };
    return {
      openTimeMs: Number(cell(cells, at, 'open_time')),
      open: figure('open'),
      high: figure('high'),
      low: figure('low'),
      close: figure('close'),
      volume: figure('volume'),
      quoteVolume: at.has('quote_volume') ? figure('quote_volume') : null,
      tradeCount: at.has('trades') ? Number(cell(cells, at, 'trades')) : null,
    };
  };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function cell(cells: readonly string[], at: ReadonlyMap<Column, number>, column: Column): string {
  return cells[at.get(column) ?? -1] ?? '';
}

function columnsOf(file: string, header: string): Map<Column, number> {
  const names = header.split(',');
  const at = new Map<Column, number>();
  names.forEach((name, index) => {
    const column = COLUMNS.find((one) => one === name);
    if ((column === undefined && !IGNORED.includes(name)) || names.indexOf(name) !== index) {
      const problem = column === undefined ? 'is not a known column' : 'is there twice';
      throw new ConfigError(
        `${file} line 1: column ${quoted(name)} ${problem}; known are ${[...COLUMNS, ...IGNORED].join(',')}; correct the header`,
      );
    }
    if (column !== undefined) at.set(column, index);
  });
  const missing = REQUIRED.find((column) => !at.has(column));
  if (missing !== undefined)
    throw new ConfigError(`${file} line 1: column "${missing}" is missing; a header needs ${REQUIRED.join(',')}; add it`);
  return at;
}

function checkedTime({ where, cells, at }: Line, timeframeMs: number, previousMs: number | undefined): number {
  const text = cell(cells, at, 'open_time');
  const openTimeMs = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(openTimeMs))
    throw new ConfigError(`${where}: open_time ${quoted(text)} is not a time; write milliseconds since 1970 in digits`);
  if (openTimeMs % timeframeMs !== 0) {
    throw new ConfigError(
      `${where}: open_time "${text}" is not on the grid of ${timeframeMs} ms; correct it or the timeframe in the file name`,
    );
  }
  if (previousMs !== undefined && openTimeMs <= previousMs) {
    throw new ConfigError(
      `${where}: open_time "${text}" is not after "${previousMs}" of the line before; sort the rows and remove repeated ones`,
    );
  }
  return openTimeMs;
}

/** Returns the most fraction digits among the four prices. */
function checkedFigures(line: Line): number {
  const open = checkedDecimal(line, 'open');
  const high = checkedDecimal(line, 'high');
  const low = checkedDecimal(line, 'low');
  const close = checkedDecimal(line, 'close');
  if (!isOrdered(low, high)) refuseOrder(line, `high "${high}" is below low "${low}"`);
  if (!isOrdered(open, high)) refuseOrder(line, `high "${high}" is below open "${open}"`);
  if (!isOrdered(close, high)) refuseOrder(line, `high "${high}" is below close "${close}"`);
  if (!isOrdered(low, open)) refuseOrder(line, `low "${low}" is above open "${open}"`);
  if (!isOrdered(low, close)) refuseOrder(line, `low "${low}" is above close "${close}"`);
  if (Number(low) <= 0) refuseOrder(line, `low "${low}" is not above 0`);
  if (checkedDecimal(line, 'volume').startsWith('-')) refuseOrder(line, `volume "${cell(line.cells, line.at, 'volume')}" is below 0`);
  checkOptional(line);
  return Math.max(fractionDigits(open), fractionDigits(high), fractionDigits(low), fractionDigits(close));
}

function checkOptional(line: Line): void {
  if (line.at.has('quote_volume') && checkedDecimal(line, 'quote_volume').startsWith('-')) refuseOrder(line, 'quote_volume is below 0');
  const trades = cell(line.cells, line.at, 'trades');
  if (line.at.has('trades') && !/^\d{1,15}$/.test(trades)) {
    throw new ConfigError(`${line.where}: trades ${quoted(trades)} is not a count; write a whole number in digits`);
  }
}

function checkedDecimal({ where, cells, at }: Line, column: Column): Decimal {
  const text = cell(cells, at, column);
  const value = parseDecimal(text);
  if (value !== undefined) return value;
  throw new ConfigError(
    `${where}: ${column} ${quoted(text)} is not a decimal number of at most 20 integer and 18 fraction digits; write it like "22413.5"`,
  );
}

function refuseOrder({ where }: Line, problem: string): never {
  throw new ConfigError(`${where}: ${problem}; a candle has 0 < low <= open, close <= high and no volume below 0; correct the row`);
}

function isOrdered(lower: Decimal, upper: Decimal): boolean {
  // Doubles that differ keep the order of the decimals; only equal ones need the exact and slower comparison.
  const difference = Number(upper) - Number(lower);
  return difference === 0 ? compareDecimals(lower, upper) <= 0 : difference > 0;
}

function fractionDigits(value: Decimal): number {
  const point = value.indexOf('.');
  return point === -1 ? 0 : value.length - point - 1;
}

/** In quotes, short, with control characters escaped: the text may be anything. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
