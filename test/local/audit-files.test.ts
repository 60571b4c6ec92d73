import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { runAuditFiles } from '#local/audit-files.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const RECORDINGS = join(import.meta.dirname, '../../recordings');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-audit-'));
  folders.push(folder);
  return folder;
}

async function audit(path: string): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await runAuditFiles({ path, isJson: false }, { write: (part) => void (text += part), status: () => {} });
  return { code, text };
}

type JsonReport = {
  readonly clean: boolean;
  readonly byCheck: Readonly<Record<string, number>>;
  readonly files: readonly {
    readonly file: string;
    readonly rollUps: readonly unknown[];
    readonly findings: readonly { readonly check: string; readonly from: string; readonly to: string; readonly count: number }[];
  }[];
};

async function auditJson(path: string): Promise<JsonReport> {
  let text = '';
  await runAuditFiles({ path, isJson: true }, { write: (part) => void (text += part), status: () => {} });
  return JSON.parse(text) as JsonReport;
}

describe('a recording that polled open candles', () => {
  test('is reported as its page says: frozen candles, prices of one trade, rows out of order, and a file that is none', async () => {
    const { code, text } = await audit(join(FIXTURES, 'kraken-2020-polled'));
    expect(code).toBe(1);
    expect(text).toContain('unknown format: it begins with "time;pair;interval;message"');
    expect(text).toContain('99 of 141 candles of one trade have more than one price');
    expect(text).toContain('18 of 144 candles are what the rows add up to in kraken_XXBTZUSD_1.csv.gz');
    expect(text).toContain('0 of 12 candles are what the rows add up to in kraken_XXBTZUSD_1.csv.gz');
    expect(text).toContain('! order      2 2020-04-25T01:49:00Z: 2 rows come after a later one');
    expect(text).toMatch(/5 files, 1,876 candles, 0 trades: \d+ findings\n$/);
  });

  test('has a finding for each run of frozen candles, as JSON', async () => {
    const { clean, byCheck, files } = await auditJson(join(FIXTURES, 'kraken-2020-polled'));
    expect(clean).toBe(false);
    expect(byCheck).toMatchObject({ format: 1, order: 1, duplicate: 0, missing: 0 });
    const hours = files.find(({ file }) => file === 'kraken_XXBTZUSD_60.csv.gz');
    expect(hours?.rollUps).toEqual([{ with: 'kraken_XXBTZUSD_1.csv.gz', compared: 12, equal: 0 }]);
    expect(hours?.findings).toMatchObject([{ check: 'frozen', from: '2020-04-25T00:00:00Z', to: '2020-04-25T11:00:00Z', count: 12 }]);
  });
});

test('trades whose pager lost every thousandth are reported so, and the minutes beside them equal them all', async () => {
  const { code, text } = await audit(join(RECORDINGS, 'trades/kraken-2023-11'));
  expect(code).toBe(1);
  expect(text).toContain('5,388 of 5,388 candles are what the trades say in trades/kraken_BTC-USDT.csv.gz');
  expect(text).toContain('26,921 trades, 2023-11-17T00:00:06.662Z to 2023-11-22T08:41:40.044Z, 26 ids missing, 6,980 in the millisecond');
  expect(text).toContain('26 in 26 places, the first 2023-11-17T03:34:29.558Z: trade 5505896 is missing, as every 1000 ids');
  expect(text).toMatch(/2 files, 5,388 candles, 26,921 trades: 26 findings\n$/);
});

describe('the recordings that ship', () => {
  test('of two ordinary days are clean', async () => {
    expect(await audit(join(RECORDINGS, 'other/btc-eth-2025-06'))).toMatchObject({ code: 0 });
    expect(await auditJson(join(RECORDINGS, 'trades/binance-2024-08-08'))).toMatchObject({ clean: true });
    expect(await auditJson(join(RECORDINGS, 'trades/coinbase-2026-08-09'))).toMatchObject({ clean: true });
  });

  test('of outages have those outages as findings, and nothing else', async () => {
    const places = async (folder: string): Promise<ReadonlySet<string>> => {
      const { files } = await auditJson(join(RECORDINGS, 'outages', folder));
      return new Set(files.flatMap(({ findings }) => findings.map(({ check, from }) => `${check} ${from}`)));
    };
    expect(await places('coinbase-2023-03-04')).toEqual(new Set(['missing 2023-03-04T17:00:00Z']));
    expect(await places('kraken-2023-03-16')).toEqual(new Set(['missing 2023-03-16T22:01:00Z']));
    expect(await places('binance-2023-03-24')).toEqual(new Set(['missing 2023-03-24T12:40:00Z', 'missing 2023-03-24T13:00:00Z']));
  });
});

describe('a path', () => {
  test('without a recording is bad use, each with its own word', async () => {
    const folder = temporary();
    await expect(audit(join(folder, 'gone'))).rejects.toThrow(/--files ".*gone" does not exist, expected a file or a folder/);
    await expect(audit(folder)).rejects.toThrow(/holds no recording, expected \.csv, \.ndjson/);
    writeFileSync(join(folder, 'README.md'), 'words');
    await expect(audit(folder)).rejects.toThrow(ConfigError);
    await expect(audit(join(folder, 'README.md'))).rejects.toThrow(/is no recording by its name/);
  });

  test('with nothing but JSON about other things is bad use, and beside a recording it is not checked', async () => {
    const folder = temporary();
    writeFileSync(join(folder, 'package.json'), '{"name":"x","version":"1"}');
    await expect(audit(folder)).rejects.toThrow(
      /holds no recording, only JSON about other things than candles and trades \(package\.json\)/,
    );
    await expect(audit(join(folder, 'package.json'))).rejects.toThrow(ConfigError);
    writeFileSync(join(folder, 'binance_A_1m.csv'), 'open_time,open,high,low,close,volume\n1678406400000,1,2,1,2,3');
    expect((await audit(folder)).text).toMatch(
      /not checked: 1 file of JSON about other things than candles and trades\n2 files, 1 candle, 0 trades: clean, no findings\n$/,
    );
  });

  test('with one fault in one file is told of in the singular', async () => {
    const folder = temporary();
    writeFileSync(join(folder, 'binance_A_1m.csv'), 'open_time,open,high,low,close,volume\n1678406400000,1,2,3,2,3');
    expect((await audit(folder)).text).toMatch(/\n1 file, 1 candle, 0 trades: 1 finding\n$/);
  });

  test('may be one file: plain, with Windows line ends, gz or zst', async () => {
    const folder = temporary();
    const rows = Array.from({ length: 20 }, (_, i) => `${1_678_406_400_000 + i * 60_000},1,2,1,2,3`);
    const text = ['open_time,open,high,low,close,volume', ...rows].join('\r\n');
    writeFileSync(join(folder, 'binance_A_1m.csv'), text);
    writeFileSync(join(folder, 'binance_B_1m.csv.gz'), gzipSync(text));
    writeFileSync(join(folder, 'binance_C_1m.csv.zst'), zstdCompressSync(text));
    for (const name of ['binance_A_1m.csv', 'binance_B_1m.csv.gz', 'binance_C_1m.csv.zst'])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await audit(join(folder, name))).toMatchObject({ code: 0 });
    expect((await audit(folder)).text).toContain('3 files, 60 candles, 0 trades: clean, no findings');
    symlinkSync(join(folder, 'binance_A_1m.csv'), join(folder, 'binance_D_1m.csv'));
    symlinkSync(join(folder, 'gone'), join(folder, 'binance_E_1m.csv'));
    expect((await audit(folder)).text).toContain('4 files, 80 candles');
  });

  test('to a file that was cut off is a finding, and what could be unpacked is checked', async () => {
    const folder = temporary();
    const file = join(folder, 'binance_B_1m.csv.gz');
    const rows = Array.from({ length: 50_000 }, (_, i) => `${1_678_406_400_000 + i * 60_000},1,2,1,2,${(i * 7919) % 1009}`);
    const packed = gzipSync(['open_time,open,high,low,close,volume', ...rows].join('\n'));
    writeFileSync(file, packed);
    truncateSync(file, Math.floor(packed.length / 2));
    const { code, text } = await audit(file);
    expect([code, text]).toEqual([1, expect.stringContaining('no whole gzip file')]);
    expect(text).toMatch(/ \d\d,\d{3} candles of 1m/);
  });
});
