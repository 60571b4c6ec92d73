import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '#config/load.ts';
import type { Candle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { ConfigError } from '#core/errors.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { candleDifferences, rebuildCandles, type CandleDifference, type RebuildInput } from '#usecases/rebuild-candles.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { createStorageClient } from '#factories/storage-client.ts';
import { quoted } from './options.ts';
import { runSql } from './sql.ts';

type RebuildFormat = 'csv' | 'ndjson';

export type RebuildOptions = RebuildInput & {
  readonly format: RebuildFormat;
  /** Prints where the store of the data folder says something else, instead of the candles. */
  readonly isComparing: boolean;
  readonly dataDirectory: string;
};

export type RebuildOutput = { readonly write: (text: string) => void; readonly warn: (line: string) => void };

/** The archive to read: the folder that is named, or the one of streaming.yaml, which may be a bucket. */
export function archiveOf(config: Config, directory: string | null, dataDirectory: string): StorageClient {
  const { timer } = createHostParts('rebuild', { level: 'error', write: () => {} });
  const { archive } = config.streaming;
  if (directory !== null && statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new ConfigError(`--archive ${quoted(directory)} is not a folder, expected that of an archive; correct it`);
  const provider = directory === null ? archive.provider : 'files';
  if (provider === 'memory')
    throw new ConfigError(
      'streaming.archive.provider is "memory", expected files or s3: it ends with its process; name a folder with --archive DIR',
    );
  const chosen = { ...config, streaming: { ...config.streaming, archive: { ...archive, provider } } };
  return createStorageClient(chosen, { timer, directory: directory ?? join(dataDirectory, 'archive'), environment: process.env });
}

const COLUMNS = ['open_time', 'open', 'high', 'low', 'close', 'volume', 'trades'] as const;
const MAX_PROBLEMS_SHOWN = 20;

/**
 * Candles from archived trades, written as text. Resolves to the exit code: 0, or 1 when the archive holds something that cannot be read, or
 * no trade at all, or when the store says something else. Throws `ConfigError` for a window that is none.
 */
export async function runRebuild(
  options: RebuildOptions,
  storage: Pick<StorageClient, 'getObject' | 'listObjects'>,
  config: Config,
  { write, warn }: RebuildOutput,
): Promise<0 | 1> {
  refuseBadWindow(options);
  const { candles, trades, duplicates, problems } = await rebuildCandles({ storage }, options);
  for (const { key, reason } of problems.slice(0, MAX_PROBLEMS_SHOWN)) warn(`archive object "${key}": ${reason}`);
  if (problems.length > MAX_PROBLEMS_SHOWN) warn(`and ${problems.length - MAX_PROBLEMS_SHOWN} problems more`);
  if (trades === 0) {
    const { exchange, symbol, fromMs, untilMs } = options;
    warn(
      `the archive holds no trade of ${exchange} ${symbol} from ${iso(fromMs)} to ${iso(untilMs)}; check the names, the times and --archive`,
    );
    return 1;
  }
  warn(`${candles.length} candles from ${trades} trades (${duplicates} further copies left out)`);
  if (!options.isComparing) {
    write(candlesText(candles, options.format));
    return problems.length === 0 ? 0 : 1;
  }
  const stored = await readStored(options, config);
  const differences = candleDifferences(candles, stored);
  write(differencesText(differences, options.format));
  warn(`${stored.length} candles are stored, ${differences.length} differences`);
  return problems.length === 0 && differences.length === 0 ? 0 : 1;
}

function refuseBadWindow({ fromMs, untilMs, timeframe }: RebuildOptions): void {
  const stepMs = TIMEFRAME_MS[timeframe];
  for (const [option, timeMs] of [['--from', fromMs] as const, ['--until', untilMs] as const]) {
    if (timeMs % stepMs !== 0) {
      throw new ConfigError(`${option} "${iso(timeMs)}" is not on the grid of ${timeframe}, expected a whole ${timeframe}; correct it`);
    }
  }
  if (fromMs >= untilMs)
    throw new ConfigError(`--until "${iso(untilMs)}" is not after --from "${iso(fromMs)}", expected a later time; correct one of them`);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}

function candlesText(candles: readonly Candle[], format: RebuildFormat): string {
  const rows = candles.map(({ openTimeMs, open, high, low, close, volume, tradeCount }) => [
    iso(openTimeMs),
    open,
    high,
    low,
    close,
    volume,
    String(tradeCount),
  ]);
  return tableText(COLUMNS, rows, format);
}

function differencesText(differences: readonly CandleDifference[], format: RebuildFormat): string {
  const rows = differences.map(({ openTimeMs, field, rebuilt, stored }) => [
    iso(openTimeMs),
    field ?? 'candle',
    rebuilt ?? 'missing',
    stored ?? 'missing',
  ]);
  return tableText(['open_time', 'field', 'rebuilt', 'stored'], rows, format);
}

/** No value holds a comma, a quote or a line feed: they are times, names and decimals. */
function tableText(columns: readonly string[], rows: readonly (readonly string[])[], format: RebuildFormat): string {
  if (format === 'csv') return [columns, ...rows].map((row) => `${row.join(',')}\n`).join('');
  return rows.map((row) => `${JSON.stringify(Object.fromEntries(columns.map((column, index) => [column, row[index]])))}\n`).join('');
}

/** Exchange, symbol and timeframe are of closed alphabets, so the statement needs no quoting. */
async function readStored(
  { exchange, symbol, timeframe, fromMs, untilMs, dataDirectory }: RebuildOptions,
  config: Config,
): Promise<readonly Candle[]> {
  let text = '';
  const query = `SELECT toUnixTimestamp64Milli(timestamp), toString(open), toString(high), toString(low), toString(close), toString(volume)
    FROM candles_${timeframe} FINAL WHERE exchange = '${exchange}' AND symbol = '${symbol}'
    AND timestamp >= fromUnixTimestamp64Milli(${fromMs}) AND timestamp < fromUnixTimestamp64Milli(${untilMs}) ORDER BY timestamp`;
  await runSql({ query, format: 'TabSeparated', dataDirectory }, config, (chunk) => void (text += chunk));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => storedCandle(line.split('\t')));
}

function storedCandle([openTime, ...values]: readonly string[]): Candle {
  const [open, high, low, close, volume] = values.map(decimal);
  if (open === undefined || high === undefined || low === undefined || close === undefined || volume === undefined)
    throw new RangeError(`the store answered ${values.length} values for a candle, expected 5`);
  return { openTimeMs: Number(openTime), open, high, low, close, volume, quoteVolume: null, tradeCount: null };
}

function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new RangeError(`the store answered "${text}", expected a decimal`);
  return value;
}
