import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Environment } from '#config/environment.ts';
import { loadConfig, type Config } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import { EXCHANGES } from '#core/exchange.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

type Edit = (text: string) => string | Buffer;
type Edits = Readonly<Record<string, Edit>>;

/** The committed configuration with some of its files changed. */
function folderOf(edits: Edits): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-config-'));
  folders.push(folder);
  cpSync('config', folder, { recursive: true });
  for (const [file, edit] of Object.entries(edits)) {
    const path = join(folder, `${file}.yaml`);
    writeFileSync(path, edit(readFileSync(path, 'utf8')));
  }
  return folder;
}

function load(edits: Edits, environment: Environment = {}): Config {
  return loadConfig(folderOf(edits), environment);
}

/** The problems, without the folder. */
function problemsOf(edits: Edits, environment: Environment = {}, prepare: (folder: string) => void = () => {}): readonly string[] {
  const folder = folderOf(edits);
  prepare(folder);
  try {
    loadConfig(folder, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.replaceAll(`${folder}/`, '').split('\n');
  }
  throw new Error('the configuration was accepted');
}

/** Puts text in the place of other text, which must be there. */
function swap(from: string, to: string): Edit {
  return (text) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };
}

const become =
  (text: string | Buffer): Edit =>
  () =>
    text;
const append =
  (more: string): Edit =>
  (text) =>
    text + more;

const SYNC_KEYS =
  'timeframes, backfill_limit, latest_candles, recheck_candles, reread_after_hours, close_grace_ms, delay_seconds, request_deadline_ms, concurrency';
const CLICKHOUSE_KEYS = 'mode, url, username, password_env, database, ttl_days, deadline_ms';
const SYMBOL = 'expected a symbol such as BTC/USDT: base and quote in capital ASCII letters and digits with one slash; correct the value';
const URL_RULE =
  'expected an http or https URL such as https://api.example.com, without user name, password and query, and not of a link-local or metadata address; correct the value';

describe('the committed configuration', () => {
  test('loads', () => {
    const config = loadConfig('config', {});
    expect(config.sync).toMatchObject({ timeframes: ['1m', '5m', '1h'], backfillLimit: 300, latestCandles: 5 });
    expect(config.databases.clickhouse).toMatchObject({
      mode: 'embedded',
      database: 'trading',
      ttlDays: 90,
      passwordEnv: 'CLICKHOUSE_PASSWORD',
    });
    expect(config.indicators.indicators).toHaveLength(7);
  });

  test('has at least sixty symbols over three venues', () => {
    const { exchanges } = loadConfig('config', {});
    const listed = EXCHANGES.map((exchange) => exchanges[exchange]?.symbols.length ?? 0);
    expect(listed.filter((count) => count > 0)).toHaveLength(3);
    expect(listed.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(60);
  });

  test('is enabled where it says nothing else', () => {
    expect(load({ exchanges: swap('coinbase:\n', 'coinbase:\n  enabled: false\n') }).exchanges).toMatchObject({
      binance: { enabled: true },
      coinbase: { enabled: false },
    });
  });

  test('is frozen throughout', () => {
    const open = (node: unknown, path: string): string[] => {
      if (typeof node !== 'object' || node === null) return [];
      return [...(Object.isFrozen(node) ? [] : [path]), ...Object.entries(node).flatMap(([key, child]) => open(child, `${path}.${key}`))];
    };
    expect(open(loadConfig('config', {}), 'config')).toEqual([]);
  });
});

describe('what is accepted', () => {
  test('a byte-order mark and CRLF lines', () => {
    expect(load({ sync: (text) => `\ufeff${text.replaceAll('\n', '\r\n')}` })).toEqual(loadConfig('config', {}));
  });

  test('a symbol that begins with a digit', () => {
    expect(load({ exchanges: swap('- BTC/USDT', '- 1INCH/USDT') }).exchanges.binance?.symbols[0]).toBe('1INCH/USDT');
  });

  test('a REST URL of its own', () => {
    const restUrl = 'https://data-api.binance.vision';
    expect(load({ exchanges: swap('binance:\n', `binance:\n  rest_url: ${restUrl}\n`) }).exchanges.binance?.restUrl).toBe(restUrl);
  });

  test('a URL of this machine', () => {
    expect(load({ databases: swap('http://127.0.0.1:8123', 'http://[::1]:8123') }).databases.clickhouse.url).toBe('http://[::1]:8123');
  });
});

describe('a file is refused that', () => {
  const nested = `a: ${'['.repeat(20_000)}`;
  const laughs = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
    .split('')
    .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(',')}]`)
    .join('\n')}`;

  test.each<[string, string, Edit, string]>([
    [
      'is empty',
      'sync',
      become(''),
      'sync.yaml: expected a document, but the input is empty; fill it in, or restore the file of the project',
    ],
    [
      'has only comments',
      'sync',
      become('# nothing\n'),
      'sync.yaml: expected a document, but the input is empty; fill it in, or restore the file of the project',
    ],
    [
      'is a scalar',
      'sync',
      become('hello'),
      `sync.yaml: the document is "hello", expected a mapping with the keys ${SYNC_KEYS}; correct the value`,
    ],
    [
      'is a list',
      'sync',
      become('[1, 2]'),
      `sync.yaml: the document is "[1,2]", expected a mapping with the keys ${SYNC_KEYS}; correct the value`,
    ],
    [
      'has two documents',
      'sync',
      append('\n---\na: 1\n'),
      'sync.yaml: expected a single document in the stream, but found more; remove the line "---" and what follows it',
    ],
    [
      'has a key twice',
      'streaming',
      become('stream: {provider: memory, max_records: 1}\nstream: 1\n'),
      'streaming.yaml line 2: duplicated mapping key; remove one of the two',
    ],
    [
      'is indented with tabs',
      'streaming',
      become('stream:\n\tprovider: memory\n'),
      'streaming.yaml line 2: tab characters must not be used in indentation; indent with spaces',
    ],
    [
      'holds a NUL byte',
      'sync',
      swap('concurrency: 8', 'concurrency: \0'),
      'sync.yaml line 29: null byte is not allowed in input; correct the YAML there',
    ],
    [
      'hides a NUL in a value',
      'databases',
      swap('username: default', 'username: "de\\0f"'),
      'databases.yaml: clickhouse.username contains a NUL character; remove it',
    ],
    [
      'hides a NUL in a key',
      'sync',
      append('\n"a\\0b": 1\n'),
      'sync.yaml: the document has the key "a\\u{0}b" with a NUL character; remove it',
    ],
    ['nests 20,000 brackets', 'sync', become(nested), 'sync.yaml line 1: nesting exceeded maxDepth (100); correct the YAML there'],
    [
      'nests and closes 20,000 brackets',
      'sync',
      become(nested + ']'.repeat(20_000)),
      'sync.yaml line 1: nesting exceeded maxDepth (100); correct the YAML there',
    ],
    ['explodes through aliases', 'sync', become(laughs), 'sync.yaml expands to more than 50000 values; remove its aliases ("*name")'],
    ['contains itself', 'sync', become('a: &a [*a]'), 'sync.yaml: a[0] contains itself through an alias; remove the alias'],
    [
      'has the key __proto__',
      'sync',
      append('\n__proto__: {x: 1}\n'),
      'sync.yaml: the document has the key "__proto__", which is not allowed; remove it',
    ],
    [
      'has the key constructor',
      'databases',
      swap('  mode:', '  constructor: 1\n  mode:'),
      'databases.yaml: clickhouse has the key "constructor", which is not allowed; remove it',
    ],
    [
      'has a tag of JavaScript',
      'sync',
      swap('concurrency: 8', 'concurrency: !!js/function "x"'),
      'sync.yaml line 29: unknown scalar tag !<tag:yaml.org,2002:js/function>; remove the tag that begins with "!"',
    ],
    [
      'has a tag of CloudFormation',
      'sync',
      swap('concurrency: 8', 'concurrency: !Ref x'),
      'sync.yaml line 29: unknown scalar tag !<!Ref>; remove the tag that begins with "!"',
    ],
    ['is not UTF-8', 'sync', become(Buffer.from([0x61, 0xff, 0xfe])), 'sync.yaml is not UTF-8 text; save it as UTF-8'],
    [
      'has a star without quotes',
      'exchanges',
      swap('- BTC/USDT', '- *BTC'),
      'exchanges.yaml line 7: unidentified alias "BTC"; put quotes around a value that begins with "*" or "&"',
    ],
    [
      'merges keys',
      'exchanges',
      become('kraken: &base\n  symbols: [BTC/USD]\ncoinbase:\n  <<: *base\n'),
      'exchanges.yaml: coinbase has the merge key "<<", which is not supported; write the values out',
    ],
    [
      'expects variables to be filled in',
      'databases',
      swap('username: default', 'username: ${CLICKHOUSE_USER}'),
      'databases.yaml: clickhouse.username contains "${CLICKHOUSE_USER}", expected a plain value; variables are not filled in here, override the value with TIDEMARK_<FILE>__<PATH>',
    ],
  ])('%s', (_what, file, edit, problem) => {
    const start = performance.now();
    expect(problemsOf({ [file]: edit })).toEqual([problem]);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test('is larger than 256 kB, without reading it', () => {
    expect(problemsOf({ sync: become(Buffer.alloc(50 * 1024 * 1024, '#')) })).toEqual([
      'sync.yaml has 52428800 bytes, expected at most 262144; is it the right file?',
    ]);
  });

  test('is not there', () => {
    expect(problemsOf({}, {}, (folder) => rmSync(join(folder, 'sync.yaml')))).toEqual([
      'sync.yaml cannot be read (ENOENT), expected a readable YAML file; create it or correct the path',
    ]);
  });

  test('is a folder', () => {
    const prepare = (folder: string) => {
      rmSync(join(folder, 'sync.yaml'));
      mkdirSync(join(folder, 'sync.yaml'));
    };
    expect(problemsOf({}, {}, prepare)).toEqual(['sync.yaml is not a file; put a YAML file there']);
  });

  test('is a device without end', () => {
    const prepare = (folder: string) => {
      rmSync(join(folder, 'sync.yaml'));
      symlinkSync('/dev/zero', join(folder, 'sync.yaml'));
    };
    expect(problemsOf({}, {}, prepare)).toEqual(['sync.yaml is not a file; put a YAML file there']);
  });
});

describe('a number is refused that', () => {
  const limit = 'expected an integer from 100 to 100000; correct the value';
  test.each([
    ['YAML would read as octal', '0123', `is the text "0123", ${limit}`],
    ['YAML 1.2 would read as octal', '0o477', `is the text "0o477", ${limit}`],
    ['is hexadecimal', '0x100', `is the text "0x100", ${limit}`],
    ['has an exponent', '1e3', `is the text "1e3", ${limit}`],
    ['has a separator', '1_000', `is the text "1_000", ${limit}`],
    ['is infinite', '.inf', `is the text ".inf", ${limit}`],
    ['is none', '.nan', `is the text ".nan", ${limit}`],
    ['overflows', '1e999', `is the text "1e999", ${limit}`],
    ['is beyond what a double holds, shown as written', '9007199254740993', `is the text "9007199254740993", ${limit}`],
    ['is quoted', '"300"', `is the text "300", ${limit}`],
    ['is too small', '99', `is "99", ${limit}`],
    ['is too large', '100001', `is "100001", ${limit}`],
    ['is negative', '-300', `is "-300", ${limit}`],
    ['is not whole', '300.5', `is "300.5", ${limit}`],
    ['is nothing', '~', `is "null", ${limit}`],
    ['is a list', '[300]', `is "[300]", ${limit}`],
  ])('%s', (_what, written, problem) => {
    expect(problemsOf({ sync: swap('backfill_limit: 300', `backfill_limit: ${written}`) })).toEqual([
      `sync.yaml: backfill_limit ${problem}`,
    ]);
  });

  test.each<[string, string, Edit, string]>([
    [
      'a time to live below a minute',
      'indicators',
      swap('ttl_seconds: 180', 'ttl_seconds: 59'),
      'indicators.yaml: ttl_seconds is "59", expected an integer from 60 to 86400; correct the value',
    ],
    [
      'a deadline of more than a minute',
      'sync',
      swap('request_deadline_ms: 8000', 'request_deadline_ms: 70000'),
      'sync.yaml: request_deadline_ms is "70000", expected an integer from 100 to 60000; correct the value',
    ],
    [
      'a grace longer than the delay of the tick',
      'sync',
      swap('close_grace_ms: 2000', 'close_grace_ms: 3001'),
      'sync.yaml: close_grace_ms is "3001", expected at most delay_seconds x 1000, or a tick would run before its own candle counts as closed; lower it or raise delay_seconds',
    ],
    [
      'a fast average that is not faster',
      'indicators',
      swap('fast: 12', 'fast: 26'),
      'indicators.yaml: indicators[5].fast is "26", expected a length below that of slow; correct the value',
    ],
  ])('is %s', (_what, file, edit, problem) => {
    expect(problemsOf({ [file]: edit })).toEqual([problem]);
  });
});

describe('a word is refused', () => {
  test.each(['NO', 'yes', 'off', 'on'])('in place of true or false: %s', (word) => {
    expect(problemsOf({ exchanges: swap('kraken:\n', `kraken:\n  enabled: ${word}\n`) })).toEqual([
      `exchanges.yaml: kraken.enabled is the text "${word}", expected true or false (not yes, no, on or off); correct the value`,
    ]);
  });

  test.each([
    ['BTCUSDT', 'BTCUSDT'],
    ['btc/usdt', 'btc/usdt'],
    ['BTC-USDT', 'BTC-USDT'],
    ['BTC/USDT/', 'BTC/USDT/'],
    ['/', '/'],
    ['BTC//USDT', 'BTC//USDT'],
    ['"BTC/USDT "', 'BTC/USDT '],
    ['"BTC/USDT\\n"', 'BTC/USDT\\u{a}'],
    ['X'.repeat(10_000), `${'X'.repeat(80)}...`],
    ['ВTC/USDT', '\\u{412}TC/USDT'],
    ['BTC\u200d/USDT', 'BTC\\u{200d}/USDT'],
    ['\u202eBTC/USDT', '\\u{202e}BTC/USDT'],
    ['~', 'null'],
    ['42', '42'],
  ])('as a symbol: %.30s', (written, shown) => {
    expect(problemsOf({ exchanges: swap('- BTC/USDT', `- ${written}`) })).toEqual([
      `exchanges.yaml: binance.symbols[0] is "${shown}", ${SYMBOL}`,
    ]);
  });

  test.each(['7m', '1M', '0m', '-1m', '60'])('as a timeframe: %s', (word) => {
    expect(problemsOf({ sync: swap('[1m, 5m, 1h]', `[${word}]`) })).toEqual([
      `sync.yaml: timeframes[0] is "${word}", expected one of 1m, 5m, 1h; correct the value`,
    ]);
  });

  test.each([
    ['file:///etc/passwd'],
    ['javascript:alert(1)'],
    ['http://169.254.169.254/latest'],
    ['http://2852039166/'],
    ['http://0xA9FEA9FE/'],
    ['http://169.254.170.2/'],
    ['http://[::ffff:169.254.169.254]/'],
    ['http://[fe80::1]/'],
    ['http://[fe80::1%25eth0]/'],
    ['http://[fd00:ec2::254]/'],
    ['http://metadata.google.internal/'],
    ['api.example.com'],
  ])('as a URL: %s', (url) => {
    expect(problemsOf({ databases: swap('http://127.0.0.1:8123', `'${url}'`) })).toEqual([
      `databases.yaml: clickhouse.url is "${url}", ${URL_RULE}`,
    ]);
  });

  test('as a kind of indicator', () => {
    expect(problemsOf({ indicators: swap('kind: rsi', 'kind: rsl') })).toEqual([
      'indicators.yaml: indicators[4].kind is "rsl", expected one of sma, ema, rsi, macd, stochastic; correct the value',
    ]);
  });
});

describe('a key is refused', () => {
  test('that is misspelt, with the word that was meant, and what is missing for it', () => {
    expect(problemsOf({ exchanges: become('kraken:\n  symbls: [BTC/USD]\n') })).toEqual([
      'exchanges.yaml: kraken.symbols is missing, expected a list of 1 to 2000 symbols; add it',
      'exchanges.yaml: kraken has the unknown key "symbls" (value "["BTC/USD"]"), expected one of enabled, rest_url, ws_url, live, symbols; did you mean "symbols"?',
    ]);
  });

  test.each(['binanse', 'Binance', '"binance "'])('that is no exchange: %s', (key) => {
    const problem = `exchanges.yaml: the document has the unknown key ${key.startsWith('"') ? key : `"${key}"`} (value "{"symbols":["BTC/USD"]}"), expected one of binance, binanceus, coinbase, kraken; did you mean "binance"?`;
    expect(problemsOf({ exchanges: become(`${key}:\n  symbols: [BTC/USD]\nkraken: { symbols: [BTC/USD] }\n`) })).toEqual([problem]);
  });

  test('each of several, one line each', () => {
    expect(problemsOf({ sync: append('\ncolour: red\nsize: 3\n') })).toEqual([
      `sync.yaml: the document has the unknown key "colour" (value "red"), expected one of ${SYNC_KEYS}; use one of them, or remove it`,
      `sync.yaml: the document has the unknown key "size" (value "3"), expected one of ${SYNC_KEYS}; use one of them, or remove it`,
    ]);
  });

  test('that stands twice', () => {
    expect(problemsOf({ exchanges: become('kraken: { symbols: [BTC/USD] }\nkraken: { symbols: [ETH/USD] }\n') })).toEqual([
      'exchanges.yaml line 2: duplicated mapping key; remove one of the two',
    ]);
  });
});

describe('a list is refused', () => {
  test.each<[string, string, Edit, string]>([
    [
      'that names a symbol twice',
      'exchanges',
      swap('- ETH/USDT', '- BTC/USDT'),
      'exchanges.yaml: binance.symbols[1] is "BTC/USDT", expected each symbol once; remove the duplicate',
    ],
    [
      'that names a timeframe twice',
      'sync',
      swap('[1m, 5m, 1h]', '[1m, 1m]'),
      'sync.yaml: timeframes[1] is "1m", expected each timeframe once; remove the duplicate',
    ],
    [
      'that names an indicator twice',
      'indicators',
      swap('length: 50', 'length: 20'),
      'indicators.yaml: indicators[1] is "{"kind":"sma","length":20}", expected each indicator once; remove the duplicate',
    ],
    [
      'of no symbols',
      'exchanges',
      become('kraken: { symbols: [] }'),
      'exchanges.yaml: kraken.symbols has 0 entries, expected a list of 1 to 2000 symbols; correct the value',
    ],
    [
      'of no timeframes',
      'sync',
      swap('[1m, 5m, 1h]', '[]'),
      'sync.yaml: timeframes has 0 entries, expected a list of 1 to 3 timeframes; correct the value',
    ],
    [
      'of too many symbols',
      'exchanges',
      become(`kraken:\n  symbols: [${Array.from({ length: 10_001 }, (_, at) => `A${at}/USD`).join(', ')}]`),
      'exchanges.yaml: kraken.symbols has 10001 entries, expected a list of 1 to 2000 symbols; correct the value',
    ],
    [
      'of no exchanges',
      'exchanges',
      become('{}'),
      'exchanges.yaml: the document is "{}", expected at least one enabled exchange of binance, binanceus, coinbase, kraken; correct the value',
    ],
    [
      'of exchanges that are all off',
      'exchanges',
      become('kraken: { enabled: false, symbols: [BTC/USD] }'),
      'exchanges.yaml: the document is "{"kraken":{"enabled":false,"symbols":["BTC/USD"]}}", expected at least one enabled exchange of binance, binanceus, coinbase, kraken; correct the value',
    ],
  ])('%s', (_what, file, edit, problem) => {
    expect(problemsOf({ [file]: edit })).toEqual([problem]);
  });
});

describe('a secret', () => {
  test('has no place in a file, and is not shown', () => {
    expect(
      problemsOf({ databases: swap('password_env: CLICKHOUSE_PASSWORD', 'password_env: CLICKHOUSE_PASSWORD\n  password: hunter2') }),
    ).toEqual([
      `databases.yaml: clickhouse has the unknown key "password" (value "***"), expected one of ${CLICKHOUSE_KEYS}; remove it: secrets are never written into a file, only the name of their environment variable`,
    ]);
  });

  test.each<[string, string, Edit]>([
    ['in place of the name of its variable', 'databases', swap('password_env: CLICKHOUSE_PASSWORD', 'password_env: hunter2')],
    ['as the user part of a URL', 'databases', swap('http://127.0.0.1:8123', 'http://someone:hunter2@127.0.0.1:8123')],
    ['as a parameter of a URL', 'databases', swap('http://127.0.0.1:8123', 'http://127.0.0.1:8123?password=hunter2')],
    ['inside an unknown key', 'exchanges', append('\nbitstamp: { account: { api_key: hunter2 } }\n')],
    ['below a key that tells', 'databases', append('\ncredentials: [hunter2]\n')],
    ['in a list where a mapping belongs', 'databases', become('clickhouse: [{ password: hunter2 }]\ncache: { provider: memory }\n')],
  ])('is not shown %s', (_what, file, edit) => {
    const problems = problemsOf({ [file]: edit });
    expect(problems.join('\n')).toContain('***');
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  test('is not shown from the environment', () => {
    const problems = problemsOf(
      {},
      { TIDEMARK_DATABASES__CLICKHOUSE__PASSWORD: 'hunter2', TIDEMARK_DATABASES__CLICKHOUSE__URL: 'http://u:hunter2@x' },
    );
    expect(problems).toHaveLength(2);
    expect(problems.join('\n')).not.toContain('hunter2');
  });
});

describe('all problems', () => {
  test('of all files and the environment are told in one run, one line each', () => {
    const edits = {
      streaming: become(''),
      sync: (text: string) => text.replace('concurrency: 8', 'concurrency: 0').replace('delay_seconds: 3', 'delay_seconds: 99'),
      exchanges: swap('- BTC/USDT', '- BTC'),
    };
    expect(problemsOf(edits, { TIDEMARK_SINC__CONCURRENCY: '1' })).toEqual([
      'environment: TIDEMARK_SINC__CONCURRENCY names no configuration value, expected TIDEMARK_<FILE>__<PATH> with a file of exchanges, sync, indicators, databases, streaming, deployment (for example TIDEMARK_SYNC__BACKFILL_LIMIT); did you mean "TIDEMARK_SYNC__..."?',
      `exchanges.yaml: binance.symbols[0] is "BTC", ${SYMBOL}`,
      'sync.yaml: delay_seconds is "99", expected an integer from 0 to 50; correct the value',
      'sync.yaml: concurrency is "0", expected an integer from 1 to 64; correct the value',
      'streaming.yaml: expected a document, but the input is empty; fill it in, or restore the file of the project',
    ]);
  });
});

describe('the deployment', () => {
  test('as committed makes its own store and cache, in a region that every exchange answers', () => {
    const { deployment } = loadConfig('config', {});
    expect(deployment).toMatchObject({
      region: 'eu-west-1',
      profile: 'default',
      clickhouse: { mode: 'ec2' },
      cache: { provider: 'valkey-serverless' },
      collector: { image: 'none', tasks: 1 },
    });
  });

  test.each<[Environment, string]>([
    [{ TIDEMARK_DEPLOYMENT__REGION: 'Ireland' }, 'region is "Ireland", expected an AWS region such as eu-west-1; correct the value'],
    [
      { TIDEMARK_DEPLOYMENT__CLICKHOUSE__MODE: 'cloud' },
      'clickhouse.url is "", expected with mode cloud and external an https URL, and the name of a secret in password_secret; correct the value',
    ],
    [
      { TIDEMARK_DEPLOYMENT__CLICKHOUSE__INSTANCE_TYPE: 't3.large' },
      'clickhouse.instance_type is "t3.large", expected an arm64 instance type such as t4g.large, or nothing for that of the profile; correct the value',
    ],
    [
      { TIDEMARK_DEPLOYMENT__CLICKHOUSE__AMI: 'latest' },
      'clickhouse.ami is "latest", expected an image id such as ami-0123456789abcdef0, or nothing; correct the value',
    ],
    [
      { TIDEMARK_DEPLOYMENT__CACHE__PROVIDER: 'external' },
      'cache.url is "", expected with provider external a rediss URL; correct the value',
    ],
    [
      { TIDEMARK_DEPLOYMENT__LOG_RETENTION_DAYS: '15' },
      'log_retention_days is "15", expected one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653; correct the value',
    ],
  ])('is refused with %o', (environment, problem) => {
    expect(problemsOf({}, environment)).toEqual([`deployment.yaml (with ${Object.keys(environment).join(', ')}): ${problem}`]);
  });

  test('that lets the cache share a machine that is not there is refused', () => {
    const elsewhere = {
      TIDEMARK_DEPLOYMENT__CLICKHOUSE__MODE: 'external',
      TIDEMARK_DEPLOYMENT__CLICKHOUSE__URL: 'https://store.example.com:8443',
      TIDEMARK_DEPLOYMENT__CLICKHOUSE__PASSWORD_SECRET: 'mine/store',
    };
    expect(load({}, elsewhere).deployment.clickhouse.url).toBe('https://store.example.com:8443');
    const [problem] = problemsOf({}, { ...elsewhere, TIDEMARK_DEPLOYMENT__CACHE__PROVIDER: 'on-host' });
    expect(problem).toMatch(/cache.provider is "on-host", expected on-host only with clickhouse.mode ec2/);
  });
});

describe('an environment variable', () => {
  test('overrides a value, whatever blank surrounds it', () => {
    expect(load({}, { TIDEMARK_SYNC__BACKFILL_LIMIT: '500', TIDEMARK_SYNC__CONCURRENCY: ' 5\n', PATH: '/bin' }).sync).toMatchObject({
      backfillLimit: 500,
      concurrency: 5,
    });
  });

  test('overrides a list, and a value several levels down', () => {
    const config = load(
      {},
      {
        TIDEMARK_SYNC__TIMEFRAMES: '[1m, 5m]',
        TIDEMARK_DATABASES__CLICKHOUSE__TTL_DAYS: '0',
        TIDEMARK_EXCHANGES__KRAKEN__SYMBOLS: '[BTC/USD]',
      },
    );
    expect([config.sync.timeframes, config.databases.clickhouse.ttlDays, config.exchanges.kraken?.symbols]).toEqual([
      ['1m', '5m'],
      0,
      ['BTC/USD'],
    ]);
  });

  test('adds what the file does not have', () => {
    expect(load({}, { TIDEMARK_EXCHANGES__BINANCEUS__SYMBOLS: '[USDC/USDT]' }).exchanges.binanceus).toEqual({
      enabled: true,
      live: 'native',
      symbols: ['USDC/USDT'],
    });
  });

  test('repairs a value of the file', () => {
    expect(load({ sync: swap('concurrency: 8', 'concurrency: 0') }, { TIDEMARK_SYNC__CONCURRENCY: '2' }).sync.concurrency).toBe(2);
  });

  test.each([
    ['TIDEMARK_SYNC__CONCURRENCY', '', 'environment: TIDEMARK_SYNC__CONCURRENCY is empty, expected a value; set or unset it'],
    ['TIDEMARK_SYNC__CONCURRENCY', ' \n', 'environment: TIDEMARK_SYNC__CONCURRENCY is empty, expected a value; set or unset it'],
    [
      'TIDEMARK_SYNC__CONCURRENCY',
      'x'.repeat(2 ** 20),
      'environment: TIDEMARK_SYNC__CONCURRENCY has 1048576 characters, expected at most 16384; shorten it',
    ],
    [
      'TIDEMARK_SYNC__CONCURRENCY',
      '\ufffd',
      'sync.yaml (with TIDEMARK_SYNC__CONCURRENCY): concurrency is the text "\\u{fffd}", expected an integer from 1 to 64; correct the value',
    ],
    [
      'TIDEMARK_SYNC__CONCURRENCY',
      '0',
      'sync.yaml (with TIDEMARK_SYNC__CONCURRENCY): concurrency is "0", expected an integer from 1 to 64; correct the value',
    ],
    [
      'TIDEMARK_SYNC__CONCURENCY',
      '5',
      `sync.yaml (with TIDEMARK_SYNC__CONCURENCY): the document has the unknown key "concurency" (value "5"), expected one of ${SYNC_KEYS}; did you mean "concurrency"?`,
    ],
    [
      'TIDEMARK_SYNC__CONSTRUCTOR__X',
      '5',
      `sync.yaml (with TIDEMARK_SYNC__CONSTRUCTOR__X): the document has the unknown key "constructor" (value "{"x":5}"), expected one of ${SYNC_KEYS}; use one of them, or remove it`,
    ],
    [
      'TIDEMARK_SYNC__CONCURRENCY__X',
      '5',
      'environment: TIDEMARK_SYNC__CONCURRENCY__X leads to "x" inside a value that is not a mapping; correct the name',
    ],
    [
      'TIDEMARK_SYNC__TIMEFRAMES__0',
      '1m',
      'environment: TIDEMARK_SYNC__TIMEFRAMES__0 leads to "0" inside a value that is not a mapping; correct the name',
    ],
    [
      'TIDEMARK_EXCHANGES__KRAKEN__SYMBOLS',
      '[',
      'environment: TIDEMARK_EXCHANGES__KRAKEN__SYMBOLS line 1: unexpected end of the stream within a flow collection; correct the YAML there',
    ],
    [
      'TIDEMARK_EXCHANGES__KRAKEN__SYMBOLS',
      '['.repeat(10_000),
      'environment: TIDEMARK_EXCHANGES__KRAKEN__SYMBOLS line 1: nesting exceeded maxDepth (100); correct the YAML there',
    ],
  ])('is refused: %s=%.20s', (variable, value, problem) => {
    expect(problemsOf({}, { [variable]: value })).toEqual([problem]);
  });

  test.each(['TIDEMARK_', 'TIDEMARK_SYNC', 'TIDEMARK_SYNC__', 'TIDEMARK_SYNC____PROTO__', 'TIDEMARK_X__Y'])(
    'that names nothing is refused: %s',
    (variable) => {
      expect(problemsOf({}, { [variable]: '1' })[0]).toMatch(
        new RegExp(`^environment: ${variable} names no configuration value, expected TIDEMARK_<FILE>__<PATH> with a file of .*; `),
      );
    },
  );

  test('that is not set changes nothing', () => {
    expect(load({}, { TIDEMARK_SYNC__CONCURRENCY: undefined })).toEqual(loadConfig('config', {}));
  });
});
