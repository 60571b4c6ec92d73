import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { endCommands, on, ROOT, runtimeOf, startToEnd, temporaryFolder, tidemark, type Report } from './support/command.ts';
import { makeRecording } from './support/made-recording.ts';
import { expectedCandles, manifestOf, STEP_MS } from './support/recorded-truth.ts';
import { difference, NO_DIFFERENCE, storedCandles, storedCloses, storedIndicators, worstDifference } from './support/stored.ts';

// The platform is run as a user runs it; what must be in the store is worked out from the recording's files by the test's own code.

const MINUTE_MS = 60_000;
const BACKFILL = 300;

afterEach(endCommands);

type Replay = { readonly folder: string; readonly from: string; readonly until: string };

/** Runs the replay and holds the store against the files. */
async function expectStoreEqualsRecording(data: string, { folder, from, until }: Replay): Promise<Report> {
  const report = await startToEnd(data, ['--from', from, '--until', until, '--fresh', '--recordings', folder]);
  const expected = expectedCandles(folder, { fromMs: Date.parse(from), untilMs: Date.parse(until), backfill: BACKFILL });
  expect(difference([...expected.values()].flat(), await storedCandles(data))).toEqual(NO_DIFFERENCE);
  expect(report.candlesStored).toEqual(Object.fromEntries([...expected].map(([key, lines]) => [key, lines.length])));
  expect(report).toMatchObject({
    mode: 'replay',
    recording: manifestOf(folder).name,
    ticks: (Date.parse(until) - Date.parse(from)) / MINUTE_MS + 1,
    lastTick: until,
    candlesChanged: 0,
    rowsRefused: 0,
    errorCount: 0,
    errors: [],
  });
  expect(gapsThatAreThere(report, expected)).toEqual([]);
  return report;
}

/** Open times that the report calls missing although the venue served them. */
function gapsThatAreThere({ gaps }: Report, expected: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return gaps.flatMap(({ series, first, last, candles }) => {
    const stepMs = STEP_MS[series.slice(series.lastIndexOf(' ') + 1)] ?? Number.NaN;
    const times = Array.from({ length: candles }, (_, index) => new Date(Date.parse(first) + index * stepMs).toISOString());
    expect(times.at(-1)).toBe(last.replace('Z', '.000Z'));
    const served = new Set(expected.get(series)?.map((line) => line.slice(0, `${series} ${times[0]}`.length)));
    return times.map((time) => `${series} ${time}`).filter((start) => served.has(start));
  });
}

/** Forgets all indicator values, as an operator does who has changed nothing but wants them anew. */
async function removeIndicators(data: string): Promise<void> {
  const store = tidemark(['store', '--data', data, '--store-port', '0']);
  await store.line(/^store at /);
  const { storePort, writerPassword } = runtimeOf(data);
  const headers = { 'X-ClickHouse-User': 'writer', 'X-ClickHouse-Key': writerPassword };
  const response = await fetch(`http://127.0.0.1:${storePort}/`, { method: 'POST', headers, body: 'TRUNCATE TABLE indicators' });
  expect(await response.text()).toBe('');
  expect(response.status).toBe(200);
  store.kill('SIGTERM');
  expect((await store.ended).code).toBe(0);
  expect((await storedIndicators(data)).values.size).toBe(0);
}

/** Forgets the values of a replay up to `until` and lets a catch-up write them again, a minute later. */
async function expectCatchUpWritesTheSame(
  data: string,
  { folder, until }: Replay,
  { isExact, environment = {} }: { readonly isExact: boolean; readonly environment?: Readonly<Record<string, string>> },
): Promise<void> {
  const byTick = await storedIndicators(data);
  expect(byTick.doubled).toEqual([]);
  await removeIndicators(data);
  const later = new Date(Date.parse(until) + MINUTE_MS).toISOString();
  expect((await startToEnd(data, ['--until', later, '--recordings', folder], { environment })).ticks).toBe(1);
  const byCatchUp = await storedIndicators(data);
  const older = [...byCatchUp.values.keys()].filter((key) => openTimeOf(key) + stepOf(key) <= Date.parse(until));
  expect(difference([...byTick.values.keys()], older)).toEqual(NO_DIFFERENCE);
  const worst = worstDifference(byTick.values, byCatchUp.values, await storedCloses(data));
  console.log(
    `${byTick.values.size} values by tick and by catch-up differ by at most ${worst.scaledError.toExponential(2)} of scale (${worst.key})`,
  );
  expect(worst.scaledError).toBeLessThanOrEqual(1e-10);
  // Where history is longer than what a tick reads, equality to the last bit would mean that nothing was computed anew.
  if (!isExact) expect(worst.scaledError).toBeGreaterThan(0);
}

describe('a replay of the default recording', () => {
  test(
    'stores every closed candle that was served, exactly once and exactly equal, and values by tick equal those of catch-up',
    { timeout: 240_000 },
    async () => {
      const data = temporaryFolder();
      const replay = { folder: join(ROOT, 'recordings'), from: '2023-03-11T00:00:00Z', until: '2023-03-11T06:00:00Z' };
      const report = await expectStoreEqualsRecording(data, replay);
      expect(report.ticks).toBe(361);
      expect((await storedIndicators(data)).values.size).toBe(report.indicatorsWritten);
      await expectCatchUpWritesTheSame(data, replay, { isExact: true });
    },
  );

  test('values by tick equal those of catch-up over a history that is longer than what a tick reads', async () => {
    const data = temporaryFolder();
    const replay = { folder: join(ROOT, 'recordings/other/btc-eth-2025-06'), from: '2025-06-10T13:00:00Z', until: '2025-06-10T13:25:00Z' };
    const environment = { TIDEMARK_SYNC__BACKFILL_LIMIT: '750' };
    await startToEnd(data, ['--from', replay.from, '--until', replay.until, '--recordings', replay.folder], { environment });
    await expectCatchUpWritesTheSame(data, replay, { isExact: false, environment });
  });
});

function openTimeOf(key: string): number {
  return Number(key.split(' ').at(-2));
}

function stepOf(key: string): number {
  return STEP_MS[key.split(' ')[2] ?? ''] ?? Number.NaN;
}

describe('a replay of another folder', () => {
  test.each([
    { folder: 'other/btc-eth-2025-06', from: '2025-06-10T12:00:00Z', until: '2025-06-10T13:07:00Z' },
    { folder: 'outages/coinbase-2023-03-04', from: '2023-03-04T20:30:00Z', until: '2023-03-04T22:05:00Z' },
    { folder: 'outages/kraken-2023-03-16', from: '2023-03-16T21:40:00Z', until: '2023-03-16T22:32:00Z' },
    { folder: 'outages/binance-2023-03-24', from: '2023-03-24T12:30:00Z', until: '2023-03-24T14:10:00Z' },
  ])('stores what $folder served, nothing of an outage and everything after it', async ({ folder, from, until }) => {
    await expectStoreEqualsRecording(temporaryFolder(), { folder: join(ROOT, 'recordings', folder), from, until });
  });

  test('stores what a folder served that the test has made: other symbols, columns and outages', async () => {
    const folder = join(temporaryFolder(), 'made');
    mkdirSync(folder);
    makeRecording(folder);
    await expectStoreEqualsRecording(temporaryFolder(), { folder, from: '2024-02-29T10:00:00Z', until: '2024-02-29T10:41:00Z' });
  });

  test('ends its listed outages with what they say: the made folder serves nothing inside and everything beside', () => {
    const folder = join(temporaryFolder(), 'made');
    mkdirSync(folder);
    makeRecording(folder);
    const window = { fromMs: Date.parse('2024-02-29T10:00:00Z'), untilMs: Date.parse('2024-02-29T11:00:00Z'), backfill: 0 };
    const minutes = expectedCandles(folder, window).get('kraken DOGE/USD 1m') ?? [];
    expect(minutes).toHaveLength(60 - 13);
    expect(minutes.filter((line) => /T10:(2\d|3[0-2])/.test(line))).toEqual([]);
  });
});

test('the options of a start are read as they stand: a folder without a run has no store to ask', async () => {
  const { code, stderr } = await tidemark(['sql', ...on(temporaryFolder()).slice(0, 2), 'SELECT 1']).ended;
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(/^tidemark: the data folder ".*" holds no store yet, expected one; .*\n$/),
  });
});
