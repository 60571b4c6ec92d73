import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openEmbeddedEngine, type EmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';

// Compares column types, codecs and table settings on the recorded candles of 1m: their three days, repeated in time until every series
// has the 90 days that a store keeps by default. `npm run bench:store`; the figures are quoted in docs/decisions/0003.

const COPIES = 30;
const DAYS = 3;
const DAY_MS = 86_400_000;
const LAST_MS = Date.UTC(2023, 2, 13) + (COPIES - 1) * DAYS * DAY_MS;
const ROUNDS = 15;

type Variant = { readonly name: string; readonly price: string; readonly time: string; readonly settings: string };

const OURS = 'index_granularity = 1024, min_compress_block_size = 8192, max_compress_block_size = 16384';
const TIME = 'CODEC(DoubleDelta, ZSTD(1))';
const VARIANTS: readonly Variant[] = [
  { name: 'Decimal(38, 18) ZSTD(1), small blocks (ours)', price: 'Decimal(38, 18) CODEC(ZSTD(1))', time: TIME, settings: OURS },
  { name: 'Decimal(38, 18) ZSTD(1), default blocks', price: 'Decimal(38, 18) CODEC(ZSTD(1))', time: TIME, settings: '' },
  { name: 'Decimal(38, 18) LZ4, small blocks', price: 'Decimal(38, 18)', time: '', settings: OURS },
  { name: 'Decimal(38, 18) Delta + ZSTD(1), small blocks', price: 'Decimal(38, 18) CODEC(Delta(8), ZSTD(1))', time: TIME, settings: OURS },
  { name: 'Decimal(76, 38) ZSTD(1), small blocks', price: 'Decimal(76, 38) CODEC(ZSTD(1))', time: TIME, settings: OURS },
  { name: 'String ZSTD(1), small blocks', price: 'String CODEC(ZSTD(1))', time: TIME, settings: OURS },
  { name: 'Float64 ZSTD(1), small blocks (not exact)', price: 'Float64 CODEC(ZSTD(1))', time: TIME, settings: OURS },
  { name: 'Float64 LZ4, defaults (not exact)', price: 'Float64', time: '', settings: '' },
];

const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
const engine = await openEmbeddedEngine(join(directory, 'store'));
try {
  await engine.writer.command({ query: 'CREATE DATABASE bench' });
  const rows = recordedCandles();
  console.log(`${(rows.length * COPIES).toLocaleString('en-US')} candles; median of ${ROUNDS} reads; one thread; ${process.version}`);
  console.log(`${'columns'.padEnd(48)} bytes/candle  insert ms  tick read ms  day read ms`);
  for (const [index, variant] of VARIANTS.entries()) console.log(await measure(engine, `candles_${index}`, variant, rows));
} finally {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
}

async function measure(
  { writer }: EmbeddedEngine,
  table: string,
  { name, price, time, settings }: Variant,
  rows: readonly Row[],
): Promise<string> {
  const columns = ['open', 'high', 'low', 'close', 'volume'].map((column) => `${column} ${price}`).join(', ');
  await writer.command({
    query: `CREATE TABLE bench.${table} (exchange LowCardinality(String), symbol LowCardinality(String), timestamp DateTime64(3, 'UTC') ${time}, ${columns},
      version UInt64 ${time === '' ? '' : 'CODEC(Delta(8), ZSTD(1))'}) ENGINE = ReplacingMergeTree(version) PARTITION BY toYYYYMM(timestamp) ORDER BY (exchange, symbol, timestamp)
      ${settings === '' ? '' : `SETTINGS ${settings}`}`,
  });
  let startedAt = performance.now();
  let bytes = Number.NaN;
  for (let copy = 0; copy < COPIES; copy++) {
    // Only before anything repeats: a codec would find the copies.
    if (copy === 1) {
      bytes = await bytesPerCandle(writer, table);
      startedAt = performance.now();
    }
    const text = rows.map(({ key, openTimeMs, figures }) => `${key},${timeText(openTimeMs + copy * DAYS * DAY_MS)},${figures}`).join('\n');
    await writer.command({ query: `INSERT INTO bench.${table} FORMAT CSV\n${text}` });
  }
  const insertMs = performance.now() - startedAt;
  await writer.command({ query: `OPTIMIZE TABLE bench.${table} FINAL` });
  const select = `SELECT symbol, toUnixTimestamp64Milli(timestamp), toFloat64(high), toFloat64(low), toFloat64(close), version FROM bench.${table}`;
  const tickMs = await median(() =>
    read(writer, `${select} WHERE exchange = 'kraken' AND timestamp >= toDateTime64('${timeText(LAST_MS - DAY_MS / 2)}', 3, 'UTC')`),
  );
  const dayMs = await median(() =>
    read(
      writer,
      `${select} WHERE exchange = 'kraken' AND symbol = 'BTC/USD' AND timestamp >= toDateTime64('2023-04-11 00:00:00', 3, 'UTC') AND timestamp < toDateTime64('2023-04-12 00:00:00', 3, 'UTC')`,
    ),
  );
  const figures = [
    bytes.toFixed(1).padStart(12),
    insertMs.toFixed(0).padStart(9),
    tickMs.toFixed(1).padStart(12),
    dayMs.toFixed(1).padStart(11),
  ];
  return `${name.padEnd(48)} ${figures.join('  ')}`;
}

async function bytesPerCandle(client: EmbeddedEngine['writer'], table: string): Promise<number> {
  await client.command({ query: `OPTIMIZE TABLE bench.${table} FINAL` });
  const query = `SELECT sum(data_compressed_bytes) / sum(rows) AS bytes FROM system.parts WHERE active AND database = 'bench' AND table = '${table}'`;
  const [found] = await (await client.query({ query, format: 'JSONEachRow' })).json<{ bytes: number }>();
  return Number(found?.bytes);
}

async function read(client: EmbeddedEngine['writer'], query: string): Promise<void> {
  const { stream } = await client.exec({ query: `${query} FORMAT RowBinary` });
  for await (const chunk of stream) void chunk;
}

async function median(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
}

type Row = { readonly key: string; readonly openTimeMs: number; readonly figures: string };

function recordedCandles(): readonly Row[] {
  const folder = 'recordings/klines';
  return readdirSync(folder)
    .filter((name) => name.endsWith('_1m.csv.gz'))
    .flatMap((name) => {
      const [exchange = '', market = ''] = name.split('_');
      const lines = gunzipSync(readFileSync(join(folder, name)))
        .toString('utf8')
        .trim()
        .split('\n')
        .slice(1);
      return lines.map((line) => {
        const [openTime, open, high, low, close, volume] = line.split(',');
        return {
          key: `${exchange},${market.replace('-', '/')}`,
          openTimeMs: Number(openTime),
          figures: `${open},${high},${low},${close},${volume},4611686018427387904`,
        };
      });
    });
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '');
}
