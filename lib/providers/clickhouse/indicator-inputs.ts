import type { IndicatorInput, IndicatorInputQuery } from '#core/ports/time-series-db.ts';
import { TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { withStore, type ClickHouseAccess } from './client.ts';
import { createRowBinaryReader, type RowBinaryReader } from './row-binary.ts';
import { CANDLE_TABLES, seriesOf } from './tables.ts';

/**
 * Every series of an exchange in one query: a row per series with its candles as one array, in binary. Per tick of many series that is
 * an order of magnitude cheaper than a row per candle in JSON.
 */
export async function readIndicatorInputs(access: ClickHouseAccess, query: IndicatorInputQuery): Promise<readonly IndicatorInput[]> {
  const timeframes = TIMEFRAMES.filter((timeframe) => query.fromMs[timeframe] !== undefined);
  if (timeframes.length === 0) return [];
  const sql = `
    SELECT candles.timeframe, candles.symbol, candles.rows, seen.rows
    FROM (${timeframes.map((timeframe) => candlesSql(access.database, query, timeframe)).join('\nUNION ALL ')}) AS candles
    LEFT JOIN (
      SELECT timeframe, symbol, groupArray((openTimeMs, fingerprint)) AS rows
      FROM (
        SELECT toString(timeframe) AS timeframe, toString(symbol) AS symbol, toUnixTimestamp64Milli(timestamp) AS openTimeMs,
          argMax(indicators.fingerprint, (candle_version, computed_at)) AS fingerprint
        FROM ${access.database}.indicators
        WHERE exchange = {exchange: String}${symbolFilter(query)} AND (${timeframes.map(seenSql).join(' OR ')})
        GROUP BY timeframe, symbol, openTimeMs
      )
      GROUP BY timeframe, symbol
    ) AS seen ON candles.timeframe = seen.timeframe AND candles.symbol = seen.symbol
    ORDER BY candles.timeframe, candles.symbol
    FORMAT RowBinary`;
  const bytes = await withStore(access, 'read indicator inputs', async (signal) => {
    const result = await access.client.exec({ query: sql, query_params: paramsOf(query, timeframes), abort_signal: signal });
    const chunks: Buffer[] = [];
    for await (const chunk of result.stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  });
  const reader = createRowBinaryReader(bytes);
  const inputs: IndicatorInput[] = [];
  while (!reader.atEnd()) inputs.push(readInput(reader, query.exchange));
  return inputs;
}

// LIMIT 1 BY picks the winning version: measured 2.6 times cheaper than FINAL while parts are fresh, and every tick adds parts.
function candlesSql(database: string, query: IndicatorInputQuery, timeframe: Timeframe): string {
  return `
      SELECT '${timeframe}' AS timeframe, toString(symbol) AS symbol,
        arraySort(row -> row.1, groupArray((toUnixTimestamp64Milli(timestamp), toFloat64(high), toFloat64(low), toFloat64(close), version))) AS rows
      FROM (
        SELECT symbol, timestamp, high, low, close, version
        FROM ${database}.${CANDLE_TABLES[timeframe]}
        WHERE exchange = {exchange: String}${symbolFilter(query)} AND timestamp >= fromUnixTimestamp64Milli({from_${timeframe}: Int64})
        ORDER BY symbol, timestamp, version DESC
        LIMIT 1 BY symbol, timestamp
      )
      GROUP BY symbol`;
}

function symbolFilter({ symbols }: IndicatorInputQuery): string {
  return symbols === undefined ? '' : ' AND symbol IN {symbols: Array(String)}';
}

function seenSql(timeframe: Timeframe): string {
  return `(timeframe = '${timeframe}' AND timestamp >= fromUnixTimestamp64Milli({seen_${timeframe}: Int64}))`;
}

function paramsOf(query: IndicatorInputQuery, timeframes: readonly Timeframe[]): Record<string, unknown> {
  const params: Record<string, unknown> = { exchange: query.exchange };
  if (query.symbols !== undefined) params['symbols'] = [...query.symbols];
  for (const timeframe of timeframes) {
    params[`from_${timeframe}`] = String(query.fromMs[timeframe] ?? 0);
    params[`seen_${timeframe}`] = String(query.seenFromMs[timeframe] ?? 0);
  }
  return params;
}

function readInput(reader: RowBinaryReader, exchange: string): IndicatorInput {
  const timeframe = reader.string();
  const symbol = reader.string();
  const length = reader.length();
  const columns = {
    openTimesMs: new Float64Array(length),
    high: new Float64Array(length),
    low: new Float64Array(length),
    close: new Float64Array(length),
    versions: new BigUint64Array(length),
  };
  for (let row = 0; row < length; row++) {
    columns.openTimesMs[row] = reader.int64AsNumber();
    columns.high[row] = reader.float64();
    columns.low[row] = reader.float64();
    columns.close[row] = reader.float64();
    columns.versions[row] = reader.uint64();
  }
  return { series: seriesOf(exchange, symbol, timeframe), ...columns, seenFingerprints: readSeen(reader, columns.openTimesMs) };
}

function readSeen(reader: RowBinaryReader, openTimesMs: Float64Array): BigUint64Array {
  const byOpenTime = new Map<number, bigint>();
  for (let left = reader.length(); left > 0; left--) byOpenTime.set(reader.int64AsNumber(), reader.uint64());
  return BigUint64Array.from(openTimesMs, (openTimeMs) => byOpenTime.get(openTimeMs) ?? 0n);
}
