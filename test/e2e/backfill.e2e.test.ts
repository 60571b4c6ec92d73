import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { endCommands, ROOT, sql, temporaryFolder, tidemark, type RunningCommand } from './support/command.ts';
import { expectedCandles } from './support/recorded-truth.ts';
import { difference, NO_DIFFERENCE, storedCandles } from './support/stored.ts';

const OUTAGE = join(ROOT, 'recordings/outages/coinbase-2023-03-04');
const WINDOW = ['--from', '2023-03-04T15:00:00Z', '--to', '2023-03-04T23:00:00Z'] as const;
const MARKET = ['--exchange', 'coinbase', '--symbol', 'BTC/USD'] as const;

afterEach(endCommands);

async function recordedExchange(data: string): Promise<RunningCommand> {
  const exchange = tidemark(['exchange', '--data', data, '--recordings', OUTAGE, '--from', '2023-03-04T23:30:00Z', '--speed', '1']);
  await exchange.line(/coinbase +http:/);
  return exchange;
}

/** What the recording holds of the window, as comparable lines. */
function recordedCandles(): readonly string[] {
  const [fromMs, untilMs] = [Date.parse(WINDOW[1]), Date.parse(WINDOW[3])];
  return expectedCandles(OUTAGE, { fromMs: untilMs, untilMs, backfill: (untilMs - fromMs) / 60_000 }).get('coinbase BTC/USD 1m') ?? [];
}

describe('tidemark backfill beside a recorded exchange', () => {
  test('stores what the exchange has, explains its outage, and stores nothing twice when it runs again through tidemark store', async () => {
    const data = temporaryFolder();
    await recordedExchange(data);
    const first = await tidemark(['backfill', '--data', data, ...MARKET, ...WINDOW]).ended;
    expect([first.code, first.stderr]).toEqual([0, '']);
    const recorded = recordedCandles();
    expect(recorded.length).toBeGreaterThan(150);
    expect(first.stdout).toContain(`480 candles wanted: ${recorded.length} are stored, ${480 - recorded.length} explained, 0 missing\n`);
    expect(first.stdout).toMatch(/^ {2}exchange_outage {2}277$/m);
    expect(difference(recorded, await storedCandles(data))).toEqual(NO_DIFFERENCE);
    const marks = 'SELECT symbol, timeframe, toString(from_time), toString(complete_until) FROM watermarks';
    expect(await sql(data, marks)).toEqual([['BTC/USD', '1m', '2023-03-04 15:00:00.000', '2023-03-04 23:00:00.000']]);

    const store = tidemark(['store', '--data', data, '--store-port', '0']);
    await store.line(/^store at /);
    const again = await tidemark(['backfill', '--data', data, ...MARKET, ...WINDOW]).ended;
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(again.stdout).toContain(`0 stored now, ${recorded.length} already there, 0 changed, 0 rows refused, `);
    store.kill('SIGTERM');
    expect(await store.ended).toMatchObject({ code: 0, stderr: '' });
    const audit = await tidemark(['audit', '--data', data, '--json']).ended;
    expect(JSON.parse(audit.stdout)).toMatchObject({ clean: true, findings: [] });
  });

  test('refuses what is no window and no market, each in one line, with exit code 2', async () => {
    const data = temporaryFolder();
    const refusal = async (args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await tidemark(['backfill', '--data', data, ...args]).ended;
      expect(stderr).toMatch(/^tidemark: [^\n]+\n$/);
      expect([code, stdout.split('\n').filter((line) => line !== '' && !line.startsWith('backfill of'))]).toEqual([2, []]);
      return stderr;
    };
    const window = (from: string, to: string): readonly string[] => ['--from', `2023-03-04T${from}:00Z`, '--to', `2023-03-04T${to}:00Z`];
    expect(await refusal([...MARKET, ...WINDOW])).toMatch(/no recorded exchange runs for the data folder/);
    expect(await refusal([...MARKET, ...window('16:00', '15:00')])).toMatch(/--to "2023-03-04T15:00:00Z" is not behind --from/);
    expect(await refusal([...MARKET, '--timeframe', '5m', ...window('15:01', '16:00')])).toMatch(
      /--from "2023-03-04T15:01:00Z" is not on the grid of 5m/,
    );
    await recordedExchange(data);
    expect(await refusal(['--exchange', 'coinbase', '--symbol', 'ETH/USD', ...WINDOW])).toMatch(
      /--symbol "ETH\/USD" in 1m at coinbase is not in the recording, expected one of BTC\/USDT, BTC\/USD, USDT\/USD; correct it/,
    );
    expect(await refusal([...MARKET, '--from', '2023-03-04T22:00:00Z', '--to', '2023-03-05T12:00:00Z'])).toMatch(
      /--to "2023-03-05T12:00:00.000Z" is after the newest closed candle, expected at most 2023-03-04T23:\d\d:00/,
    );
  });
});

describe('tidemark backfill beyond what Kraken keeps of its candles', () => {
  const TRADES = join(ROOT, 'recordings/trades/kraken-2023-11');
  const [from, to] = ['2023-11-20T00:00:00Z', '2023-11-20T06:00:00Z'];

  test('makes them from its trades: equal to those that were recorded, and lost where the exchange leaves out a trade', async () => {
    const data = temporaryFolder();
    const exchange = tidemark(['exchange', '--data', data, '--recordings', TRADES, '--from', '2023-11-22T08:00:00Z', '--speed', '1']);
    await exchange.line(/kraken +http:/);
    const market = ['--exchange', 'kraken', '--symbol', 'BTC/USDT', '--from', from, '--to', to] as const;
    const { code, stdout, stderr } = await tidemark(['backfill', '--data', data, ...market]).ended;
    expect([code, stderr]).toEqual([0, '']);
    const recorded = gunzipSync(readFileSync(join(TRADES, 'klines/kraken_BTC-USDT_1m.csv.gz')))
      .toString()
      .split('\n')
      .filter((line) => Number(line.split(',')[0]) >= Date.parse(from) && Number(line.split(',')[0]) < Date.parse(to));
    expect(recorded).toHaveLength(203);
    expect(stdout).toContain("202 of those stored now are made from the exchange's public trades");
    const columns = ['open', 'high', 'low', 'close', 'volume'].map((name) => `toString(${name})`).join(', ');
    const stored = await sql(
      data,
      `SELECT toString(toUnixTimestamp64Milli(timestamp)), ${columns} FROM candles_1m FINAL ORDER BY timestamp`,
    );
    const lines = new Set(stored.map((row) => row.join(',')));
    expect(lines.size).toBe(202);
    const absent = recorded.filter((line) => !lines.has(line));
    expect(absent.map((line) => new Date(Number(line.split(',')[0])).toISOString())).toEqual(['2023-11-20T02:13:00.000Z']);
    const lost = await tidemark(['gaps', '--data', data, '--reason', 'retention_lost', '--json']).ended;
    expect(JSON.parse(lost.stdout)).toMatchObject({ from: '2023-11-20T02:13:00Z', candles: 1 });
    expect(lost.stdout).toContain('its trades were asked for, and lack 5517896');
    const audit = await tidemark(['audit', '--data', data, '--json']).ended;
    expect(JSON.parse(audit.stdout)).toMatchObject({ clean: true });
  });
});

test('tidemark backfill --live fills the past beside a running platform, which keeps it', { timeout: 180_000 }, async () => {
  const [recorded, data, config] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const exchange = tidemark(['exchange', '--data', recorded, '--now']);
  const url = / (http:\S+)/.exec(await exchange.line(/kraken +http:/))?.[1] ?? '';
  cpSync(join(ROOT, 'config'), config, { recursive: true });
  writeFileSync(
    join(config, 'exchanges.yaml'),
    `kraken:\n  rest_url: ${url}\n  ws_url: ${url.replace('http', 'ws')}\n  symbols:\n    - BTC/USD\n`,
  );
  const on = ['--data', data, '--config', config] as const;
  const platform = tidemark(['start', '--live', ...on, '--port', '0', '--store-port', '0']);
  await platform.line(/^ready: /);
  const hour = (ago: number): string => new Date(Math.floor(Date.now() / 3_600_000 - ago) * 3_600_000).toISOString().replace('.000Z', 'Z');
  // Older than what the platform has fetched by itself, and reaching into it.
  const window = ['--exchange', 'kraken', '--symbol', 'BTC/USD', '--from', hour(8), '--to', hour(2)] as const;
  const { code, stdout, stderr } = await tidemark(['backfill', '--live', ...on, ...window]).ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^360 candles wanted: 360 are stored, 0 explained, 0 missing$/m);
  const beganAt = async (): Promise<unknown> =>
    (await sql(data, "SELECT toString(from_time) FROM watermarks WHERE timeframe = '1m'"))[0]?.[0];
  const began = hour(8).replace('T', ' ').replace('Z', '.000');
  expect(await beganAt()).toBe(began);
  const audit = JSON.parse((await tidemark(['audit', ...on, '--json']).ended).stdout) as { findings: readonly { check: string }[] };
  // Indicator values that the longer past changes are computed again by the next ticks.
  expect(audit.findings.filter(({ check }) => check !== 'indicator')).toEqual([]);
  platform.kill('SIGTERM');
  expect((await platform.ended).code).toBe(0);
  expect(await beganAt()).toBe(began);
});
