import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT, tidemark } from './support/command.ts';

// Real outages of real exchanges, replayed: the ledger has to name them by what it sees, without being told.

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

type Row = { readonly symbol: string; readonly timeframe: string; readonly from: string; readonly until: string; readonly reason: string };

async function replayed(name: string): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'tidemark-ledger-'));
  folders.push(data);
  const until = { coinbase: '2023-03-05T00:00:00Z', binance: '2023-03-24T18:00:00Z', kraken: '2023-03-17T00:00:00Z' }[
    name.split('-')[0] ?? ''
  ];
  const args = ['start', '--data', data, '--recordings', join(ROOT, 'recordings/outages', name), '--speed', 'max', '--until', until ?? ''];
  const { code, stderr } = await tidemark([...args, '--port', '0', '--store-port', '0']).ended;
  expect([code, stderr]).toEqual([0, '']);
  return data;
}

async function outagesOf(data: string): Promise<readonly string[]> {
  const { code, stdout } = await tidemark(['gaps', '--data', data, '--json']).ended;
  expect(code).toBe(0);
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
  const outages = rows.filter(({ reason }) => reason === 'exchange_outage');
  expect(rows.filter(({ reason }) => !['no_trades', 'exchange_outage', 'not_listed'].includes(reason))).toEqual([]);
  return outages
    .map(({ symbol, timeframe, from, until }) => `${symbol} ${timeframe} ${from.slice(11, 16)}-${until.slice(11, 16)}`)
    .toSorted();
}

async function expectClean(data: string): Promise<void> {
  const { code, stdout } = await tidemark(['audit', '--data', data, '--json']).ended;
  expect(JSON.parse(stdout)).toMatchObject({ clean: true, findings: [] });
  expect(code).toBe(0);
}

describe('the ledger of a replay', () => {
  test('has the outage of Coinbase on 4 March 2023, in every series until its first trade, and the audit is clean', async () => {
    const data = await replayed('coinbase-2023-03-04');
    expect(await outagesOf(data)).toEqual([
      'BTC/USD 1h 17:00-21:00',
      'BTC/USD 1m 17:00-21:37',
      'BTC/USD 5m 17:00-21:35',
      'BTC/USDT 1h 17:00-21:00',
      'BTC/USDT 1m 17:00-21:42',
      'BTC/USDT 5m 17:00-21:40',
      'USDT/USD 1h 17:00-22:00',
      'USDT/USD 1m 17:00-22:00',
      'USDT/USD 5m 17:00-22:00',
    ]);
    await expectClean(data);
  });

  test('has the outage of Kraken on 16 March 2023, and the audit is clean', async () => {
    const data = await replayed('kraken-2023-03-16');
    expect(await outagesOf(data)).toEqual([
      'BTC/USD 1m 22:01-22:13',
      'BTC/USD 5m 22:05-22:10',
      'BTC/USDT 1m 22:01-22:13',
      'BTC/USDT 5m 22:05-22:10',
      'USDT/USD 1m 22:01-22:13',
      'USDT/USD 5m 22:05-22:10',
    ]);
    await expectClean(data);
    const listed = async (...args: readonly string[]): Promise<string> => (await tidemark(['gaps', '--data', data, ...args]).ended).stdout;
    expect(await listed('--reason', 'exchange_outage', '--limit', '1')).toMatch(
      /^exchange [^\n]+\nkraken +USDT\/USD +5m [^\n]+\nand 5 older ones; [^\n]+\n1m: 36 candles in 3 gaps: 36 exchange_outage\n5m: 3 candles in 3 gaps: 3 exchange_outage\n$/,
    );
    const window = ['--symbol', 'BTC/USD', '--from', '2023-03-16T22:06:00Z', '--to', '2023-03-16T22:07:00Z', '--json'] as const;
    expect((await listed(...window)).match(/"timeframe":"\w+"/g)).toEqual(['"timeframe":"1m"', '"timeframe":"5m"']);
    expect(await listed('--state', 'open')).toBe('no gaps but those whose candles came later (--all)\n');
  });

  test('has the outage of Binance on 24 March 2023; the flat rows that it served before stay stored, and the audit is clean', async () => {
    const data = await replayed('binance-2023-03-24');
    expect(await outagesOf(data)).toEqual(['BTC/USDT 1h 13:00-14:00', 'BTC/USDT 5m 12:40-14:00', 'ETH/USDT 5m 12:40-14:00']);
    const query =
      "SELECT count() FROM candles_5m FINAL WHERE symbol = 'BTC/USDT' AND volume = 0 AND timestamp >= '2023-03-24 11:30:00' AND timestamp < '2023-03-24 12:40:00'";
    const { stdout } = await tidemark(['sql', '--data', data, '--format', 'TSV', query]).ended;
    expect(Number(stdout)).toBeGreaterThan(10);
    await expectClean(data);
  });
});
