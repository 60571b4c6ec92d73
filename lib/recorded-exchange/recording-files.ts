import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ConfigError } from '#core/errors.ts';
import type { Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { parseKlineCsv, type RecordedCandles } from './kline-csv.ts';

const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

/** `klines/kraken_BTC-USD_1m.csv.gz`: where a recording folder keeps the candles of a series. */
function klinesFile({ exchange, symbol, timeframe }: Series): string {
  return `klines/${exchange}_${symbol.replace('/', '-')}_${timeframe}.csv.gz`;
}

/** Reads and checks the candles of one series. Throws `ConfigError` naming file, line, value and cure. */
export function readKlines(dir: string, series: Series): RecordedCandles {
  const file = join(dir, klinesFile(series));
  return parseKlineCsv(file, unpacked(file), TIMEFRAME_MS[series.timeframe]);
}

/** Text of one file of recorded trades. Throws `ConfigError` when it cannot be read or unpacked. */
export function readRecordedText(dir: string, name: string): { readonly file: string; readonly text: string } {
  const file = join(dir, name);
  return { file, text: unpacked(file) };
}

/** Reads a recorded response body such as `rest/kraken_AssetPairs.json.gz`. Throws `ConfigError` when it is not gzipped JSON. */
export function readRecordedBody(dir: string, name: string): unknown {
  const file = join(dir, name);
  try {
    return JSON.parse(unpacked(file));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new ConfigError(`${file} is not JSON (${cause.message}); expected a recorded response body; cut it again`, { cause });
  }
}

function unpacked(file: string): string {
  const bytes = contentOf(file);
  try {
    // JSON bodies have UTF-8 names; the figures of a CSV file are ASCII in either.
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8');
  } catch (cause) {
    throw new ConfigError(
      `${file} is not a whole gzip file of at most ${MAX_UNPACKED_BYTES} bytes unpacked (${reason(cause)}); cut it again`,
      { cause },
    );
  }
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read (${reason(cause)}); recording.yaml names it; put it there or remove its line`, { cause });
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
