import type { FaultRule, RowFault, RowField } from '#core/fault-plan.ts';
import { isJsonObject } from './venue-protocol.ts';

type Row = unknown[] | Record<string, unknown>;
type Body = { readonly rows: Row[]; readonly withRows: (rows: readonly unknown[]) => unknown };

/** Place of each field: in Binance's and Kraken's lists, and its name in Coinbase's objects. */
const PLACES: Readonly<Record<RowField, { readonly list: number; readonly krakenList: number; readonly name: string }>> = {
  time: { list: 0, krakenList: 0, name: 'start' },
  open: { list: 1, krakenList: 1, name: 'open' },
  high: { list: 2, krakenList: 2, name: 'high' },
  low: { list: 3, krakenList: 3, name: 'low' },
  close: { list: 4, krakenList: 4, name: 'close' },
  volume: { list: 5, krakenList: 6, name: 'volume' },
};

type Wire = { readonly isKraken: boolean; readonly isNewestFirst: boolean };

/** Does to the candles of an answer in any of the three protocols what the rule says; another answer comes back as it was. */
export function spoilRows(body: string, rule: FaultRule & { readonly mode: RowFault }, chance: () => number): string {
  const parsed: unknown = JSON.parse(body);
  const found = bodyOf(parsed);
  if (found === undefined) return body;
  const wire = { isKraken: isJsonObject(parsed) && 'result' in parsed, isNewestFirst: isJsonObject(parsed) && 'candles' in parsed };
  const oldestFirst = wire.isNewestFirst ? found.rows.toReversed() : found.rows;
  const spoiled = SPOILERS[rule.mode](oldestFirst, { rule, wire, chance });
  return JSON.stringify(found.withRows(wire.isNewestFirst ? spoiled.toReversed() : spoiled));
}

function bodyOf(parsed: unknown): Body | undefined {
  if (Array.isArray(parsed)) return { rows: parsed as Row[], withRows: (rows) => rows };
  if (!isJsonObject(parsed)) return undefined;
  if (Array.isArray(parsed['candles'])) return { rows: parsed['candles'] as Row[], withRows: (rows) => ({ ...parsed, candles: rows }) };
  const result = parsed['result'];
  const [pair, rows] = isJsonObject(result) ? (Object.entries(result).find(([, value]) => Array.isArray(value)) ?? []) : [];
  if (pair === undefined || !isJsonObject(result)) return undefined;
  return { rows: rows as Row[], withRows: (next) => ({ ...parsed, result: { ...result, [pair]: next } }) };
}

type Spoiling = { readonly rule: FaultRule; readonly wire: Wire; readonly chance: () => number };

/** Oldest first in and out. */
const SPOILERS: Readonly<Record<RowFault, (rows: readonly Row[], spoiling: Spoiling) => readonly unknown[]>> = {
  missing_field: (rows, { rule, wire }) => newest(rows, rule.rows, (row) => without(row, rule.field ?? 'close', wire)),
  null_field: (rows, { rule, wire }) => newest(rows, rule.rows, (row) => changed(row, rule.field ?? 'close', wire, () => null)),
  word_field: (rows, { rule, wire }) => newest(rows, rule.rows, (row) => changed(row, rule.field ?? 'close', wire, () => 'NaN')),
  negative_price: (rows, { rule, wire }) => newest(rows, rule.rows, (row) => changed(row, 'low', wire, (low) => `-${String(low)}`)),
  high_below_low: (rows, { rule, wire }) =>
    newest(rows, rule.rows, (row) => {
      const low = fieldOf(row, 'low', wire);
      return changed(
        changed(row, 'low', wire, () => tenfold(fieldOf(row, 'high', wire))),
        'high',
        wire,
        () => low,
      );
    }),
  time_unit: (rows, { rule, wire }) =>
    newest(rows, rule.rows, (row) => moved(row, wire, (time) => Math.round(time * (rule.factor ?? 1000)))),
  off_grid: (rows, { rule, wire }) => newest(rows, rule.rows, (row) => moved(row, wire, (time) => time + (isMs(row, wire) ? 28_000 : 28))),
  future_rows: (rows, { rule, wire }) =>
    newest(rows, rule.rows, (row) => moved(row, wire, (time) => time + (isMs(row, wire) ? 86_400_000 : 86_400))),
  duplicate_rows: (rows, { rule }) => [...rows, ...last(rows, rule.rows)],
  conflicting_rows: (rows, { rule, wire }) => [
    ...rows,
    ...last(rows, rule.rows).map((row) => changed(row, 'volume', wire, (volume) => tenfold(volume))),
  ],
  shuffled_rows: (rows, { chance }) =>
    rows
      .map((row) => ({ row, order: chance() }))
      .sort((a, b) => a.order - b.order)
      .map(({ row }) => row),
  lost_rows: (rows, { rule, chance }) => {
    const gone = new Set<number>();
    const wanted = Math.min(rule.rows ?? 1, rows.length);
    while (gone.size < wanted) gone.add(Math.floor(chance() * rows.length));
    return rows.filter((_, index) => !gone.has(index));
  },
  // The newest row is the open candle: it and the closed ones before it are not there yet.
  late_rows: (rows, { rule }) => rows.slice(0, Math.max(0, rows.length - 1 - (rule.rows ?? 1))),
  revised_rows: (rows, { rule, wire }) => newest(rows, rule.rows, (row) => changed(row, 'volume', wire, (volume) => tenfold(volume))),
};

function newest(rows: readonly Row[], count: number | undefined, change: (row: Row) => Row): readonly Row[] {
  const first = Math.max(0, rows.length - (count ?? rows.length));
  return rows.map((row, index) => (index < first ? row : change(row)));
}

function last(rows: readonly Row[], count: number | undefined): readonly Row[] {
  return rows.slice(-(count ?? rows.length));
}

function keyOf(field: RowField, { isKraken }: Wire): number {
  return isKraken ? PLACES[field].krakenList : PLACES[field].list;
}

function fieldOf(row: Row, field: RowField, wire: Wire): unknown {
  return Array.isArray(row) ? row[keyOf(field, wire)] : row[PLACES[field].name];
}

function changed(row: Row, field: RowField, wire: Wire, change: (value: unknown) => unknown): Row {
  const value = change(fieldOf(row, field, wire));
  return Array.isArray(row) ? row.with(keyOf(field, wire), value) : { ...row, [PLACES[field].name]: value };
}

function without(row: Row, field: RowField, wire: Wire): Row {
  if (Array.isArray(row)) return row.toSpliced(keyOf(field, wire), 1);
  const { [PLACES[field].name]: _gone, ...rest } = row;
  return rest;
}

/** In the type that the time had. */
function moved(row: Row, wire: Wire, change: (time: number) => number): Row {
  return changed(row, 'time', wire, (time) => (typeof time === 'string' ? String(change(Number(time))) : change(Number(time))));
}

function isMs(row: Row, wire: Wire): boolean {
  return Number(fieldOf(row, 'time', wire)) > 100_000_000_000;
}

/** Ten times the decimal, in text: still one, still exact. */
function tenfold(value: unknown): string {
  const [whole = '0', fraction = ''] = String(value).split('.');
  return fraction === '' ? `${whole}0` : `${whole}${fraction[0] ?? ''}.${fraction.slice(1) || '0'}`.replace(/^0+(?=\d)/, '');
}
