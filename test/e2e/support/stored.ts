import { sql } from './command.ts';
import { candleLine, scaled } from './recorded-truth.ts';

const CANDLES = ['1m', '5m', '1h']
  .map(
    (timeframe) =>
      `SELECT concat(exchange, ' ', symbol, ' ${timeframe}'), toUnixTimestamp64Milli(timestamp), open, high, low, close, volume,
        ifNull(toString(quote_volume), ''), ifNull(toString(trade_count), '') FROM candles_${timeframe}`,
  )
  .join(' UNION ALL ');

/**
 * Every candle that a reader of the store sees, as comparable lines, in no order. `shiftMs` is by how much later than recorded they happened.
 */
export async function storedCandles(data: string, shiftMs = 0): Promise<readonly string[]> {
  const rows = await sql(data, CANDLES);
  return rows.map(([key = '', openMs, open = '', high = '', low = '', close = '', volume = '', quote = '', trades = '']) =>
    candleLine(key, Number(openMs) - shiftMs, {
      open: scaled(open),
      high: scaled(high),
      low: scaled(low),
      close: scaled(close),
      volume: scaled(volume),
      quote: quote === '' ? null : scaled(quote),
      trades: trades === '' ? null : BigInt(trades),
    }),
  );
}

/** Every indicator value that a reader sees, by `series time name`; and the names that a reader sees twice. */
export async function storedIndicators(
  data: string,
  shiftMs = 0,
): Promise<{ readonly values: ReadonlyMap<string, number>; readonly doubled: readonly string[] }> {
  const rows = await sql(
    data,
    "SELECT concat(exchange, ' ', symbol, ' ', timeframe), toUnixTimestamp64Milli(timestamp), indicator_name, value FROM indicators",
  );
  const values = new Map<string, number>();
  const doubled: string[] = [];
  for (const [series = '', openMs = '', name = '', value = ''] of rows) {
    const key = `${series} ${Number(openMs) - shiftMs} ${name}`;
    if (values.has(key)) doubled.push(key);
    values.set(key, Number(value));
  }
  return { values, doubled };
}

/** What two lists do not have in common, as far as a person wants to read it. All empty when both hold the same, each once. */
export function difference(expected: readonly string[], found: readonly string[]) {
  const wanted = new Set(expected);
  const there = new Set(found);
  return {
    missing: firstOf([...wanted].filter((line) => !there.has(line))),
    beside: firstOf([...there].filter((line) => !wanted.has(line))),
    doubled: firstOf(there.size === found.length ? [] : [...there].filter((line) => found.indexOf(line) !== found.lastIndexOf(line))),
  };
}

export const NO_DIFFERENCE = { missing: [], beside: [], doubled: [] };

function firstOf(lines: readonly string[]): readonly string[] {
  return lines.length <= 5 ? lines : [...lines.slice(0, 5), `and ${lines.length - 5} more`];
}

/** Values that differ by more than `tolerance` of their scale: 100 for RSI and the stochastic, the size of the value or price for others. */
export function worstDifference(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
  closes: ReadonlyMap<string, number>,
): { readonly scaledError: number; readonly key: string } {
  let worst = { scaledError: 0, key: 'none' };
  for (const [key, value] of a) {
    const other = b.get(key);
    if (other === undefined) continue;
    const name = key.slice(key.lastIndexOf(' ') + 1);
    const candle = key.slice(0, key.lastIndexOf(' '));
    const scale = /^(RSI|STOCH)/.test(name) ? 100 : Math.max(Math.abs(value), closes.get(candle) ?? 0);
    const scaledError = Math.abs(value - other) / scale;
    if (!(scaledError <= worst.scaledError)) worst = { scaledError, key };
  }
  return worst;
}

/** Close of every stored candle by `series time`. */
export async function storedCloses(data: string): Promise<ReadonlyMap<string, number>> {
  const rows = await sql(data, CANDLES);
  return new Map(rows.map(([key, openMs, , , , close]) => [`${key} ${openMs}`, Number(close)]));
}
