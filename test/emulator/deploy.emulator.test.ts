import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tickMessage } from '#core/scheduled-tick.ts';
import { call } from '../../tools/emulator/call.ts';
import { endCommands, ROOT, run, startToEnd, temporaryFolder, tidemark, type RunningCommand } from '../e2e/support/command.ts';
import { expectedCandles, manifestOf } from '../e2e/support/recorded-truth.ts';
import { difference, NO_DIFFERENCE, storedCandles, storedCloses, storedIndicators, worstDifference } from '../e2e/support/stored.ts';
import { listeningAddresses, parseLogs, processTree, ticksOf, type LoggedLine } from './deployed.ts';
import { commandsOf } from './documented-commands.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const RECORDING = join(ROOT, 'recordings');
const NO_TICK = 'a message is not a tick and is dropped';
const EXCHANGES = ['binanceus', 'coinbase', 'kraken'];
const DOCUMENTED = commandsOf('docs/deploy.md', 'On an emulator');

// A clone of its own: the code is changed in it, and another emulator of this folder may be running.
const project = mkdtempSync(join(tmpdir(), 'tidemark-emulator-'));
const data = join(project, '.tidemark/emulator');
const used: string[] = [];
let port = 0;

/** A command of the documentation, word for word. */
function documented(command: string): RunningCommand {
  expect(DOCUMENTED).toContain(command);
  used.push(command);
  return inProject(command);
}

function inProject(command: string): RunningCommand {
  return run('bash', ['-c', command], { cwd: project, environment: { EMULATOR_PORT: String(port) } });
}

async function good(command: RunningCommand): Promise<string> {
  const { code, stdout, stderr } = await command.ended;
  expect({ code, stderr: code === 0 ? '' : `${stdout}\n${stderr}` }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function logs(service: string): Promise<readonly LoggedLine[]> {
  return parseLogs(await good(inProject(`npm run -s logs -- --service ${service} --json --level debug --since 20`)));
}

/** Asks every second, for as long as the test may take. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => void setTimeout(resolve, 1000));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => void server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : Number.NaN;
}

function deployedEnvironment(): Record<string, string> {
  return parseEnv(readFileSync(join(project, '.env.deployed'), 'utf8')) as Record<string, string>;
}

/** By how much later than recorded everything happens: whole hours, so that the recording's start is less than an hour ago. */
function shiftOfRecording(): number {
  const { replay } = JSON.parse(readFileSync(join(data, 'exchange.json'), 'utf8')) as { replay: { startedAtMs: number } };
  const { from } = (manifestOf(RECORDING) as unknown as { replay: { from: string } }).replay;
  return Math.floor((replay.startedAtMs - Date.parse(from)) / HOUR_MS) * HOUR_MS;
}

/** Ticks that every exchange has done. */
async function commonTicks(service: string, event: string): Promise<readonly number[]> {
  const ticks = ticksOf(await logs(service), event);
  const [first = [], ...others] = EXCHANGES.map((exchange) => ticks.get(exchange) ?? []);
  return first.filter((tick) => others.every((own) => own.includes(tick)));
}

beforeAll(async () => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' });
  for (const file of files.split('\n').filter((name) => name !== '')) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    cpSync(join(ROOT, file), join(project, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  // What was installed before is not asked of a registry again. Python makes no environment in a folder that is a link.
  const installed = join(ROOT, '.venv-emulator');
  if (existsSync(installed)) cpSync(installed, join(project, '.venv-emulator'), { recursive: true, verbatimSymlinks: true });
  port = await freePort();
});

afterAll(async () => {
  // After a failure it still runs, with processes that end only with it.
  const pid = runningEmulator();
  if (pid !== null) {
    process.kill(pid, 'SIGTERM');
    await until(() => !isRunning(pid));
  }
  await endCommands();
  rmSync(project, { recursive: true, force: true });
});

describe('the platform on an emulator of AWS, by the commands of docs/deploy.md', () => {
  let up: RunningCommand;
  let collector: RunningCommand;
  let collectedFromMs: number;

  test('is installed and started, and listens on this machine alone', async () => {
    await good(documented('python3 -m venv .venv-emulator && .venv-emulator/bin/pip install -r tools/emulator/requirements.txt'));
    up = documented('npm run emulator:up');
    await up.line(/^AWS is emulated at http:\/\/127\.0\.0\.1:\d+; Ctrl-C ends it/);
    const addresses = listeningAddresses(processTree(up.pid));
    // Emulator, cache, store, and three venues.
    expect(addresses.length).toBeGreaterThanOrEqual(6);
    expect(new Set(addresses)).toEqual(new Set(['0100007F']));
  });

  test('is deployed by cdklocal, with its schema', async () => {
    const output = await good(documented('npm run emulator:deploy'));
    expect(output).toMatch(/^tidemark-local\.Bucket = /m);
    expect(output).toMatch(/^schema: \{"applied": ?\[/m);
    collector = documented('npm run emulator:collect');
    collectedFromMs = Date.now();
    await collector.line(/^collecting; /);
  });

  test('its schedule fires the bundles, and the candles and indicators equal the recording', async () => {
    await until(async () => (await commonTicks('indicators', 'computed indicators')).length >= 2);
    const synced = ticksOf(await logs('sync'), 'synced');
    expect([...synced.keys()].sort()).toEqual(EXCHANGES);
    const untilMs = Math.max(...(await commonTicks('indicators', 'computed indicators')));
    const shiftMs = shiftOfRecording();
    const found = await storedCandles(data, shiftMs);
    for (const exchange of EXCHANGES) {
      const window = { fromMs: (synced.get(exchange)?.[0] ?? 0) - shiftMs, untilMs: untilMs - shiftMs, backfill: 300 };
      const expected = [...expectedCandles(RECORDING, window)]
        .filter(([key]) => key.startsWith(`${exchange} `))
        .flatMap(([, lines]) => lines);
      expect(expected.length).toBeGreaterThan(2000);
      expect(difference(expected, own(found, exchange, window.untilMs))).toEqual(NO_DIFFERENCE);
    }

    // The same minutes once more, by the laptop's scheduler and without any part of AWS.
    const laptop = temporaryFolder();
    const [from, last] = [Math.min(...(await commonTicks('sync', 'synced'))), untilMs].map((time) =>
      new Date(time - shiftMs).toISOString(),
    );
    await startToEnd(laptop, ['--recordings', RECORDING, '--from', from ?? '', '--until', last ?? '']);
    const deployed = await storedIndicators(data, shiftMs);
    const local = await storedIndicators(laptop);
    expect(deployed.doubled).toEqual([]);
    const missing = [...local.values.keys()].filter((key) => !deployed.values.has(key));
    expect({ missing, count: local.values.size > 80_000 }).toEqual({ missing: [], count: true });
    expect(worstDifference(local.values, deployed.values, await storedCloses(laptop)).scaledError).toBeLessThan(1e-10);
  });

  test('its logs can be read, and its store queried', async () => {
    expect(await good(documented('npm run -s logs -- --service sync'))).toMatch(
      /^\d\d:\d\d:\d\d info {2}sync kraken: synced tick=\d\d:\d\d series=\d+ fetched=\d+/m,
    );
    const kraken = await good(documented('npm run -s logs -- --exchange kraken --level info --since 5'));
    expect(kraken).toMatch(/ indicators kraken: computed indicators tick=\d\d:\d\d /);
    expect(kraken).not.toMatch(/coinbase|binanceus/);
    for (const table of ['candles_1m', 'indicators']) {
      const command = `npm run -s tidemark -- sql --data .tidemark/emulator "SELECT exchange, count(), max(timestamp) FROM ${table} GROUP BY exchange"`;
      for (const exchange of EXCHANGES) expect(await good(documented(command))).toContain(exchange);
    }
  });

  test('its live prices are in the cache, and the trades of the stream in the bucket, as the candles have them', async () => {
    const { redisUrl } = JSON.parse(readFileSync(join(data, 'emulator.json'), 'utf8')) as { redisUrl: string };
    const redis = new Redis(redisUrl);
    const keys = await redis.keys('*');
    redis.disconnect();
    expect(keys).toEqual(expect.arrayContaining(['latest_price:kraken:BTC/USD', 'indicators:kraken:BTC/USD:1m']));

    const fromMs = Math.ceil((collectedFromMs + 5000) / MINUTE_MS) * MINUTE_MS;
    await until(async () => Math.max(...(await commonTicks('sync', 'synced'))) >= fromMs + MINUTE_MS);
    // Two seconds after the minute everything of it has passed the collector's, and the emulator's, buffers.
    await until(() => Date.now() > fromMs + MINUTE_MS + 10_000);
    const archive = temporaryFolder();
    const keysInBucket = await download(archive, 'trades/');
    expect(keysInBucket.length).toBeGreaterThan(10);
    const [from, to] = [fromMs, fromMs + MINUTE_MS].map((time) => new Date(time).toISOString());
    const compared = await tidemark([
      'rebuild',
      '--data',
      data,
      '--archive',
      archive,
      '--exchange',
      'kraken',
      '--symbol',
      'BTC/USD',
      '--from',
      from ?? '',
      '--until',
      to ?? '',
      '--compare',
    ]).ended;
    expect(compared).toMatchObject({ code: 0 });
  });

  test('a record that is no trade, and a message that is no tick, block nothing', async () => {
    const { TIDEMARK_STREAM } = deployedEnvironment();
    const kinesis = new KinesisClient({ ...awsClient(), requestHandler: new NodeHttpHandler() });
    await kinesis.send(
      new PutRecordCommand({ StreamName: TIDEMARK_STREAM, PartitionKey: 'kraken BTC/USD', Data: Buffer.from('no trade at all') }),
    );
    kinesis.destroy();
    const poisonedAtMs = Date.now();
    await until(async () => (await logs('archive')).some(({ facts }) => Number(facts['poisoned']) > 0));
    await until(async () => (await logs('archive')).some(({ timeMs, facts }) => timeMs > poisonedAtMs && Number(facts['trades']) > 0));
    const poison = temporaryFolder();
    const parked = await download(poison, 'poison/');
    expect(parked.map((key) => readFileSync(join(poison, key), 'utf8'))).toContain('no trade at all');

    const { endpoint } = awsClient();
    const message = { QueueUrl: `${endpoint}/000000000000/tidemark-sync.fifo`, MessageGroupId: 'kraken', MessageBody: 'no tick at all' };
    const sent = await call(endpoint, { service: 'sqs', action: 'AmazonSQS.SendMessage', version: '1.0' }, message);
    expect(sent).toMatchObject({ status: 200 });
    await until(async () => (await logs('sync')).some(({ event }) => event === NO_TICK));
    const refusedAtMs = Date.now();
    await until(async () =>
      (await logs('sync')).some(({ timeMs, event, exchange }) => timeMs > refusedAtMs && event === 'synced' && exchange === 'kraken'),
    );
  });

  test('verify looks at whole hours of candles, when its tick comes', async () => {
    const { endpoint } = awsClient();
    const { body } = tickMessage({ exchange: 'kraken', tickMs: Math.floor(Date.now() / 60_000) * 60_000, mode: 'tick' });
    const message = { QueueUrl: `${endpoint}/000000000000/tidemark-verify.fifo`, MessageGroupId: 'kraken', MessageBody: body };
    const sent = await call(endpoint, { service: 'sqs', action: 'AmazonSQS.SendMessage', version: '1.0' }, message);
    expect(sent).toMatchObject({ status: 200 });
    const verified = async (): Promise<LoggedLine | undefined> => (await logs('verify')).find(({ event }) => event === 'verified');
    await until(async () => (await verified()) !== undefined);
    // The trades of this recording are made up from its candles, so that nothing is proven by them.
    expect((await verified())?.facts).toMatchObject({ witnessed: 0, verified: 0 });
    expect(Number((await verified())?.facts['candles'])).toBeGreaterThan(0);
    expect((await logs('verify')).filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('a second deploy changes the code, and no tick is lost', async () => {
    const handler = join(project, 'lambdas/sync/handler.ts');
    const before = readFileSync(handler, 'utf8');
    const after = before.replace("logger.info('synced', { exchange, tick,", "logger.info('synced', { exchange, tick, release: 'second',");
    expect(after).not.toBe(before);
    writeFileSync(handler, after);
    await good(documented('npm run emulator:deploy'));
    const isSecond = ({ event, facts }: LoggedLine): boolean => event === 'synced' && facts['release'] === 'second';
    await until(async () => {
      const ticks = ticksOf((await logs('sync')).filter(isSecond), 'synced');
      return EXCHANGES.every((exchange) => (ticks.get(exchange)?.length ?? 0) >= 2);
    });
    const lines = await logs('sync');
    for (const [exchange, ticks] of ticksOf(lines, 'synced')) {
      const expected = Array.from({ length: ticks.length }, (_, index) => (ticks[0] ?? 0) + index * MINUTE_MS);
      expect({ exchange, ticks }).toEqual({ exchange, ticks: expected });
    }
    const complaints = lines.filter(({ level }) => level === 'error' || level === 'warn');
    expect(complaints.filter(({ event }) => event !== NO_TICK)).toEqual([]);
  });

  test('is taken down, and nothing is left', async () => {
    const tree = processTree(up.pid);
    expect(await good(documented('npm run emulator:down'))).toMatch(/nothing is left of [1-9]\d named parts, and the emulator has ended/);
    for (const ended of [await up.ended, await collector.ended]) {
      expect(ended.code).toBe(0);
      // npm has its own things to say.
      expect(ended.stderr).not.toContain('emulator: ');
    }
    expect(tree.length).toBeGreaterThan(5);
    await until(() => !tree.some(isRunning));
  });

  test('by every command of the chapter, in its order', () => {
    const inOrder = used.filter((command, index) => command !== used[index - 1]);
    expect(inOrder).toEqual(DOCUMENTED);
  });
});

/** Of `emulator:up`; null when it has ended. */
function runningEmulator(): number | null {
  const file = join(data, 'emulator.json');
  if (!existsSync(file)) return null;
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
  return isRunning(pid) ? pid : null;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Lines of one exchange whose candle closed by then. */
function own(lines: readonly string[], exchange: string, untilMs: number): readonly string[] {
  const lengths: Readonly<Record<string, number>> = { '1m': MINUTE_MS, '5m': 5 * MINUTE_MS, '1h': HOUR_MS };
  return lines.filter((line) => {
    const [venue, , timeframe = '', openTime = ''] = line.split(' ');
    return venue === exchange && Date.parse(openTime) + (lengths[timeframe] ?? 0) <= untilMs;
  });
}

function awsClient() {
  const deployed = deployedEnvironment();
  return {
    endpoint: deployed['AWS_ENDPOINT_URL'] ?? '',
    region: deployed['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'tidemark-emulator', secretAccessKey: 'tidemark-emulator' },
  };
}

/** Every object below a prefix, as files of the same names; returns the names. */
async function download(folder: string, prefix: string): Promise<readonly string[]> {
  const s3 = new S3Client({ ...awsClient(), forcePathStyle: true });
  const Bucket = deployedEnvironment()['TIDEMARK_BUCKET'];
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: prefix, ContinuationToken }));
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  for (const Key of keys) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    mkdirSync(dirname(join(folder, Key)), { recursive: true });
    writeFileSync(join(folder, Key), (await Body?.transformToByteArray()) ?? new Uint8Array());
  }
  s3.destroy();
  return keys;
}
