import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseDecimal } from '#core/decimal.ts';
import { parseMarketSymbol } from '#core/symbol.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { archiveText } from '#domain/trades/archive-object.ts';
import { openEmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import { compressZstd } from '#std/zstd.ts';

// Compares NDJSON + zstd with Parquet for archive objects: bytes a trade, time to write, and how fast ClickHouse reads many of them. Real trades,
// the fixtures of the tests unless a file with columns timestamp, trade_id, side, price, amount is named. Figures in docs/decisions/0012.
// node tools/measure-archive-format.ts [trades.csv.gz exchange BASE/QUOTE [writer.mjs]]
// A writer is a module that exports `toParquet(rows)`, rows being objects of strings and numbers, and returns bytes; without one only
// ClickHouse's own Parquet is measured, which no Lambda function can make.

const [file = 'test/fixtures/trades/kraken_BTC-USDT_trades.csv.gz', exchange = 'kraken', symbol = 'BTC/USDT', writerPath] =
  process.argv.slice(2);
const OBJECT_SIZES = [100, 1000, 10_000];
const ROUNDS = 5;
const COLUMNS =
  'exchange String, symbol String, id String, price String, size String, side String, event_time UInt64, received_at UInt64, source String, quality String, reason String';

const trades = readTrades();
const directory = mkdtempSync(join(tmpdir(), 'tidemark-format-'));
const engine = await openEmbeddedEngine(join(directory, 'store'));
const writer =
  writerPath === undefined ? null : ((await import(join(process.cwd(), writerPath))) as { toParquet(rows: readonly object[]): Uint8Array });
console.log(
  `${trades.length} trades of ${exchange} ${symbol}, Node ${process.version}; "read" sums price x size over all objects, median of ${ROUNDS}`,
);
console.log('trades/object  format                 bytes/trade  write us/trade  read ms');
try {
  for (const size of OBJECT_SIZES.filter((one) => one <= trades.length)) {
    for (const level of [1, 3, 6, 9])
      await measure(size, `ndjson.zst level ${level}`, 'ndjson.zst', (some) => compressZstd(archiveText(some), level));
    if (writer !== null) await measure(size, 'parquet (JavaScript)', 'parquet', (some) => writer.toParquet(some.map(rowOf)));
    await measureOwnParquet(size);
  }
} finally {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
}

function readTrades(): readonly CheckedTrade[] {
  const text = file.endsWith('.gz') ? gunzipSync(readFileSync(file)).toString() : execFileSync('cat', [file]).toString();
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const columns = header.split(',');
  const market = parseMarketSymbol(symbol);
  return lines.map((line) => {
    const row = Object.fromEntries(line.split(',').map((value, index) => [columns[index] ?? '', value]));
    const [price, size] = [parseDecimal(row['price']), parseDecimal(row['amount'])];
    if (price === undefined || size === undefined || market === undefined) throw new Error(`"${line}" is not a trade`);
    const eventTimeMs = Number(row['timestamp']);
    const side = row['side'] === 'buy' ? 'buy' : 'sell';
    const trade = {
      exchange: exchange as 'kraken',
      symbol: market,
      id: row['trade_id'] ?? '',
      price,
      size,
      side,
      eventTimeMs,
      receivedAtMs: eventTimeMs + 40,
    } as const;
    return { trade, source: 'stream', quality: 'good', reason: '' };
  });
}

function rowOf({ trade, source, quality, reason }: CheckedTrade): Readonly<Record<string, string | number>> {
  const { eventTimeMs, receivedAtMs, ...texts } = trade;
  return { ...texts, event_time: eventTimeMs, received_at: receivedAtMs, source, quality, reason };
}

async function measure(
  size: number,
  name: string,
  extension: string,
  encode: (trades: readonly CheckedTrade[]) => Uint8Array,
): Promise<void> {
  const folder = join(directory, `${name.replaceAll(/\W+/g, '-')}-${size}`);
  mkdirSync(folder);
  const chunks = chunksOf(size);
  encode(chunks[0] ?? []);
  const startedAt = performance.now();
  const bodies = chunks.map(encode);
  const elapsedMs = performance.now() - startedAt;
  for (const [index, body] of bodies.entries()) writeFileSync(join(folder, `${index}.${extension}`), body);
  const bytes = bodies.reduce((total, { length }) => total + length, 0);
  print(size, name, bytes, (elapsedMs / trades.length) * 1000, await readMs(folder, extension));
}

/** The engine's own Parquet, zstd inside, as the least that the format can come to. */
async function measureOwnParquet(size: number): Promise<void> {
  const folder = join(directory, `own-${size}`);
  mkdirSync(folder);
  let bytes = 0;
  for (const [index, chunk] of chunksOf(size).entries()) {
    const source = join(folder, 'source.ndjson');
    const target = join(folder, `${index}.parquet`);
    writeFileSync(source, archiveText(chunk));
    await engine.writer.command({
      query: `INSERT INTO FUNCTION file('${target}', 'Parquet') SELECT * FROM file('${source}', 'JSONEachRow', '${COLUMNS}') SETTINGS output_format_parquet_compression_method = 'zstd'`,
    });
    bytes += statSync(target).size;
  }
  rmSync(join(folder, 'source.ndjson'));
  print(size, 'parquet (ClickHouse)', bytes, Number.NaN, await readMs(folder, 'parquet'));
}

async function readMs(folder: string, extension: string): Promise<number> {
  const format = extension === 'parquet' ? 'Parquet' : 'JSONEachRow';
  const query = `SELECT count(), sum(toDecimal128(price, 18) * toDecimal128(size, 8)) FROM file('${folder}/*.${extension}', '${format}', '${COLUMNS}') SETTINGS input_format_skip_unknown_fields = 1`;
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    const answer = await engine.writer.query({ query, format: 'TabSeparated' });
    const text = await answer.text();
    times.push(performance.now() - startedAt);
    if (!text.startsWith(`${trades.length}\t`)) throw new Error(`"${text}" was read, expected ${trades.length} trades`);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

function chunksOf(size: number): readonly (readonly CheckedTrade[])[] {
  return Array.from({ length: Math.ceil(trades.length / size) }, (_, index) => trades.slice(index * size, (index + 1) * size));
}

function print(size: number, name: string, bytes: number, writeUs: number, readMsMedian: number): void {
  const cells = [
    String(size).padStart(13),
    name.padEnd(22),
    (bytes / trades.length).toFixed(1).padStart(11),
    (Number.isNaN(writeUs) ? '-' : writeUs.toFixed(2)).padStart(15),
    readMsMedian.toFixed(0).padStart(8),
  ];
  console.log(cells.join('  '));
}
