import { globSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { endCommands, ROOT, sql, temporaryFolder, tidemark } from './support/command.ts';

const RECORDING = join(ROOT, 'recordings/other/btc-eth-2025-06');
const TRADES = join(ROOT, 'recordings/trades/binance-2024-08-08');

afterEach(endCommands);

const archived = (data: string): string[] => globSync('archive/trades/**/*.ndjson.zst', { cwd: data });

/** Minutes that the stream has seen whole, beside the exchange's candle: how many, and how many differ. */
async function witnessed(data: string): Promise<{ readonly minutes: number; readonly different: number }> {
  const [row] = await sql(
    data,
    `SELECT count(), countIf((t.open, t.high, t.low, t.close, t.volume) != (c.open, c.high, c.low, c.close, c.volume))
     FROM trade_minutes AS t INNER JOIN candles_1m AS c USING (exchange, symbol, timestamp) WHERE t.is_complete`,
  );
  return { minutes: Number(row?.[0]), different: Number(row?.[1]) };
}

describe('the platform with live trades', () => {
  test('witnesses minutes that equal the candles, archives the trades, and rebuilds the candles from them', async () => {
    const data = temporaryFolder();
    const args = ['start', '--data', data, '--recordings', RECORDING, '--from', '2025-06-10T12:00:00Z', '--until', '2025-06-10T12:10:00Z'];
    const { code, stdout, stderr } = await tidemark([...args, '--speed', '60', '--port', '0', '--store-port', '0']).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}live {3}trades of 2 markets, all made up from recorded candles \(synthetic\)$/m);
    const { minutes, different } = await witnessed(data);
    expect([minutes > 8, different]).toEqual([true, 0]);
    expect(archived(data).length).toBeGreaterThan(0);
    const rebuild = ['rebuild', '--data', data, '--exchange', 'binance', '--symbol', 'BTC/USDT', '--compare'];
    const compared = await tidemark([...rebuild, '--from', '2025-06-10T12:02:00Z', '--until', '2025-06-10T12:09:00Z']).ended;
    expect(compared.stderr).toMatch(/^7 candles from [1-9]\d+ trades \(0 further copies left out\)/);
    expect(compared.code).toBe(0);
  });

  test('says that there are no live prices at full speed', async () => {
    const data = temporaryFolder();
    const args = ['start', '--data', data, '--recordings', RECORDING, '--from', '2025-06-10T12:00:00Z', '--until', '2025-06-10T12:02:00Z'];
    const { code, stdout } = await tidemark([...args, '--speed', 'max', '--port', '0', '--store-port', '0']).ended;
    expect([code, archived(data)]).toEqual([0, []]);
    expect(stdout).toMatch(/^ {2}live {3}no live prices at --speed max; give a number to see them$/m);
  });
});

describe('the collector alone', () => {
  test('collects the recorded trades of another process, and ends by itself', async () => {
    const data = temporaryFolder();
    const exchange = tidemark(['exchange', '--data', data, '--recordings', TRADES, '--speed', '5']);
    await exchange.line(/binance +http/);
    const { code, stdout, stderr } = await tidemark(['collect', '--data', data, '--seconds', '8']).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^collecting trades of 2 markets \(task 1 of 1\) from 2024-08-08T23:5\d:/);
    expect(stdout).toMatch(
      /^done: [1-9][\d,]* trades, [1-9][\d,]* prices written, 0 gaps \(0 of 0 missing trades fetched\), \d+ suspicious, 0 refused$/m,
    );
    expect(archived(data).length).toBeGreaterThan(0);
    const [row] = await sql(data, 'SELECT count(), countIf(is_synthetic) FROM trade_minutes');
    expect(row?.[1]).toBe('0');
  });

  test('hands over what it holds when it is stopped', async () => {
    const data = temporaryFolder();
    const exchange = tidemark(['exchange', '--data', data, '--recordings', TRADES, '--speed', '5']);
    await exchange.line(/binance +http/);
    // However long it was asked to go on.
    const collect = tidemark(['collect', '--data', data, '--seconds', '600']);
    await collect.line(/ [1-9][\d,]* trades, /);
    collect.kill('SIGTERM');
    const { code, signal, stdout } = await collect.ended;
    expect([code, signal]).toEqual([0, null]);
    expect(stdout).toMatch(/^stopped: [1-9][\d,]* trades, /m);
    expect(archived(data).length).toBeGreaterThan(0);
  });

  test('says what is missing, and when it reaches nobody', async () => {
    const data = temporaryFolder();
    const { code, stderr } = await tidemark(['collect', '--data', data]).ended;
    expect([code, stderr]).toEqual([
      2,
      `tidemark: no recorded exchange runs for the data folder "${data}", expected one; start "tidemark exchange" in another terminal, or use --live\n`,
    ]);
    const nobody = {
      TIDEMARK_EXCHANGES__BINANCE__ENABLED: 'false',
      TIDEMARK_EXCHANGES__COINBASE__ENABLED: 'false',
      TIDEMARK_EXCHANGES__KRAKEN__WS_URL: 'ws://127.0.0.1:9',
    };
    const unreached = await tidemark(['collect', '--data', data, '--live', '--seconds', '2', '--log-level', 'error'], {
      environment: nobody,
    }).ended;
    expect([unreached.code, unreached.stderr]).toEqual([1, '']);
    expect(unreached.stdout).toMatch(/^No exchange could be reached\. Check the network; the log \(stderr\) says what went wrong\.$/m);
  });
});
