import type { Indicator, PriceColumns } from '#domain/indicators/indicator.ts';

/** Every value of an indicator by name, in arrays of its own. */
export function computeAll(indicator: Indicator, columns: PriceColumns): ReadonlyMap<string, Float64Array> {
  const outputs = indicator.names.map(() => new Float64Array(columns.close.length).fill(-1));
  indicator.compute(columns, outputs);
  return new Map(indicator.names.map((name, index) => [name, outputs[index] as Float64Array]));
}

/** What an error of a value is measured against: 100 for oscillators between 0 and 100, else the price. */
function scaleOf(name: string, price: number): number {
  return name.startsWith('RSI') || name.startsWith('STOCH') ? 100 : price;
}

/** |a - b| relative to max(|b|, scale). */
export function scaledError(name: string, price: number, a: number, b: number): number {
  return Math.abs(a - b) / Math.max(Math.abs(b), scaleOf(name, price));
}

export function slice(columns: PriceColumns, from: number, until: number): PriceColumns {
  return { high: columns.high.slice(from, until), low: columns.low.slice(from, until), close: columns.close.slice(from, until) };
}

/** Columns of a market whose high, low and close are the same. */
export function flatColumns(close: readonly number[]): PriceColumns {
  return { high: Float64Array.from(close), low: Float64Array.from(close), close: Float64Array.from(close) };
}
