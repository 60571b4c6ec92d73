import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { endCommands, ROOT, sql, temporaryFolder, tidemark } from './support/command.ts';
import { expectedCandles } from './support/recorded-truth.ts';
import { difference, storedCandles, storedIndicators } from './support/stored.ts';

const RECORDING = join(ROOT, 'recordings/other/btc-eth-2025-06');
const FROM = '2025-06-10T12:00:00Z';

afterEach(endCommands);

async function refused(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tidemark(args).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^tidemark: [^\n]+\n$/);
  return stderr;
}

describe('exchange, store, sync and indicators in four processes on one data folder', () => {
  test('deliver candles that equal the recording, and their indicator values', async () => {
    const data = temporaryFolder();
    const exchange = tidemark(['exchange', '--data', data, '--recordings', RECORDING, '--from', FROM, '--speed', '120']);
    const store = tidemark(['store', '--data', data, '--store-port', '0']);
    await Promise.all([exchange.line(/binance +http:\/\/127\.0\.0\.1:\d+$/), store.line(/^store at http:\/\/127\.0\.0\.1:\d+/)]);
    const sync = tidemark(['sync', '--data', data, '--log-level', 'warn']);
    await sync.line(/^sync of binance from 2025-06-10T12:/);
    await sync.reaches('candles', async () => Number((await sql(data, 'SELECT count() FROM candles_1m'))[0]?.[0]) > 600);
    const indicators = tidemark(['indicators', '--data', data]);
    await indicators.line(/^indicators of binance from /);
    await indicators.reaches(
      'values of every series',
      async () => Number((await sql(data, 'SELECT count(DISTINCT (symbol, timeframe)) FROM indicators'))[0]?.[0]) === 6,
    );

    expect(await refused(['start', '--data', data, '--recordings', RECORDING, '--port', '0'])).toMatch(
      /is held by process \d+ \(tidemark store\)/,
    );
    expect(await refused(['exchange', '--data', data, '--recordings', RECORDING])).toMatch(
      /a recorded exchange already runs for the data folder .* \(process \d+\); stop it, or choose another folder with --data DIR/,
    );
    expect(await refused(['store', '--data', data])).toMatch(/is held by process \d+ \(tidemark store\)/);

    // In the order of who needs whom: a service that ends has nothing left to complain about.
    for (const service of [indicators, sync, store, exchange]) {
      service.kill('SIGTERM');
      expect(await service.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    }
    expect(existsSync(join(data, 'runtime.json')) || existsSync(join(data, 'exchange.json'))).toBe(false);

    const found = await storedCandles(data);
    const newestMs = Number((await sql(data, 'SELECT toUnixTimestamp64Milli(max(timestamp)) + 60000 FROM candles_1m'))[0]?.[0]);
    const firstTickMs = Number((await sql(data, 'SELECT toUnixTimestamp64Milli(min(timestamp)) + 300 * 60000 FROM candles_1m'))[0]?.[0]);
    expect(firstTickMs).toBeGreaterThanOrEqual(Date.parse(FROM));
    const expected = [...expectedCandles(RECORDING, { fromMs: firstTickMs, untilMs: newestMs, backfill: 300 }).values()].flat();
    expect(difference(expected, found)).toEqual({ missing: [], beside: [], doubled: [] });
    const { values, doubled } = await storedIndicators(data);
    expect(doubled).toEqual([]);
    expect(new Set([...values.keys()].map((key) => key.split(' ').at(-1)))).toEqual(
      new Set(['SMA_20', 'SMA_50', 'EMA_12', 'EMA_26', 'RSI_14', 'MACD', 'MACD_signal', 'MACD_histogram', 'STOCH_k', 'STOCH_d']),
    );
  });

  test('--once runs one tick and ends', async () => {
    const data = temporaryFolder();
    const exchange = tidemark(['exchange', '--data', data, '--recordings', RECORDING, '--from', FROM, '--speed', '60']);
    const store = tidemark(['store', '--data', data, '--store-port', '0']);
    await Promise.all([exchange.line(/binance +http/), store.line(/^store at /)]);
    const sync = await tidemark(['sync', '--data', data, '--once']).ended;
    expect(sync).toMatchObject({ code: 0, stderr: '' });
    expect(sync.stdout).toMatch(/^done: 1 ticks, 1,4\d\d candles stored, 0 indicator values, 0 errors$/m);
    const indicators = await tidemark(['indicators', '--data', data, '--once']).ended;
    expect(indicators).toMatchObject({ code: 0, stderr: '' });
    expect(indicators.stdout).toMatch(/^done: 1 ticks, 0 candles stored, [1-9][\d,]* indicator values, 0 errors$/m);
  });

  test('a service whose partners are missing says which one, and what to start', async () => {
    const data = temporaryFolder();
    const noExchange = await refused(['sync', '--data', data]);
    expect(noExchange).toMatch(
      new RegExp(
        `no recorded exchange runs for the data folder "${data}", expected one; start "tidemark exchange" in another terminal, or use --live`,
      ),
    );
    const exchange = tidemark(['exchange', '--data', data, '--recordings', RECORDING, '--from', FROM]);
    await exchange.line(/binance +http/);
    for (const service of ['sync', 'indicators']) {
      expect(await refused([service, '--data', data])).toMatch(
        new RegExp(`no store runs for the data folder "${data}", expected one; start "tidemark store" in another terminal`),
      );
    }
  });
});
