/** A candle of a recording: open time in UTC ms; figures as doubles, which hold what a source writes in up to 15 digits. */
export type CandleRow = {
  readonly symbol: string;
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Number of trades; null where the file has none. */
  readonly trades: number | null;
};

/** A trade of a recording: `id` is null where the file has none. */
export type TradeRow = { readonly id: number | null; readonly timeMs: number; readonly price: number; readonly size: number };

/** A row as it is, or why it is none, as a phrase. */
type RowReader<Row> = (line: string) => Row | string;

export type RecordingTable =
  | { readonly kind: 'candles'; readonly read: RowReader<CandleRow> }
  | { readonly kind: 'trades'; readonly read: RowReader<TradeRow> };

/** Columns by what they are called in recordings in circulation; times with their unit in ms. */
const TIME_COLUMNS = [
  ['open_time', 1],
  ['time', 1000],
] as const;
const TRADE_TIME_COLUMNS = [
  ['timestamp', 1],
  ['timestamp_s', 1000],
] as const;
const FIGURES = ['open', 'high', 'low', 'close', 'volume'] as const;
const COUNT_COLUMNS = ['trades', 'count'] as const;

/** 2009-01-03, before which there was no Bitcoin, and 2100: a time in another unit is far outside. */
const FIRST_MS = 1_230_940_800_000;
const LAST_MS = 4_102_444_800_000;

/** How to read the rows of a table with this header; null when it is neither one of candles nor one of trades. */
export function readRecordingHeader(header: string): RecordingTable | null {
  const names = header.split(',');
  const at = (name: string): number => names.indexOf(name);
  const timeOf = (columns: readonly (readonly [string, number])[]) => columns.find(([name]) => at(name) >= 0);
  const candleTime = timeOf(TIME_COLUMNS);
  if (candleTime !== undefined && FIGURES.every((name) => at(name) >= 0))
    return { kind: 'candles', read: candleReader(names, at(candleTime[0]), candleTime[1]) };
  const tradeTime = timeOf(TRADE_TIME_COLUMNS);
  if (tradeTime !== undefined && at('price') >= 0 && at('amount') >= 0)
    return { kind: 'trades', read: tradeReader(names, at(tradeTime[0]), tradeTime[1]) };
  return null;
}

function candleReader(names: readonly string[], timeAt: number, unitMs: number): RowReader<CandleRow> {
  const [openAt = -1, highAt = -1, lowAt = -1, closeAt = -1, volumeAt = -1] = FIGURES.map((name) => names.indexOf(name));
  const symbolAt = names.indexOf('symbol');
  const tradesAt = Math.max(...COUNT_COLUMNS.map((name) => names.indexOf(name)));
  return (line) => {
    const cells = line.split(',');
    if (cells.length !== names.length) return `${cells.length} fields, the header names ${names.length}`;
    const openTimeMs = Number(cells[timeAt]) * unitMs;
    const [open, high, low, close, volume] = [openAt, highAt, lowAt, closeAt, volumeAt].map((index) => figure(cells[index]));
    if (!isTime(openTimeMs)) return `time ${quoted(cells[timeAt])} is none`;
    if (open === undefined || high === undefined || low === undefined || close === undefined || volume === undefined)
      return `${quoted(cells.slice(0, 12).join(','))} has a figure that is no decimal number`;
    const trades = tradesAt < 0 ? null : Number(cells[tradesAt]);
    if (trades !== null && !(Number.isSafeInteger(trades) && trades >= 0)) return `number of trades ${quoted(cells[tradesAt])} is none`;
    return { symbol: cells[symbolAt] ?? '', openTimeMs, open, high, low, close, volume, trades };
  };
}

function tradeReader(names: readonly string[], timeAt: number, unitMs: number): RowReader<TradeRow> {
  const [idAt = -1, priceAt = -1, sizeAt = -1] = ['trade_id', 'price', 'amount'].map((name) => names.indexOf(name));
  return (line) => {
    const cells = line.split(',');
    if (cells.length !== names.length) return `${cells.length} fields, the header names ${names.length}`;
    const timeMs = Math.floor(Number(cells[timeAt]) * unitMs);
    const id = idAt < 0 ? null : Number(cells[idAt]);
    const [price, size] = [figure(cells[priceAt]), figure(cells[sizeAt])];
    if (!isTime(timeMs)) return `time ${quoted(cells[timeAt])} is none`;
    if (id !== null && !(Number.isSafeInteger(id) && id >= 0)) return `trade id ${quoted(cells[idAt])} is no whole number`;
    if (price === undefined || !(price > 0) || size === undefined || !(size > 0))
      return `price ${quoted(cells[priceAt])} or amount ${quoted(cells[sizeAt])} is no decimal number above 0`;
    return { id, timeMs, price, size };
  };
}

/** Sources that store doubles write their noise, in more digits than a store takes: that is no fault of the row. */
const FIGURE = /^-?\d{1,20}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?$/;

function figure(text = ''): number | undefined {
  return FIGURE.test(text) ? Number(text) : undefined;
}

function isTime(timeMs: number): boolean {
  return timeMs >= FIRST_MS && timeMs < LAST_MS;
}

/** In quotes, short, with control characters escaped: the text may be anything. */
export function quoted(text: string | undefined): string {
  return JSON.stringify((text ?? '').slice(0, 80));
}
