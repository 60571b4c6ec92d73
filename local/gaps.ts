import type { Config } from '#config/load.ts';
import type { GapReason, GapState } from '#core/candle-gap.ts';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { runSql } from './sql.ts';

export type GapsOptions = {
  readonly exchange: Exchange | null;
  readonly symbol: MarketSymbol | null;
  readonly timeframe: Timeframe | null;
  readonly reason: GapReason | null;
  readonly state: GapState | null;
  /** Gaps that reach into the window, UTC ms; null where it is open. */
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  /** Also gaps whose candles are there by now. */
  readonly isAll: boolean;
  /** So many of the newest are listed; null lists all. */
  readonly limit: number | null;
  readonly isJson: boolean;
  readonly dataDirectory: string;
};

/** Of a person's list, when nothing else is asked for. */
const LISTED = 200;

/** One row of the answer: a gap, or with `kind` "total" the candles and gaps of a timeframe and reason. */
type Row = {
  readonly kind: 'gap' | 'total';
  readonly exchange: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly from: string;
  readonly until: string;
  readonly candles: number | string;
  readonly reason: string;
  readonly state: string;
  readonly attempts: number | string;
  readonly gaps: number | string;
  readonly detected_at_utc: string;
  readonly resolved_at_utc: string | null;
  readonly resolved_by: string;
  readonly evidence: string;
};

/** Lists the ledger of gaps: what is missing, why, and how that is known; as text with totals, as JSON a line for each. */
export async function runGaps(options: GapsOptions, config: Config, write: (text: string) => void): Promise<void> {
  const { isAll, isJson, dataDirectory, state } = options;
  const limit = options.limit ?? (isJson ? null : LISTED);
  let text = '';
  await runSql({ ...gapsQuery(options, limit), format: 'JSONEachRow', dataDirectory }, config, (part) => void (text += part));
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
  // The newest are listed, the oldest of them first.
  const gaps = rows.filter(({ kind }) => kind === 'gap').reverse();
  const isShort = !isAll && state !== 'resolved';
  if (isJson) write(gaps.map((gap) => `${JSON.stringify(jsonOf(gap, isShort))}\n`).join(''));
  else
    write(
      gapsText(
        gaps,
        rows.filter(({ kind }) => kind === 'total'),
        isShort,
      ),
    );
}

export function gapsQuery(
  options: GapsOptions,
  limit: number | null,
): { readonly query: string; readonly parameters: Readonly<Record<string, string>> } {
  const { exchange, symbol, timeframe, reason, state, fromMs, untilMs, isAll } = options;
  const given = Object.entries({ exchange, symbol, timeframe, reason, state, from: fromMs, until: untilMs, limit });
  const parameters = Object.fromEntries(given.flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])));
  const conditions = [
    ...(isAll || state !== null ? [] : ["state != 'resolved'"]),
    ...(['exchange', 'symbol', 'timeframe', 'reason', 'state'] as const)
      .filter((column) => options[column] !== null)
      .map((column) => `${column} = {${column}: String}`),
    ...(fromMs === null ? [] : ['until_time > fromUnixTimestamp64Milli({from: Int64})']),
    ...(untilMs === null ? [] : ['from_time < fromUnixTimestamp64Milli({until: Int64})']),
  ];
  const steps = TIMEFRAMES.map((one) => `timeframe = '${one}', ${TIMEFRAME_MS[one] / 1000}`).join(', ');
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const query = `WITH found AS (SELECT *, toUInt64(intDiv(dateDiff('second', from_time, until_time), multiIf(${steps}, 1))) AS candles FROM gaps FINAL ${where})
    SELECT 'gap' AS kind, toString(exchange) AS exchange, toString(symbol) AS symbol, toString(timeframe) AS timeframe, ${iso('from_time')} AS from,
      ${iso('until_time')} AS until, candles, toString(reason) AS reason, toString(state) AS state, toUInt64(attempts) AS attempts, toUInt64(1) AS gaps,
      ${iso('detected_at')} AS detected_at_utc, if(resolved_at IS NULL, '', ${iso('resolved_at')}) AS resolved_at_utc,
      toString(resolved_by) AS resolved_by, evidence
    FROM (SELECT * FROM found ORDER BY from_time DESC, exchange DESC, symbol DESC, timeframe DESC${limit === null ? '' : ' LIMIT {limit: UInt64}'})
    ORDER BY from_time DESC, exchange DESC, symbol DESC, timeframe DESC
    UNION ALL
    SELECT 'total', '', '', toString(timeframe), '', '', sum(candles), toString(reason), '', toUInt64(0), count(), '', '', '', ''
    FROM found GROUP BY timeframe, reason ORDER BY timeframe, reason`;
  return { query, parameters };
}

function iso(column: string): string {
  return `formatDateTime(assumeNotNull(${column}), '%Y-%m-%dT%H:%i:%SZ')`;
}

function jsonOf(row: Row, isShort: boolean): unknown {
  const { exchange, symbol, timeframe, from, until, candles, reason, state, attempts, evidence } = row;
  const when = isShort ? {} : { detected_at_utc: row.detected_at_utc, resolved_at_utc: row.resolved_at_utc || null };
  const by = isShort ? {} : { resolved_by: row.resolved_by };
  return {
    exchange,
    symbol,
    timeframe,
    from,
    until,
    candles: Number(candles),
    reason,
    state,
    attempts: Number(attempts),
    ...when,
    ...by,
    evidence,
  };
}

/** The gaps as a table, and what all that were found come to, listed or not. */
export function gapsText(gaps: readonly Row[], totals: readonly Row[], isShort: boolean): string {
  if (totals.length === 0) return `no gaps${isShort ? ' but those whose candles came later (--all)' : ''}\n`;
  const header = ['exchange', 'symbol', 'timeframe', 'from', 'until', 'candles', 'reason', 'state', 'attempts'];
  const lines = [
    [...header, ...(isShort ? [] : ['detected', 'resolved', 'by']), 'evidence'],
    ...gaps.map((gap) => [
      gap.exchange,
      gap.symbol,
      gap.timeframe,
      gap.from,
      gap.until,
      number(gap.candles),
      gap.reason,
      gap.state,
      number(gap.attempts),
      ...(isShort ? [] : [gap.detected_at_utc, gap.resolved_at_utc ?? '', gap.resolved_by]),
      gap.evidence,
    ]),
  ];
  const all = totals.reduce((sum, { gaps: found }) => sum + Number(found), 0);
  const more = all > gaps.length ? [`and ${number(all - gaps.length)} older ones; list more with --limit, or other ones with --to`] : [];
  return `${[...aligned(lines), ...more, ...totalLines(totals)].join('\n')}\n`;
}

function totalLines(totals: readonly Row[]): readonly string[] {
  return Array.from(
    Map.groupBy(totals, ({ timeframe }) => timeframe),
    ([timeframe, ofTimeframe]) => {
      const sum = (of: (row: Row) => number | string): number => ofTimeframe.reduce((total, row) => total + Number(of(row)), 0);
      const reasons = ofTimeframe.map(({ reason, candles }) => `${number(candles)} ${reason}`).join(', ');
      return `${timeframe}: ${counted(
        sum(({ candles }) => candles),
        'candle',
      )} in ${counted(
        sum(({ gaps }) => gaps),
        'gap',
      )}: ${reasons}`;
    },
  );
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function number(value: number | string): string {
  return Number(value).toLocaleString('en-US');
}

function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`;
}
