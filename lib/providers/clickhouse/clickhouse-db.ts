import type { StoredCandle } from '#core/candle.ts';
import type { Exchange } from '#core/exchange.ts';
import type {
  CandleQuery,
  IndicatorInput,
  IndicatorInputQuery,
  IndicatorQuery,
  IndicatorValues,
  SeriesCandles,
  SeriesExtent,
  TimeSeriesDb,
} from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import { TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { createGroupCommit } from '#std/group-commit.ts';
import { lingerFor, withStore, type ClickHouseAccess } from './client.ts';
import { createIndicatorInputsReader } from './indicator-inputs.ts';
import { migrate, type SchemaOptions } from './schema.ts';
import { dateTimeText, queryRows, storedCandle } from './statements.ts';
import {
  CANDLE_GAP_COLUMNS,
  candleGapRow,
  readCandleGaps,
  readCandleRevisions,
  readWatermarks,
  REVISION_COLUMNS,
  revisionRow,
  WATERMARK_COLUMNS,
  watermarkRow,
} from './ledger-tables.ts';
import { CANDLE_TABLES, seriesOf } from './tables.ts';
import { AGREEMENT_COLUMNS, agreementRow, FINDING_COLUMNS, findingRow, readAgreements, readOpenFindings } from './witness-tables.ts';
import {
  gapRow,
  GAP_COLUMNS,
  LINE_COLUMNS,
  lineRow,
  minuteRow,
  MINUTE_COLUMNS,
  readTradeGaps,
  readTradeLines,
  readTradeMinutes,
} from './trade-tables.ts';

const CANDLE_COLUMNS = 'exchange, symbol, timestamp, open, high, low, close, volume, quote_volume, trade_count, version';

const COLUMNS = {
  candles_1m: CANDLE_COLUMNS,
  candles_5m: CANDLE_COLUMNS,
  candles_1h: CANDLE_COLUMNS,
  indicators: 'exchange, symbol, timeframe, timestamp, indicator_name, value, candle_version, fingerprint, computed_at',
  gaps: CANDLE_GAP_COLUMNS,
  watermarks: WATERMARK_COLUMNS,
  revisions: REVISION_COLUMNS,
  trade_gaps: GAP_COLUMNS,
  trade_minutes: MINUTE_COLUMNS,
  trade_lines: LINE_COLUMNS,
  agreements: AGREEMENT_COLUMNS,
  candle_findings: FINDING_COLUMNS,
} as const;

type Table = keyof typeof COLUMNS;

export type ClickHouseDbOptions = ClickHouseAccess & { readonly schema: SchemaOptions; readonly close: () => Promise<void> };

/** `TimeSeriesDb` over `@clickhouse/client`: the same SQL for a server, ClickHouse Cloud and the embedded engine. */
export function createClickHouseDb(options: ClickHouseDbOptions): TimeSeriesDb {
  const insert = createInserts(options);
  const readInputs = createIndicatorInputsReader(options);
  return {
    migrate: () => migrate(options, options.schema),
    insertCandles: (series) => insertCandles(insert, series),
    readCandles: (query) => readCandles(options, query),
    storedExtents: (exchange) => storedExtents(options, exchange),
    readIndicatorInputs: (query: IndicatorInputQuery): Promise<readonly IndicatorInput[]> => readInputs(query),
    insertIndicators: (rows) => insertIndicators(insert, rows),
    readIndicators: (query) => readIndicators(options, query),
    insertCandleGaps: (gaps) => insert('gaps', gaps.map(candleGapRow)),
    readCandleGaps: (query) => readCandleGaps(options, query),
    insertWatermarks: (marks) => insert('watermarks', marks.map(watermarkRow)),
    readWatermarks: (exchange) => readWatermarks(options, exchange),
    insertCandleRevisions: (revisions) => insert('revisions', revisions.map(revisionRow)),
    readCandleRevisions: (query) => readCandleRevisions(options, query),
    insertTradeGaps: (gaps) => insert('trade_gaps', gaps.map(gapRow)),
    readTradeGaps: (query) => readTradeGaps(options, query),
    insertTradeMinutes: (minutes) => insert('trade_minutes', minutes.map(minuteRow)),
    readTradeMinutes: (query) => readTradeMinutes(options, query),
    insertTradeLines: (lines) => insert('trade_lines', lines.map(lineRow)),
    readTradeLines: (query) => readTradeLines(options, query),
    insertAgreements: (agreements) => insert('agreements', agreements.map(agreementRow)),
    readAgreements: (query) => readAgreements(options, query),
    insertCandleFindings: (findings) => insert('candle_findings', findings.map(findingRow)),
    readOpenFindings: (query) => readOpenFindings(options, query),
    close: () => options.close(),
  };
}

type Insert = (table: Table, rows: readonly unknown[][]) => Promise<void>;

/** Exchanges write at the same moments: what waits for a table goes in with one statement, and makes one part instead of several. */
function createInserts(access: ClickHouseAccess): Insert {
  const commits = new Map(
    Object.entries(COLUMNS).map(([table, columns]) => [
      table,
      createGroupCommit<unknown[]>(
        () => lingerFor(access),
        (rows) => insertRows(access, table, columns, rows),
      ),
    ]),
  );
  return async (table, rows) => {
    if (rows.length > 0) await commits.get(table)?.(rows);
  };
}

async function insertCandles(insert: Insert, series: readonly SeriesCandles[]): Promise<void> {
  for (const timeframe of TIMEFRAMES) {
    const rows = series.filter((entry) => entry.series.timeframe === timeframe).flatMap(candleRows);
    // oxlint-disable-next-line no-await-in-loop -- one table after the other: at most three, and the engine writes them one by one anyway
    await insert(CANDLE_TABLES[timeframe], rows);
  }
}

function candleRows({ series, candles }: SeriesCandles): readonly unknown[][] {
  return candles.map((candle) => [
    series.exchange,
    series.symbol,
    dateTimeText(candle.openTimeMs),
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.volume,
    candle.quoteVolume,
    candle.tradeCount,
    String(candle.version),
  ]);
}

const MAX_ROWS_PER_INSERT = 200_000;
/** A month is a partition, and ClickHouse refuses an insert into more than 100 of them. */
const MAX_MONTHS_PER_INSERT = 90;

async function insertRows(access: ClickHouseAccess, table: string, columns: string, rows: readonly unknown[][]): Promise<void> {
  for (const values of inserts(rows, columns.split(', ').indexOf('timestamp'))) {
    // oxlint-disable-next-line no-await-in-loop -- in order and one at a time, so that memory stays bounded
    await withStore(access, `insert ${values.length} rows into ${table}`, (signal) =>
      access.client.insert({
        table: `${access.database}.${table}`,
        columns: columns.split(', ') as [string, ...string[]],
        values,
        format: 'JSONCompactEachRow',
        abort_signal: signal,
      }),
    );
  }
}

/** Rows in their order, as many together as one insert may have. `timeAt` is the column of their time; -1 for tables that are in one piece. */
function* inserts(rows: readonly unknown[][], timeAt: number): Generator<readonly unknown[][]> {
  let start = 0;
  const months = new Set<string>();
  for (const [index, row] of rows.entries()) {
    const month = timeAt === -1 ? '' : String(row[timeAt]).slice(0, 7);
    if (index - start === MAX_ROWS_PER_INSERT || (months.size === MAX_MONTHS_PER_INSERT && !months.has(month))) {
      yield rows.slice(start, index);
      start = index;
      months.clear();
    }
    months.add(month);
  }
  if (start < rows.length) yield rows.slice(start);
}

async function readCandles(access: ClickHouseAccess, query: CandleQuery): Promise<readonly SeriesCandles[]> {
  const timeframes = TIMEFRAMES.filter((timeframe) => query.windows[timeframe] !== undefined);
  if (timeframes.length === 0) return [];
  const params: Record<string, unknown> = { exchange: query.exchange, symbols: [...query.symbols] };
  for (const timeframe of timeframes) {
    params[`from_${timeframe}`] = String(query.windows[timeframe]?.fromMs);
    params[`until_${timeframe}`] = String(query.windows[timeframe]?.untilMs);
  }
  const sql = timeframes.map((timeframe) => candlesSql(access.database, timeframe)).join('\nUNION ALL\n');
  const rows = await queryRows(access, 'read candles', `SELECT * FROM (${sql}) ORDER BY timeframe, symbol, openTimeMs`, params);
  return collectSeries(query.exchange, rows);
}

function candlesSql(database: string, timeframe: Timeframe): string {
  return `
    SELECT '${timeframe}' AS timeframe, symbol, toUnixTimestamp64Milli(timestamp) AS openTimeMs,
      open, high, low, close, volume, quote_volume, trade_count, version
    FROM ${database}.${CANDLE_TABLES[timeframe]}
    WHERE exchange = {exchange: String} AND symbol IN {symbols: Array(String)}
      AND timestamp >= fromUnixTimestamp64Milli({from_${timeframe}: Int64}) AND timestamp < fromUnixTimestamp64Milli({until_${timeframe}: Int64})
    ORDER BY symbol, timestamp, version DESC
    LIMIT 1 BY symbol, timestamp`;
}

function collectSeries(exchange: Exchange, rows: readonly unknown[][]): readonly SeriesCandles[] {
  const found = new Map<string, { series: Series; candles: StoredCandle[] }>();
  for (const row of rows) {
    const key = `${row[0]} ${row[1]}`;
    const group = found.get(key) ?? { series: seriesOf(exchange, row[1], row[0]), candles: [] };
    found.set(key, group);
    const [, , openTimeMs, ...columns] = row;
    group.candles.push(storedCandle(Number(openTimeMs), columns));
  }
  return [...found.values()];
}

async function storedExtents(access: ClickHouseAccess, exchange: Exchange): Promise<readonly SeriesExtent[]> {
  const sql = TIMEFRAMES.map(
    (timeframe) => `
    SELECT '${timeframe}' AS timeframe, symbol, min(toUnixTimestamp64Milli(timestamp)), max(toUnixTimestamp64Milli(timestamp))
    FROM ${access.database}.${CANDLE_TABLES[timeframe]} WHERE exchange = {exchange: String} GROUP BY symbol`,
  );
  const rows = await queryRows(access, 'read what is stored', `SELECT * FROM (${sql.join('\nUNION ALL\n')}) ORDER BY timeframe, symbol`, {
    exchange,
  });
  return rows.map(([timeframe, symbol, firstMs, newestMs]) => ({
    series: seriesOf(exchange, symbol, timeframe),
    firstMs: Number(firstMs),
    newestMs: Number(newestMs),
  }));
}

async function insertIndicators(insert: Insert, rows: readonly IndicatorValues[]): Promise<void> {
  const lines: unknown[][] = [];
  for (const { series, openTimeMs, values, candleVersion, fingerprint, computedAtMs } of rows) {
    const time = dateTimeText(openTimeMs);
    const computedAt = dateTimeText(computedAtMs);
    const inputs = [String(candleVersion), String(fingerprint)];
    for (const [name, value] of Object.entries(values)) {
      lines.push([series.exchange, series.symbol, series.timeframe, time, name, value, ...inputs, computedAt]);
    }
  }
  await insert('indicators', lines);
}

async function readIndicators(access: ClickHouseAccess, query: IndicatorQuery): Promise<readonly IndicatorValues[]> {
  const sql = `
    SELECT symbol, toUnixTimestamp64Milli(timestamp), groupArray((indicator_name, value)), max(candle_version),
      argMax(fingerprint, (candle_version, computed_at)), max(toUnixTimestamp64Milli(computed_at))
    FROM ${access.database}.indicators FINAL
    WHERE exchange = {exchange: String} AND symbol IN {symbols: Array(String)} AND timeframe = {timeframe: String}
      AND timestamp >= fromUnixTimestamp64Milli({from: Int64}) AND timestamp < fromUnixTimestamp64Milli({until: Int64})
    GROUP BY symbol, timestamp
    ORDER BY symbol, timestamp`;
  const { exchange, symbols, timeframe, fromMs, untilMs } = query;
  const params = { exchange, symbols: [...symbols], timeframe, from: String(fromMs), until: String(untilMs) };
  const rows = await queryRows(access, 'read indicators', sql, params);
  return rows.map(([symbol, openTimeMs, pairs, candleVersion, fingerprint, computedAtMs]) => ({
    series: seriesOf(exchange, symbol, timeframe),
    openTimeMs: Number(openTimeMs),
    values: Object.fromEntries(pairs as [string, number][]),
    candleVersion: BigInt(String(candleVersion)),
    fingerprint: BigInt(String(fingerprint)),
    computedAtMs: Number(computedAtMs),
  }));
}
