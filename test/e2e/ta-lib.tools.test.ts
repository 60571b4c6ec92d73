import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { endCommands, ROOT, run, startToEnd, temporaryFolder, tidemark } from './support/command.ts';

afterEach(endCommands);

const INSTALL = 'python3 -m venv .venv && .venv/bin/pip install -r test/e2e/requirements.txt';

/** The interpreter that has TA-Lib. Throws, rather than skips, when there is none. */
function python(): string {
  const named = process.env['TA_LIB_PYTHON'];
  const interpreter = named ?? join(ROOT, '.venv/bin/python');
  if (!existsSync(interpreter))
    throw new Error(
      `no Python at ${interpreter}: indicators cannot be compared with TA-Lib; install it (${INSTALL}), or name another interpreter in TA_LIB_PYTHON`,
    );
  return interpreter;
}

const CANDLES = ['1m', '5m', '1h']
  .map(
    (timeframe) =>
      `SELECT concat(exchange, ' ', symbol, ' ${timeframe}') AS series, '${timeframe}' AS timeframe, toUnixTimestamp64Milli(timestamp) AS open_time, high, low, close FROM candles_${timeframe}`,
  )
  .join(' UNION ALL ');
const INDICATORS =
  "SELECT concat(exchange, ' ', symbol, ' ', timeframe) AS series, toUnixTimestamp64Milli(timestamp) AS open_time, indicator_name AS name, value FROM indicators";

async function exportCsv(data: string, query: string, file: string): Promise<void> {
  const { code, stdout, stderr } = await tidemark(['sql', '--data', data, '--format', 'CSVWithNames', query]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  writeFileSync(file, stdout);
}

type Comparison = {
  readonly series: number;
  readonly candles: number;
  readonly compared: number;
  readonly max_scaled_error: number;
  readonly different: unknown;
  readonly missing: unknown;
  readonly beside: unknown;
};

async function compareWithTaLib(data: string): Promise<Comparison> {
  const [candles, indicators] = [join(data, 'candles.csv'), join(data, 'indicators.csv')];
  await exportCsv(data, CANDLES, candles);
  await exportCsv(data, INDICATORS, indicators);
  const { stdout, stderr } = await run(python(), [join(ROOT, 'tools/compare-with-ta-lib.py'), candles, indicators], {}).ended;
  if (stdout === '') throw new Error(`TA-Lib cannot be asked: ${stderr}\ninstall it (${INSTALL})`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Comparison;
}

describe('the indicator values of a replay equal those of the real TA-Lib over the same stored candles', () => {
  test.each([
    { folder: '.', from: '2023-03-11T00:00:00Z', until: '2023-03-11T06:00:00Z', series: 33 },
    { folder: 'other/btc-eth-2025-06', from: '2025-06-10T12:00:00Z', until: '2025-06-10T14:00:00Z', series: 6 },
    { folder: 'outages/coinbase-2023-03-04', from: '2023-03-04T16:50:00Z', until: '2023-03-04T22:40:00Z', series: 9 },
  ])('$folder', { timeout: 240_000 }, async ({ folder, from, until, series }) => {
    const data = temporaryFolder();
    const report = await startToEnd(data, ['--recordings', join(ROOT, 'recordings', folder), '--from', from, '--until', until]);
    const comparison = await compareWithTaLib(data);
    console.log(
      `${folder}: ${comparison.compared} values of ${comparison.candles} candles in ${comparison.series} series; largest difference ${comparison.max_scaled_error} of scale`,
    );
    expect(comparison).toMatchObject({
      series,
      candles: Object.values(report.candlesStored).reduce((sum, count) => sum + count, 0),
      different: [],
      missing: [],
      beside: [],
    });
    expect(comparison.max_scaled_error).toBeLessThanOrEqual(1e-9);
    expect(comparison.compared).toBeGreaterThan(comparison.candles * 8);
  });
});
