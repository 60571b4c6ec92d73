import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import { parseDecimal, ZERO } from '#core/decimal.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import { archiveKey, hourOf } from '#domain/trades/archive-key.ts';
import { archiveText, hoursOfTrades } from '#domain/trades/archive-object.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { takeDataFolder } from '#local/data-folder.ts';
import { openStore } from '#local/platform.ts';
import { archiveOf, runRebuild, type RebuildOptions } from '#local/rebuild.ts';
import { compressZstd } from '#std/zstd.ts';
import { KRAKEN, recordedCandles, recordedTrades } from '../domain/trades/recorded-trades.ts';
import { shippedConfig } from '../factories/shipped-config.ts';

const config = shippedConfig();
const dataDirectory = mkdtempSync(join(tmpdir(), 'tidemark-rebuild-'));
afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));

const MIDNIGHT = Date.UTC(2023, 10, 17);
const OPTIONS: RebuildOptions = {
  ...KRAKEN,
  timeframe: '1m',
  fromMs: MIDNIGHT,
  untilMs: MIDNIGHT + 6 * 3_600_000,
  format: 'csv',
  isComparing: false,
  dataDirectory,
};
let storage: StorageClient;

async function rebuild(options: Partial<RebuildOptions> = {}) {
  let text = '';
  const warnings: string[] = [];
  const output = { write: (chunk: string) => void (text += chunk), warn: (line: string) => void warnings.push(line) };
  const exitCode = await runRebuild({ ...OPTIONS, ...options }, storage, config, output);
  return { exitCode, lines: text.split('\n').slice(0, -1), warnings };
}

/** The archive and the store that a run would have left behind; one stored candle is changed, one is missing, one is flat. */
beforeAll(async () => {
  storage = archiveOf(config, null, dataDirectory);
  for (const { exchange, hourMs, trades } of hoursOfTrades(recordedTrades(KRAKEN))) {
    const key = archiveKey(exchange, hourMs, { shard: '0', firstSequence: '1', lastSequence: '2' });
    await storage.putObject(key, compressZstd(archiveText(trades), 3));
  }
  const folder = takeDataFolder(dataDirectory, { command: 'test', fresh: false });
  // Of a replay, which keeps old candles.
  folder.writeState({ kind: 'replay', recording: 'kraken-2023-11', fromMs: MIDNIGHT, tickMs: OPTIONS.untilMs });
  const { db } = await openStore(config, createHostParts('test', { level: 'error', write: () => {} }), folder.storeDirectory, true);
  const version = candleVersion({ finality: 'closed', sourceRank: 1, fetchedAtMs: MIDNIGHT, sequence: 0 });
  const stored: StoredCandle[] = recordedCandles(KRAKEN, '1m').map((candle) => ({
    ...candle,
    quoteVolume: null,
    tradeCount: null,
    version,
  }));
  const [first] = stored;
  const higher = parseDecimal('99999');
  if (first === undefined || higher === undefined) throw new Error('a candle');
  stored[0] = { ...first, high: higher };
  stored.splice(5, 1);
  stored.push({ ...first, openTimeMs: OPTIONS.untilMs - 120_000, high: first.open, low: first.open, close: first.open, volume: ZERO });
  await db.insertCandles([{ series: { ...KRAKEN, timeframe: '1m' }, candles: stored }]);
  await db.insertCandles([
    {
      series: { ...KRAKEN, timeframe: '1h' },
      candles: recordedCandles(KRAKEN, '1h').map((candle) => ({ ...candle, quoteVolume: null, tradeCount: null, version })),
    },
  ]);
  await db.close();
  folder.release();
});

describe('tidemark rebuild', () => {
  test('prints the candles of the archive as CSV, and what they were made from beside it', async () => {
    const { exitCode, lines, warnings } = await rebuild();
    expect(exitCode).toBe(0);
    expect(lines.slice(0, 2)).toEqual([
      'open_time,open,high,low,close,volume,trades',
      '2023-11-17T00:00:00Z,36160.9,36160.9,36153.2,36160.7,0.00119317,3',
    ]);
    expect([lines.length, warnings]).toEqual([254, ['253 candles from 1657 trades (0 further copies left out)']]);
  });

  test('fails when the archive holds no trade of the market in that time', async () => {
    const { exitCode, lines, warnings } = await rebuild({ fromMs: OPTIONS.untilMs + 86_400_000, untilMs: OPTIONS.untilMs + 90_000_000 });
    expect([exitCode, lines, warnings.length]).toEqual([1, [], 1]);
    expect(warnings[0]).toMatch(/^the archive holds no trade of kraken \S+ from 2023-11-\S+ to \S+; check the names/);
  });

  test('prints them as lines of JSON, in any timeframe', async () => {
    const { lines } = await rebuild({ timeframe: '1h', format: 'ndjson' });
    expect(lines.length).toBe(6);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ open_time: '2023-11-17T00:00:00Z', open: '36160.9', volume: '22.41987018' });
  });

  test('agrees with a store that holds the same candles', async () => {
    expect(await rebuild({ timeframe: '1h', isComparing: true })).toEqual({
      exitCode: 0,
      lines: ['open_time,field,rebuilt,stored'],
      warnings: ['6 candles from 1657 trades (0 further copies left out)', '6 candles are stored, 0 differences'],
    });
  });

  test('prints where the store says something else; a flat row where nothing was traded is no difference', async () => {
    const { exitCode, lines, warnings } = await rebuild({ isComparing: true });
    const missing = recordedCandles(KRAKEN, '1m')[5];
    expect([exitCode, lines]).toEqual([
      1,
      [
        'open_time,field,rebuilt,stored',
        '2023-11-17T00:00:00Z,high,36160.9,99999',
        `${new Date(missing?.openTimeMs ?? 0).toISOString().replace('.000Z', 'Z')},candle,${missing?.close},missing`,
      ],
    ]);
    expect(warnings.at(-1)).toMatch(/^25\d candles are stored, 2 differences$/);
  });

  test('fails when the archive holds something that cannot be read, and names it', async () => {
    const key = archiveKey('kraken', hourOf(MIDNIGHT), { shard: '9', firstSequence: '1', lastSequence: '1' });
    await storage.putObject(key, Buffer.from('not zstd'));
    const { exitCode, lines, warnings } = await rebuild();
    expect([exitCode, lines.length, warnings[0]]).toEqual([1, 254, `archive object "${key}": the bytes are not zstd`]);
  });

  test.each<[Partial<RebuildOptions>, string]>([
    [
      { fromMs: MIDNIGHT + 60_000, timeframe: '1h' },
      '--from "2023-11-17T00:01:00Z" is not on the grid of 1h, expected a whole 1h; correct it',
    ],
    [
      { untilMs: MIDNIGHT + 60_000, timeframe: '5m' },
      '--until "2023-11-17T00:01:00Z" is not on the grid of 5m, expected a whole 5m; correct it',
    ],
    [
      { untilMs: MIDNIGHT },
      '--until "2023-11-17T00:00:00Z" is not after --from "2023-11-17T00:00:00Z", expected a later time; correct one of them',
    ],
  ])('refuses %o', async (options, message) => {
    await expect(rebuild(options)).rejects.toThrow(message);
  });

  test('reads the folder that is named rather than the configured archive, and refuses one that ended with its process', () => {
    const memory = shippedConfig({ TIDEMARK_STREAMING__ARCHIVE__PROVIDER: 'memory' });
    expect(() => archiveOf(memory, null, dataDirectory)).toThrow('streaming.archive.provider is "memory", expected files or s3');
    expect(archiveOf(memory, join(dataDirectory, 'archive'), dataDirectory)).toBeDefined();
    expect(() => archiveOf(config, join(dataDirectory, 'nothing'), dataDirectory)).toThrow(
      /^--archive ".*nothing" is not a folder, expected that of an archive; correct it$/,
    );
  });
});
