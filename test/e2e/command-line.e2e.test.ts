import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { parsePort, parseSpeed } from '#local/options.ts';
import { parseTimeOption } from '#local/replay-plan.ts';
import { endCommands, on, ROOT, run, temporaryFolder, tidemark, type CommandOptions, type Ended } from './support/command.ts';
import { makeRecording } from './support/made-recording.ts';

afterEach(endCommands);

type BadUse = { readonly args: readonly string[]; readonly says: RegExp; readonly environment?: Readonly<Record<string, string>> };

const TIME = 'expected an ISO time on a whole minute with its zone, such as 2023-03-11T00:00:00Z; correct it';
const END_OF_RECORDING = '"2023-03-13T00:00:00Z"';

const badTimes = [
  '2026-13-01',
  '2026-02-30T00:00:00Z',
  '2026-01-01',
  '2026-01-01T00:00',
  '2023-03-11T23:59:60Z',
  '0000-01-01T00:00:00Z',
  '1000000000000000',
  '-1',
  'NaN',
  'yesterday',
  ' ',
  '2023-03-11T00:00:30Z',
  '२०२३-03-11T00:00:00Z',
];

const BAD_USE: readonly BadUse[] = [
  { args: ['strat'], says: /unknown command 'strat'.*Did you mean start.*--help/ },
  { args: ['start', '--fresch'], says: /unknown option '--fresch'.*Did you mean --fresh.*tidemark start --help/ },
  { args: ['start', '--no-such-thing'], says: /unknown option '--no-such-thing'.*tidemark start --help/ },
  { args: ['logs', '--level', 'loud'], says: /'loud' is invalid.*debug, info, warn, error.*tidemark logs --help/ },
  {
    args: ['audit', '--files', 'no-such-folder'],
    says: /--files ".*no-such-folder" does not exist, expected a file or a folder of recordings; correct it/,
  },
  {
    args: ['audit', '--files', join(ROOT, 'docs/runbooks')],
    says: /--files ".*runbooks" holds no recording, expected \.csv, \.ndjson, \.jsonl or \.json/,
  },
  {
    args: ['audit', '--files', join(ROOT, 'recordings'), '--data', 'elsewhere'],
    says: /'--files <path>' cannot be used with option '--data <dir>'.*tidemark audit --help/,
  },
  { args: ['audit', '--sample', '5', '--files', 'x'], says: /'--files <path>' cannot be used with option '--sample <n>'/ },
  { args: ['gaps', '--reason', 'bad_luck'], says: /'bad_luck' is invalid.*no_trades, exchange_outage/ },
  {
    args: ['gaps', '--from', '2023-03-11T00:00:00Z', '--to', '2023-03-11T00:00:00Z'],
    says: /--to is not behind --from, expected a later time; correct one of them/,
  },
  { args: ['logs', '--service', 'store'], says: /'store' is invalid.*sync, indicators, verify, collector, archive, migrate/ },
  { args: ['logs', '--since', '0'], says: /--since "0"/ },
  { args: ['exchange', '--now', '--speed', '5'], says: /'--now' cannot be used with option '--speed <n>'.*tidemark exchange --help/ },
  { args: ['start', '--from'], says: /option '--from <time>' argument missing/ },
  { args: ['start', '--from='], says: new RegExp(`--from "" is not a time, ${TIME}`) },
  { args: ['start', '--from', '--until'], says: new RegExp(`--from "--until" is not a time, ${TIME}`) },
  {
    args: ['start', '--from', '2023-03-11T00:00:00Z', '--from=2023-03-12T00:00:00Z'],
    says: /--from is given twice, expected once; remove one/,
  },
  { args: ['start', 'now'], says: /too many arguments for 'start'.*now/ },
  { args: ['start', '--log-level', 'loud'], says: /'loud' is invalid.*debug, info, warn, error/ },
  {
    args: ['start', '--until', '2023-03-10T00:00:00Z', '--from', '2023-03-11T00:00:00Z'],
    says: /--until "2023-03-10T00:00:00Z" is before --from "2023-03-11T00:00:00Z".*swap or correct/,
  },
  {
    args: ['start', '--until', '2023-03-10T00:00:00Z'],
    says: /--until "2023-03-10T00:00:00Z" is before the start "2023-03-11T00:00:00Z".*earlier --from/,
  },
  {
    args: ['start', '--until', '2073-01-01T00:00:00Z'],
    says: new RegExp(`--until "2073-01-01T00:00:00Z" is after the end of the recording, expected at most ${END_OF_RECORDING}`),
  },
  {
    args: ['start', '--from', '2099-01-01T00:00:00Z'],
    says: new RegExp(`--from "2099-01-01T00:00:00Z" is after the end of the recording, expected at most ${END_OF_RECORDING}`),
  },
  { args: ['start', '--live', '--from', '2023-03-11T00:00:00Z'], says: /--from is for replays.*remove one/ },
  {
    args: ['start', '--faults', 'no-such-plan.yaml'],
    says: /no-such-plan\.yaml cannot be read \(ENOENT\), expected a readable YAML file; create it or correct the path/,
  },
  { args: ['exchange', '--faults='], says: /--faults "" is not a path, expected the name of a file; correct it/ },
  { args: ['start', '--live', '--faults', 'x.yaml'], says: /--faults is for recorded exchanges, expected without --live; remove one/ },
  { args: ['start', '--from', 'a\nb'], says: /--from "a\\nb" is not a time/ },
  { args: ['start', '--port', '9'.repeat(5000)], says: /--port "9{80}\.\.\." is not a port/ },
  { args: ['sql', '--format', 'a\nb', 'SELECT 1'], says: /--format "a\\nb" is not a format name/ },
  { args: ['start', '--speed=0'], says: /--speed "0" is not a speed, expected a number above 0 and up to 100000, or max; correct it/ },
  { args: ['exchange', '--speed', 'max'], says: /--speed "max" is not a speed, expected a number above 0 and up to 100000; correct it/ },
  {
    args: ['start', '--port=80a'],
    says: /--port "80a" is not a port, expected an integer from 0 to 65535 \(0 takes a free one\); correct it/,
  },
  { args: ['store', '--store-port', '99999'], says: /--store-port "99999" is not a port/ },
  { args: ['start', '--host', '0.0.0.0'], says: /unknown option '--host'/ },
  {
    args: ['start', '--config', '../../etc/passwd'],
    says: /--config ".*etc\/passwd" is not a folder, expected the folder of the configuration files; correct it/,
  },
  { args: ['start', '--config', 'http://127.0.0.1/config'], says: /--config ".*" is not a folder/ },
  { args: ['start', '--config', '-'], says: /--config ".*-" is not a folder/ },
  { args: ['start', '--config', 'a\nb'], says: /--config "a\\nb" is not a path, expected one without control characters; correct it/ },
  { args: ['start', '--data='], says: /--data "" is not a path, expected the name of a folder; correct it/ },
  {
    args: ['start', '--data', '/dev/null'],
    says: /the data folder "\/dev\/null" cannot be made \(EEXIST\); choose a folder that you may write to with --data DIR/,
  },
  { args: ['start', '--data', '/dev/null/x'], says: /the data folder "\/dev\/null\/x" cannot be made \(ENOTDIR\)/ },
  {
    args: ['start', '--data', '/proc'],
    says: /the data folder "\/proc" cannot be written \(\w+\); choose a folder that you may write to with --data DIR/,
  },
  {
    args: ['start', '--recordings', '/dev/null'],
    says: /\/dev\/null\/recording\.yaml cannot be read \(ENOTDIR\), expected a readable YAML file/,
  },
  { args: ['backfill'], says: /required option '--exchange <name>' not specified/ },
  { args: ['rebuild'], says: /required option '--exchange <name>' not specified/ },
  { args: ['rebuild', '--exchange', 'nasdaq'], says: /--exchange "nasdaq" is not an exchange, expected one of binance, / },
  {
    args: ['rebuild', '--exchange', 'kraken', '--symbol', "x' OR 1=1 --"],
    says: /--symbol "x' OR 1=1 --" is not a market, expected BASE\/QUOTE/,
  },
  {
    args: ['rebuild', '--exchange', 'kraken', '--symbol', 'BTC/USD', '--from', '2023-11-17T01:00:00Z', '--until', '2023-11-17T00:00:00Z'],
    says: /--until "2023-11-17T00:00:00Z" is not after --from "2023-11-17T01:00:00Z"/,
  },
  { args: ['sql'], says: /missing required argument 'query'/ },
  { args: ['sql', '--format', '../x', 'SELECT 1'], says: /--format "\.\.\/x" is not a format name, expected one of ClickHouse's/ },
  { args: ['sql', '--data', '/dev/null', 'SELECT 1'], says: /\/dev\/null/ },
  {
    args: ['sync'],
    says: /no recorded exchange runs for the data folder ".*"; start "tidemark exchange"|no recorded exchange runs for the data folder ".*", expected one; start "tidemark exchange"/,
  },
  { args: ['collect', '--seconds', '0'], says: /--seconds "0" is not such a number, expected a whole one from 1 to 2147483; correct it/ },
  { args: ['collect'], says: /no recorded exchange runs for the data folder ".*", expected one; start "tidemark exchange"/ },
  {
    args: ['cost', '--region', 'eu-north-1'],
    says: /--region "eu-north-1" has no prices, expected one of us-east-1, eu-west-1, ap-northeast-1; add it to .*prices\.yaml/,
  },
  { args: ['cost', '--markets', '1.5'], says: /--markets "1\.5" is not such a number, expected a whole one from 1 to 100000; correct it/ },
  { args: ['cost', '--profile', 'cheap'], says: /argument 'cheap' is invalid\. Allowed choices are starter, default, production/ },
  { args: ['indicators', '--live'], says: /no store runs for the data folder ".*", expected one; start "tidemark store"/ },
  {
    args: ['start'],
    environment: { TIDEMARK_SYNC__BACKFILL_LIMIT: '' },
    says: /TIDEMARK_SYNC__BACKFILL_LIMIT is empty, expected a value; set or unset it/,
  },
  {
    args: ['start'],
    environment: { TIDEMARK_SYNC__BACKFILL_LIMIT: 'many' },
    says: /sync\.yaml \(with TIDEMARK_SYNC__BACKFILL_LIMIT\): backfill_limit is the text "many", expected an integer from 100 to 100000; correct the value/,
  },
  {
    args: ['start'],
    environment: { TIDEMARK_SYNC__BACKFILL_LIMIT: '1'.repeat(100_000) },
    says: /TIDEMARK_SYNC__BACKFILL_LIMIT has 100000 characters, expected at most 16384; shorten it/,
  },
  {
    args: ['start'],
    environment: { TIDEMARK_SYCN__BACKFILL_LIMIT: '300' },
    says: /TIDEMARK_SYCN__BACKFILL_LIMIT names no configuration value.*did you mean "TIDEMARK_SYNC__\.\.\."/,
  },
  {
    args: ['start'],
    environment: { TIDEMARK_SYNC__BACKFIL_LIMIT: '300' },
    says: /unknown key "backfil_limit".*did you mean "backfill_limit"/,
  },
  {
    args: ['start'],
    environment: { TIDEMARK_DATABASES__CLICKHOUSE__PASSWORD: 'hunter2' },
    says: /unknown key "password" \(value "\*\*\*"\)/,
  },
];

describe('bad use ends with exit code 2 and one line that says what, the value, what was expected and what to do', () => {
  test.each(chunks(BAD_USE, 12))('table part %$', async (...part) => {
    const results = await inPairs(part, async (badUse) => ({ badUse, ended: await refused(badUse) }));
    for (const { badUse, ended } of results) {
      expect.soft({ args: badUse.args, code: ended.code, stdout: ended.stdout }).toEqual({ args: badUse.args, code: 2, stdout: '' });
      expect.soft(ended.stderr, badUse.args.join(' ')).toMatch(/^tidemark: [^\n]+\n$/);
      expect.soft(ended.stderr).toMatch(badUse.says);
      expect.soft(ended.stderr).not.toMatch(/\n\s+at |hunter2/);
    }
  });

  test.each(badTimes)('the time "%s"', (time) => {
    expect(() => parseTimeOption('--from', time)).toThrow(new ConfigError(`--from "${time}" is not a time, ${TIME}`));
  });

  test.each(['', ' 1', '0', '-1', '1.2345', '1e3', 'NaN', 'Infinity', '0x10', '100001', 'MAX', 'max '])('the speed "%s"', (speed) => {
    const expected = new ConfigError(`--speed "${speed}" is not a speed, expected a number above 0 and up to 100000, or max; correct it`);
    expect(() => parseSpeed(speed, true)).toThrow(expected);
  });

  test.each(['', ' 1', '65536', '-1', '80a', '1.5', '0x50', '1e3', '000080'])('the port "%s"', (port) => {
    const expected = new ConfigError(
      `--port "${port}" is not a port, expected an integer from 0 to 65535 (0 takes a free one); correct it`,
    );
    expect(() => parsePort('--port', port)).toThrow(expected);
  });

  test('an environment variable that is no UTF-8', async () => {
    const command = 'TIDEMARK_SYNC__BACKFILL_LIMIT="$(printf \'3\\37700\')" exec node bin/tidemark.js start --data "$0"';
    const ended = await run('sh', ['-c', command, temporaryFolder()], {}).ended;
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(
      /^tidemark: .*backfill_limit is the text "3\\u\{fffd\}00", expected an integer from 100 to 100000; correct the value\n$/,
    );
  });

  test('a command that is refused leaves no folder behind', async () => {
    const data = join(temporaryFolder(), 'never');
    const ends = await inPairs(
      [['sql', 'SELECT 1'], ['sync'], ['start', '--speed=0']],
      ([command = '', ...rest]) => tidemark([command, '--data', data, ...rest]).ended,
    );
    expect(ends.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(existsSync(data)).toBe(false);
  });
});

async function refused({ args, environment }: Omit<BadUse, 'says'>): Promise<Ended> {
  const hasData = args.some((arg) => arg.startsWith('--data') || arg === '--files');
  const options: CommandOptions = environment === undefined ? {} : { environment };
  return await tidemark(
    [...args, ...(hasData || args[0] === 'strat' || args.at(-1) === '--from' ? [] : ['--data', temporaryFolder()])],
    options,
  ).ended;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Two at a time: as many as the smallest machine has cores. */
async function inPairs<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let index = 0; index < items.length; index += 2) results.push(...(await Promise.all(items.slice(index, index + 2).map(work))));
  return results;
}

test('--help of every command says what it does and ends with exit code 0', async () => {
  const commands = [
    [],
    ['start'],
    ['exchange'],
    ['store'],
    ['sync'],
    ['indicators'],
    ['collect'],
    ['backfill'],
    ['rebuild'],
    ['cost'],
    ['doctor'],
    ['sql'],
  ];
  const ends = await inPairs(commands, (command) => tidemark([...command, '--help']).ended);
  for (const [index, { code, stdout, stderr }] of ends.entries()) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: tidemark ${commands[index]?.[0] ?? '\\[options\\]'}`));
    expect(stdout).not.toMatch(/[^\n]{121}/);
  }
});

describe('the outside of a command', () => {
  /** A store with a few candles in it. */
  async function smallStore(environment: Readonly<Record<string, string>> = {}): Promise<{ readonly data: string; readonly ended: Ended }> {
    const recordings = join(temporaryFolder(), 'made');
    mkdirSync(recordings);
    makeRecording(recordings);
    const data = temporaryFolder();
    const args = ['start', ...on(data), '--recordings', recordings, '--until', '2024-02-29T10:02:00Z', '--speed', 'max', '--json'];
    return { data, ended: await tidemark(args, { environment }).ended };
  }

  test('a reader that goes away ends the command without a complaint', async () => {
    const { data } = await smallStore();
    const query = tidemark(['sql', '--data', data, '--format', 'TSV', 'SELECT number FROM numbers(5000000)']);
    await query.line(/^0$/);
    query.closeStdout();
    expect(await query.ended).toMatchObject({ code: 0, stderr: '' });
    const { code } = await tidemark(['sql', '--data', data, 'SELECT 1']).ended;
    expect(code).toBe(0);
  });

  test('a full disk behind the output is said in one line', async () => {
    const { data } = await smallStore();
    const ended = await run('sh', ['-c', `exec node bin/tidemark.js sql --data "$0" 'SELECT 1' > /dev/full`, data], {}).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^(?:\(node:.*\n)*tidemark: the output cannot be written \(ENOSPC\)\n$/);
  });

  test("the machine's time zone, language, proxy, width and colours change nothing", async () => {
    const strange = {
      TZ: 'Asia/Kathmandu',
      LANG: 'tr_TR.UTF-8',
      LC_ALL: 'tr_TR.UTF-8',
      HTTP_PROXY: 'http://127.0.0.1:9',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      NODE_USE_ENV_PROXY: '1',
      NODE_OPTIONS: '--max-old-space-size=512',
      COLUMNS: '20',
      FORCE_COLOR: '1',
      HOME: '/nonexistent',
    };
    const [plain, odd] = [await smallStore(), await smallStore(strange)];
    expect(odd.ended).toMatchObject({ code: 0 });
    const withoutDuration = ({ ended }: typeof plain): unknown => ({ ...(JSON.parse(ended.stdout) as object), durationMs: 0 });
    expect(withoutDuration(odd)).toEqual(withoutDuration(plain));
  });

  test('a damaged file of the data folder is named, with the way out', async () => {
    const data = temporaryFolder();
    writeFileSync(join(data, 'state.json'), '{"kind":"repl');
    const { code, stderr } = await tidemark(['start', ...on(data)]).ended;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `tidemark: ${join(data, 'state.json')} is damaged, expected what tidemark wrote there; remove the data folder or start with --fresh\n`,
    });
  });
});
