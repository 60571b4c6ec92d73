import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  endCommands,
  npm,
  on,
  ROOT,
  runtimeOf,
  sql,
  startToEnd,
  storedTickMs,
  temporaryFolder,
  tidemark,
  until,
  type Ended,
  type RunningCommand,
} from './support/command.ts';
import { expectedCandles } from './support/recorded-truth.ts';
import { difference, NO_DIFFERENCE, storedCandles, storedCloses, storedIndicators, worstDifference } from './support/stored.ts';

const RECORDING = join(ROOT, 'recordings/other/btc-eth-2025-06');
const FROM = '2025-06-10T12:00:00Z';
const BACKFILL = 300;
const MINUTE_MS = 60_000;

afterEach(endCommands);

/** A replay that goes on for long enough to be disturbed. */
function startReplay(data: string, args: readonly string[] = []): RunningCommand {
  return tidemark(['start', ...on(data), '--recordings', RECORDING, ...args]);
}

/** Holds the store of a folder that nobody uses against the recording, up to the tick that state.json says is done. */
async function expectStoreIntact(data: string): Promise<void> {
  const untilMs = storedTickMs(data) ?? Number.NaN;
  const expected = [...expectedCandles(RECORDING, { fromMs: Date.parse(FROM), untilMs, backfill: BACKFILL }).values()].flat();
  const found = await storedCandles(data);
  const { missing, doubled } = difference(expected, found);
  expect({ missing, doubled }).toEqual({ missing: [], doubled: [] });
  // The tick in which it ended may have been stored and not noted: one more minute, never more.
  const next = [
    ...expectedCandles(RECORDING, { fromMs: Date.parse(FROM), untilMs: untilMs + MINUTE_MS, backfill: BACKFILL }).values(),
  ].flat();
  expect(difference(next, found).beside).toEqual([]);
}

describe('a signal ends the platform within five seconds, the store intact and released', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s in the middle of a replay', async (signal) => {
    const data = temporaryFolder();
    const platform = startReplay(data, ['--speed', 'max', '--json']);
    await platform.reaches('ten ticks', () => (storedTickMs(data) ?? 0) >= Date.parse(FROM) + 10 * MINUTE_MS);
    const { ended, tookMs } = await endWith(platform, signal);
    expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 0, signal: null });
    expect(tookMs).toBeLessThan(5000);
    expect(ended.stderr).toMatch(/\nstopped: \d+ ticks, .* 0 errors\n$/);
    expect(JSON.parse(ended.stdout)).toMatchObject({ mode: 'replay', errorCount: 0 });
    expect(existsSync(join(data, 'runtime.json'))).toBe(false);
    await expectStoreIntact(data);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s to npm', async (signal) => {
    const data = temporaryFolder();
    const platform = npm(['start', '--silent', '--', ...on(data), '--recordings', RECORDING, '--speed', '600']);
    await platform.line(/^ready: /);
    const { pid } = runtimeOf(data);
    const { tookMs } = await endWith(platform, signal);
    expect(tookMs).toBeLessThan(5000);
    await until('the platform to release the folder', () => !existsSync(join(data, 'runtime.json')));
    await until('the platform to end', () => !existsSync(`/proc/${pid}`));
    await expectStoreIntact(data);
  });

  test('SIGTERM before it has begun, and SIGINT twice during the start', async () => {
    const [early, twice] = [temporaryFolder(), temporaryFolder()];
    const first = startReplay(early);
    await first.reaches('the folder to be taken', () => existsSync(join(early, 'runtime.json')));
    expect((await endWith(first, 'SIGTERM')).tookMs).toBeLessThan(5000);
    expect((await first.ended).code).toBe(0);

    const second = startReplay(twice);
    await second.reaches('the folder to be taken', () => existsSync(join(twice, 'runtime.json')));
    second.kill('SIGINT');
    second.kill('SIGINT');
    const { code, signal, stderr } = await second.ended;
    expect([0, 130]).toContain(code);
    expect({ signal, stderr }).toEqual({ signal: null, stderr: '' });
    for (const data of [early, twice])
      expect((await startToEnd(data, ['--recordings', RECORDING, '--from', FROM, '--until', '2025-06-10T12:01:00Z'])).errorCount).toBe(0);
  });
});

async function endWith(command: RunningCommand, signal: NodeJS.Signals): Promise<{ readonly ended: Ended; readonly tookMs: number }> {
  const startedAt = performance.now();
  command.kill(signal);
  const ended = await command.ended;
  return { ended, tookMs: performance.now() - startedAt };
}

test('kill -9 at any moment loses and doubles nothing: the next start goes on where the last one was', { timeout: 180_000 }, async () => {
  const data = temporaryFolder();
  const end = '2025-06-10T13:15:00Z';
  const tickReached = (minutes: number) => () => (storedTickMs(data) ?? 0) >= Date.parse(FROM) + minutes * MINUTE_MS;
  const moments: readonly { readonly what: string; readonly comes: (platform: RunningCommand) => Promise<unknown> }[] = [
    { what: 'the store is made', comes: (platform) => platform.reaches('a store', () => existsSync(join(data, 'store'))) },
    { what: 'the backfill begins', comes: (platform) => platform.line(/^ {2}store /) },
    { what: 'the backfill is stored', comes: (platform) => platform.line(/^computing indicators/) },
    { what: 'the catch-up is done', comes: (platform) => platform.line(/^ready: /) },
    ...[4, 11, 23, 24, 37].map((minutes) => ({
      what: `tick ${minutes} is done`,
      comes: (platform: RunningCommand) => platform.reaches(`tick ${minutes}`, tickReached(minutes)),
    })),
  ];
  for (const { what, comes } of moments) {
    const before = storedTickMs(data);
    // Only what has never got as far as its first tick needs to be told from where.
    const platform = startReplay(data, ['--speed', 'max', '--until', end, ...(before === undefined ? ['--from', FROM] : [])]);
    await comes(platform);
    platform.kill('SIGKILL');
    expect({ what, signal: (await platform.ended).signal }).toEqual({ what, signal: 'SIGKILL' });
    expect(storedTickMs(data) ?? 0, what).toBeGreaterThanOrEqual(before ?? 0);
  }
  const reached = storedTickMs(data) ?? Number.NaN;
  expect(reached).toBeLessThan(Date.parse(end));
  const report = await startToEnd(data, ['--recordings', RECORDING, '--until', end]);
  expect(report).toMatchObject({ ticks: (Date.parse(end) - reached) / MINUTE_MS, lastTick: end, errorCount: 0, gaps: [] });

  const quiet = temporaryFolder();
  await startToEnd(quiet, ['--recordings', RECORDING, '--from', FROM, '--until', end]);
  const expected = [
    ...expectedCandles(RECORDING, { fromMs: Date.parse(FROM), untilMs: Date.parse(end), backfill: BACKFILL }).values(),
  ].flat();
  expect(difference(expected, await storedCandles(data))).toEqual(NO_DIFFERENCE);
  const [disturbed, undisturbed] = [await storedIndicators(data), await storedIndicators(quiet)];
  expect(disturbed.doubled).toEqual([]);
  expect(difference([...undisturbed.values.keys()], [...disturbed.values.keys()])).toEqual(NO_DIFFERENCE);
  expect(worstDifference(disturbed.values, undisturbed.values, await storedCloses(data)).scaledError).toBeLessThanOrEqual(1e-10);
});

describe('a data folder and ports have one owner', () => {
  test('a second start on a held folder, and on held ports, is refused with who holds them; sql works meanwhile and after', async () => {
    const data = temporaryFolder();
    const platform = startReplay(data, ['--speed', '60']);
    await platform.line(/^ready: /);
    const { pid, pagePort, storePort } = runtimeOf(data);
    expect(pid).toBe(platform.pid);

    const [held, page, store, alone] = await Promise.all([
      refused(['start', ...on(data), '--recordings', RECORDING]),
      refused(['start', '--data', temporaryFolder(), '--recordings', RECORDING, '--port', String(pagePort), '--store-port', '0']),
      refused(['start', '--data', temporaryFolder(), '--recordings', RECORDING, '--port', '0', '--store-port', String(storePort)]),
      refused(['sync', '--data', data]),
    ]);
    expect(held).toMatch(
      new RegExp(
        `^tidemark: the data folder "${data}" is held by process ${pid} \\(tidemark start\\) \\(its page: http://127\\.0\\.0\\.1:${pagePort}\\); stop that process, or choose another folder with --data DIR\n$`,
      ),
    );
    expect(page).toMatch(new RegExp(`^tidemark: [^\n]*\\b${pagePort}\\b[^\n]*--port[^\n]*\n$`));
    expect(store).toMatch(new RegExp(`^tidemark: [^\n]*\\b${storePort}\\b[^\n]*--store-port[^\n]*\n$`));
    expect(alone).toMatch(/^tidemark: [^\n]+\n$/);

    expect(await sql(data, 'SELECT count() >= 600 FROM candles_1m')).toEqual([['1']]);
    expect(await refused(['sql', '--data', data, 'DROP TABLE candles_1m'])).toMatch(
      /^tidemark: the store refused the statement: Code: 164\. [^\n]*\(READONLY\)[^\n]*\n$/,
    );
    const { ended } = await endWith(platform, 'SIGTERM');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).not.toContain('\u001B');
    expect(ended.stdout).not.toContain('\r');
    expect(ended.stdout).toMatch(/^6 of 6 series fetched$/m);

    expect(await sql(data, 'SELECT count() >= 600 FROM candles_1m')).toEqual([['1']]);
    expect(await refused(['sql', '--data', data, 'INSERT INTO candles_1m SELECT * FROM candles_1m'])).toMatch(
      /^tidemark: the store refused the statement: Code: 164\. [^\n]*\n$/,
    );
    const table = await tidemark(['sql', '--data', data, 'SELECT exchange, count() AS candles FROM candles_1h GROUP BY exchange']).ended;
    expect(table.stdout).toMatch(/┌─exchange─┬─candles─┐\n.*│ binance {2}│ +\d+ │\n +└/s);
  });

  test('--fresh, --from and the kind of data decide whether an old folder can be used', async () => {
    const data = temporaryFolder();
    await startToEnd(data, ['--recordings', RECORDING, '--from', '2025-06-10T14:00:00Z', '--until', '2025-06-10T14:02:00Z']);
    const other = join(ROOT, 'recordings/outages/binance-2023-03-24');
    const [earlier, another, live, back] = await Promise.all([
      refused(['start', ...on(data), '--recordings', RECORDING, '--from', '2025-06-10T13:59:00Z']),
      refused([
        'start',
        ...on(temporaryFolder()),
        '--recordings',
        RECORDING,
        '--from',
        '2025-06-10T14:00:00Z',
        '--until',
        '2025-06-10T13:59:00Z',
      ]),
      refused(['start', ...on(temporaryFolder()), '--recordings', join(ROOT, 'recordings/none')]),
      refused(['start', ...on(temporaryFolder()), '--recordings', RECORDING, '--until', '2025-06-10T11:59:00Z']),
    ]);
    expect(earlier).toMatch(
      /^tidemark: --from "2025-06-10T13:59:00Z" is before the start of the stored replay \("2025-06-10T14:00:00Z"\).*add --fresh to begin anew\n$/,
    );
    expect(another).toMatch(/^tidemark: --until "2025-06-10T13:59:00Z" is before --from "2025-06-10T14:00:00Z"[^\n]*\n$/);
    expect(live).toMatch(/^tidemark: .*recordings\/none\/recording\.yaml cannot be read \(ENOENT\)[^\n]*\n$/);
    expect(back).toMatch(/^tidemark: --until "2025-06-10T11:59:00Z" is before the start "2025-06-10T12:00:00Z"[^\n]*\n$/);
    expect(await refused(['start', ...on(data), '--recordings', other])).toMatch(
      /^tidemark: the data folder holds a replay of "binance-2025-06", expected "binance-outage-2023-03-24"; [^\n]*--data DIR[^\n]*--fresh\n$/,
    );
    expect(await refused(['start', ...on(data), '--live'])).toMatch(
      /^tidemark: the data folder holds a replay of "binance-2025-06", expected live data or none; [^\n]*--data DIR[^\n]*--fresh\n$/,
    );

    const again = await startToEnd(data, ['--recordings', RECORDING, '--until', '2025-06-10T14:02:00Z']);
    expect(again).toMatchObject({ ticks: 0, candlesStored: {}, errorCount: 0 });
    const fresh = await startToEnd(data, [
      '--recordings',
      RECORDING,
      '--from',
      '2025-06-10T12:00:00Z',
      '--until',
      '2025-06-10T12:01:00Z',
      '--fresh',
    ]);
    expect(fresh).toMatchObject({ ticks: 2, lastTick: '2025-06-10T12:01:00Z' });
    expect(await sql(data, 'SELECT max(timestamp) FROM candles_1m')).toEqual([['2025-06-10 12:00:00.000']]);
  });
});

async function refused(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tidemark(args).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  return stderr;
}

test('--live without a network ends at once with exit code 1 and one clear line', async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;
  const venues = ['BINANCE', 'BINANCEUS', 'COINBASE', 'KRAKEN'];
  const configured = new Set(
    readFileSync(join(ROOT, 'config/exchanges.yaml'), 'utf8')
      .match(/^\w+/gm)
      ?.map((name) => name.toUpperCase()),
  );
  const environment = Object.fromEntries(
    venues.filter((venue) => configured.has(venue)).map((venue) => [`TIDEMARK_EXCHANGES__${venue}__REST_URL`, url]),
  );
  const data = temporaryFolder();
  const startedAt = performance.now();
  const { code, stdout, stderr } = await tidemark(['start', '--live', ...on(data)], { environment }).ended;
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  expect(code).toBe(1);
  expect(stdout.split('\n').filter((line) => /reached/.test(line))).toEqual([
    expect.stringMatching(/^No exchange can be reached: .*Check the network and start again; without one, run recorded data: npm start$/),
  ]);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(existsSync(join(data, 'runtime.json'))).toBe(false);
});

/** A port at which nobody listens: it was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}

test('at the end of a recording the page stays up and says so, until a signal', async () => {
  const data = temporaryFolder();
  const platform = startReplay(data, ['--speed', 'max', '--from', '2025-06-11T23:58:00Z', '--json']);
  const status = async (): Promise<{ phase: string; problems: readonly string[] }> =>
    (await (await fetch(`http://127.0.0.1:${runtimeOf(data).pagePort}/api/status`)).json()) as {
      phase: string;
      problems: readonly string[];
    };
  await platform.reaches('a page', () => existsSync(join(data, 'runtime.json')) && runtimeOf(data).pagePort > 0);
  await platform.reaches('the phase', async () => (await status()).phase === 'recording ended');
  expect((await fetch(`http://127.0.0.1:${runtimeOf(data).pagePort}/`)).status).toBe(200);
  const { ended } = await endWith(platform, 'SIGTERM');
  expect(ended.code).toBe(0);
  expect(ended.stderr).toMatch(/^The recording has ended\. The page stays up; Ctrl-C ends it, npm start -- --fresh begins anew\.$/m);
  expect(JSON.parse(ended.stdout)).toMatchObject({ ticks: 3, lastTick: '2025-06-12T00:00:00Z', errorCount: 0 });
});
