import type { Exchange } from '#core/exchange.ts';
import type { IndicatorInput, IndicatorInputQuery } from '#core/ports/time-series-db.ts';
import { TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { createGather } from '#std/gather.ts';
import { lingerFor, withStore, type ClickHouseAccess } from './client.ts';
import { createRowBinaryReader, type RowBinaryReader } from './row-binary.ts';
import { CANDLE_TABLES, seriesOf } from './tables.ts';

type Exchanges = readonly Exchange[];

/**
 * Every series of an exchange in one query, in binary; exchanges that ask for the same windows at the same moment share it. The rows come as
 * they lie in the parts, several versions of a candle included: choosing and sorting them here costs less than FINAL or LIMIT BY.
 */
export function createIndicatorInputsReader(access: ClickHouseAccess): (query: IndicatorInputQuery) => Promise<readonly IndicatorInput[]> {
  const gather = createGather<IndicatorInputQuery, readonly IndicatorInput[]>(
    () => lingerFor(access),
    async (queries) => {
      const exchanges = queries.map(({ exchange }) => exchange);
      const [first] = queries;
      const inputs = first === undefined ? [] : await readInputs(access, first, exchanges);
      return exchanges.map((exchange) => inputs.filter(({ series }) => series.exchange === exchange));
    },
  );
  return (query) => gather(JSON.stringify([query.fromMs, query.seenFromMs, query.symbols]), query);
}

async function readInputs(access: ClickHouseAccess, query: IndicatorInputQuery, exchanges: Exchanges): Promise<readonly IndicatorInput[]> {
  const timeframes = TIMEFRAMES.filter((timeframe) => query.fromMs[timeframe] !== undefined);
  if (timeframes.length === 0) return [];
  const seen = timeframes.filter((timeframe) => query.seenFromMs[timeframe] !== undefined);
  const branches = [
    ...timeframes.map((timeframe) => candlesSql(access.database, query, timeframe)),
    ...(seen.length === 0 ? [] : [seenSql(access.database, query, seen)]),
  ];
  const bytes = await withStore(access, 'read indicator inputs', async (signal) => {
    const sql = `${branches.join('\nUNION ALL')}\nFORMAT RowBinary`;
    const result = await access.client.exec({ query: sql, query_params: paramsOf(query, exchanges, timeframes), abort_signal: signal });
    const chunks: Buffer[] = [];
    for await (const chunk of result.stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  });
  return collectInputs(createRowBinaryReader(bytes));
}

/** What a row is: a version of a candle, or the fingerprint of a candle's stored values. */
const CANDLE = 0;
const SEEN = 1;

function candlesSql(database: string, query: IndicatorInputQuery, timeframe: Timeframe): string {
  return `
    SELECT toUInt8(${CANDLE}), toString(exchange), '${timeframe}', toString(symbol), toUnixTimestamp64Milli(timestamp), version, toFloat64(high), toFloat64(low), toFloat64(close)
    FROM ${database}.${CANDLE_TABLES[timeframe]}
    WHERE exchange IN {exchanges: Array(String)}${symbolFilter(query)} AND timestamp >= fromUnixTimestamp64Milli({from_${timeframe}: Int64})`;
}

function seenSql(database: string, query: IndicatorInputQuery, timeframes: readonly Timeframe[]): string {
  const windows = timeframes.map(
    (timeframe) => `(timeframe = '${timeframe}' AND timestamp >= fromUnixTimestamp64Milli({seen_${timeframe}: Int64}))`,
  );
  return `
    SELECT toUInt8(${SEEN}), toString(exchange), toString(timeframe), toString(symbol), toUnixTimestamp64Milli(timestamp), argMax(fingerprint, (candle_version, computed_at)), 0., 0., 0.
    FROM ${database}.indicators
    WHERE exchange IN {exchanges: Array(String)}${symbolFilter(query)} AND (${windows.join(' OR ')})
    GROUP BY exchange, timeframe, symbol, timestamp`;
}

function symbolFilter({ symbols }: IndicatorInputQuery): string {
  return symbols === undefined ? '' : ' AND symbol IN {symbols: Array(String)}';
}

function paramsOf(query: IndicatorInputQuery, exchanges: Exchanges, timeframes: readonly Timeframe[]): Record<string, unknown> {
  const params: Record<string, unknown> = { exchanges: [...exchanges] };
  if (query.symbols !== undefined) params['symbols'] = [...query.symbols];
  for (const timeframe of timeframes) {
    params[`from_${timeframe}`] = String(query.fromMs[timeframe] ?? 0);
    if (query.seenFromMs[timeframe] !== undefined) params[`seen_${timeframe}`] = String(query.seenFromMs[timeframe]);
  }
  return params;
}

type CandleRow = {
  readonly openTimeMs: number;
  readonly version: bigint;
  readonly high: number;
  readonly low: number;
  readonly close: number;
};

type Found = {
  readonly exchange: string;
  readonly timeframe: string;
  readonly symbol: string;
  readonly candles: Map<number, CandleRow>;
  readonly seen: Map<number, bigint>;
};

function collectInputs(reader: RowBinaryReader): readonly IndicatorInput[] {
  const found = new Map<string, Found>();
  while (!reader.atEnd()) {
    const kind = reader.uint8();
    const exchange = reader.string();
    const timeframe = reader.string();
    const symbol = reader.string();
    const key = `${exchange} ${timeframe} ${symbol}`;
    const group = found.get(key) ?? { exchange, timeframe, symbol, candles: new Map(), seen: new Map() };
    found.set(key, group);
    const row = {
      openTimeMs: reader.int64AsNumber(),
      version: reader.uint64(),
      high: reader.float64(),
      low: reader.float64(),
      close: reader.float64(),
    };
    if (kind === SEEN) group.seen.set(row.openTimeMs, row.version);
    else if (row.version >= (group.candles.get(row.openTimeMs)?.version ?? 0n)) group.candles.set(row.openTimeMs, row);
  }
  const groups = [...found.values()].filter(({ candles }) => candles.size > 0);
  return groups.sort((a, b) => (`${a.timeframe} ${a.symbol}` < `${b.timeframe} ${b.symbol}` ? -1 : 1)).map(inputOf);
}

function inputOf({ exchange, timeframe, symbol, candles, seen }: Found): IndicatorInput {
  const rows = [...candles.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
  return {
    series: seriesOf(exchange, symbol, timeframe),
    openTimesMs: Float64Array.from(rows, ({ openTimeMs }) => openTimeMs),
    high: Float64Array.from(rows, ({ high }) => high),
    low: Float64Array.from(rows, ({ low }) => low),
    close: Float64Array.from(rows, ({ close }) => close),
    versions: BigUint64Array.from(rows, ({ version }) => version),
    seenFingerprints: BigUint64Array.from(rows, ({ openTimeMs }) => seen.get(openTimeMs) ?? 0n),
  };
}
