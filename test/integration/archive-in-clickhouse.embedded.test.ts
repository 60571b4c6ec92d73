import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveKey } from '#domain/trades/archive-key.ts';
import { archiveText, hoursOfTrades } from '#domain/trades/archive-object.ts';
import { openEmbeddedEngine, type EmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import { createFileStorage } from '#providers/files/file-storage.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { compressZstd } from '#std/zstd.ts';
import { KRAKEN, recordedCandles, recordedTrades } from '../domain/trades/recorded-trades.ts';
import { ROOT } from '../factories/shipped-config.ts';

// The statements of docs/archive.md, run as they are written there, over an archive in which every trade is twice.
const directory = mkdtempSync(join(tmpdir(), 'tidemark-archive-'));
const [summary = '', toParquet = ''] = Array.from(
  readFileSync(join(ROOT, 'docs/archive.md'), 'utf8').matchAll(/```sql\n([^`]+)```/g),
  ([, statement = '']) =>
    statement
      .replaceAll('.tidemark/archive', join(directory, 'archive'))
      .replace("'kraken-2023-11-17.parquet'", `'${join(directory, 'day.parquet')}'`),
);
let engine: EmbeddedEngine;

beforeAll(async () => {
  const storage = createFileStorage({ directory: join(directory, 'archive'), timer: createSystemTimer(), deadlineMs: 10_000 });
  for (const shard of ['0', '1']) {
    for (const { exchange, hourMs, trades } of hoursOfTrades(recordedTrades(KRAKEN)))
      await storage.putObject(
        archiveKey(exchange, hourMs, { shard, firstSequence: '1', lastSequence: '2' }),
        compressZstd(archiveText(trades), 6),
      );
  }
  engine = await openEmbeddedEngine(join(directory, 'store'));
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const rows = async (query: string): Promise<readonly (readonly string[])[]> => {
  const answer = await engine.writer.query({ query, format: 'TabSeparated' });
  return (await answer.text())
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
};

test('ClickHouse reads the archive as it lies there, each trade once, with exact decimals', async () => {
  const trades = recordedTrades(KRAKEN).map(({ trade }) => trade);
  const candles = recordedCandles(KRAKEN, '1h');
  const prices = trades.map(({ price }) => Number(price));
  const volume = candles.reduce((total, candle) => total + BigInt(Math.round(Number(candle.volume) * 1e8)), 0n);
  const [[symbol, count, low, high, sum] = []] = await rows(summary);
  expect([symbol, count, Number(low), Number(high)]).toEqual(['BTC/USDT', String(trades.length), Math.min(...prices), Math.max(...prices)]);
  expect(BigInt(Math.round(Number(sum) * 1e8))).toBe(volume);
});

test('ClickHouse exports a day to Parquet', async () => {
  await engine.writer.command({ query: toParquet });
  expect(existsSync(join(directory, 'day.parquet'))).toBe(true);
  expect(await rows(`SELECT count(), uniqExact(id) FROM file('${join(directory, 'day.parquet')}', 'Parquet')`)).toEqual([['1657', '1657']]);
});
