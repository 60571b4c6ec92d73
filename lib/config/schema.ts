import * as z from 'zod/mini';
import { DEPLOYMENT_PROFILES } from '#core/deployment-profile.ts';
import { EXCHANGES, type Exchange } from '#core/exchange.ts';
import { TIMEFRAMES } from '#core/timeframe.ts';
import { integer, listOnce, object, oneOf, SYMBOL, textLike, textOfLength, withDefault } from './shapes.ts';

/** As the URL parser writes them: 169.254.x.x in every spelling, also inside IPv6, fe80::/10, and the clouds' metadata services. */
const LINK_LOCAL_HOST = /^(169\.254\.|\[::ffff:a9fe:|\[fe[89ab][0-9a-f]:|\[fd00:ec2::254\]$|metadata\.google\.internal\.?$)/;

/** A URL without user name, password and query, of one of the given schemes, and not of a link-local or metadata address. */
function urlOf(schemes: readonly [string, string], example: string) {
  const isUrl = (value: unknown): boolean => {
    if (typeof value !== 'string' || !URL.canParse(value)) return false;
    const { protocol, username, password, hostname, search, hash } = new URL(value);
    return schemes.includes(protocol.slice(0, -1)) && username + password + search + hash === '' && !LINK_LOCAL_HOST.test(hostname);
  };
  const error = `an ${schemes.join(' or ')} URL such as ${example}, without user name, password and query, and not of a link-local or metadata address`;
  return z.custom<string>(isUrl, { error: error.replace('an w', 'a w').replace('an r', 'a r') });
}

const HTTP_URL = urlOf(['http', 'https'], 'https://api.example.com');
const WEB_SOCKET_URL = urlOf(['ws', 'wss'], 'wss://ws.example.com');
const REDIS_URL = urlOf(['redis', 'rediss'], 'redis://127.0.0.1:6379');

const ENVIRONMENT_NAME = z.custom<string>((value) => typeof value === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(value), {
  error: 'the name of an environment variable in capitals, never the secret itself',
});

const BOOLEAN = z.boolean({ error: 'true or false (not yes, no, on or off)' });

const EXCHANGE = object({
  enabled: withDefault(BOOLEAN, true),
  rest_url: z.optional(HTTP_URL),
  ws_url: z.optional(WEB_SOCKET_URL),
  live: withDefault(oneOf(['native', 'ccxt']), 'native'),
  symbols: listOnce(SYMBOL, 'symbol', 2000),
});

const EXCHANGES_FILE = object(
  Object.fromEntries(EXCHANGES.map((exchange) => [exchange, z.optional(EXCHANGE)])) as Record<Exchange, z.ZodMiniOptional<typeof EXCHANGE>>,
).check(
  z.refine((exchanges) => Object.values(exchanges).some((exchange) => exchange?.enabled), {
    error: `at least one enabled exchange of ${EXCHANGES.join(', ')}`,
  }),
);

const AGES = 'a list of at most 5 ages in hours';

const SYNC_FILE = object({
  timeframes: listOnce(oneOf(TIMEFRAMES), 'timeframe', TIMEFRAMES.length),
  backfill_limit: integer(100, 100_000),
  latest_candles: integer(5, 300),
  recheck_candles: integer(5, 300),
  reread_after_hours: z.array(integer(1, 720), { error: AGES }).check(z.maxLength(5, { error: AGES })),
  close_grace_ms: integer(0, 30_000),
  delay_seconds: integer(0, 50),
  request_deadline_ms: integer(100, 60_000),
  concurrency: integer(1, 64),
}).check(
  z.refine((sync) => sync.close_grace_ms <= sync.delay_seconds * 1000, {
    path: ['close_grace_ms'],
    error: 'at most delay_seconds x 1000, or a tick would run before its own candle counts as closed; lower it or raise delay_seconds',
  }),
);

const LENGTH = integer(2, 5000);
/** The stochastic's parts may be 1: then nothing is smoothed. */
const SMOOTHING = integer(1, 5000);

const INDICATOR = z.discriminatedUnion(
  'kind',
  [
    object({ kind: z.literal('sma'), length: LENGTH }),
    object({ kind: z.literal('ema'), length: LENGTH }),
    object({ kind: z.literal('rsi'), length: LENGTH }),
    object({ kind: z.literal('macd'), fast: LENGTH, slow: LENGTH, signal: LENGTH }).check(
      z.refine((macd) => macd.fast < macd.slow, {
        path: ['fast'],
        error: 'a length below that of slow',
      }),
    ),
    object({ kind: z.literal('stochastic'), k: SMOOTHING, smooth_k: SMOOTHING, d: SMOOTHING }),
  ],
  { error: 'one of sma, ema, rsi, macd, stochastic' },
);

const INDICATORS_FILE = object({
  lookback: integer(200, 5000),
  min_candles: integer(1, 5000),
  max_filled_candles: integer(0, 10_000),
  delay_seconds: integer(0, 55),
  ttl_seconds: integer(60, 86_400),
  indicators: listOnce(INDICATOR, 'indicator', 100),
});

const DATABASES_FILE = object({
  clickhouse: object({
    mode: oneOf(['embedded', 'http']),
    url: HTTP_URL,
    username: textOfLength('a user name', 1, 64),
    password_env: ENVIRONMENT_NAME,
    database: textLike('a name of letters, digits and _', /^[a-zA-Z_]\w{0,62}$/),
    ttl_days: integer(0, 36_500),
    deadline_ms: integer(100, 600_000),
  }),
  cache: object({
    provider: oneOf(['memory', 'redis']),
    url: REDIS_URL,
    username: z.string({ error: 'a user name, or nothing' }).check(z.maxLength(64, { error: 'a user name of at most 64 characters' })),
    password_env: ENVIRONMENT_NAME,
    deadline_ms: integer(10, 60_000),
  }),
});

const AWS_NAME = z.custom<string>((value) => typeof value === 'string' && /^[a-zA-Z0-9_.-]{3,128}$/.test(value), {
  error: 'a name of 3 to 128 letters, digits, _, . and -',
});

const STREAMING_FILE = object({
  collector: object({
    enabled: BOOLEAN,
    task: integer(1, 1000),
    tasks: integer(1, 1000),
    coalesce_ms: integer(20, 10_000),
    price_ttl_seconds: integer(10, 86_400),
    flush_ms: integer(20, 10_000),
    record_trades: integer(1, 5000),
    buffer_trades: integer(1000, 1_000_000),
    repair_trades: integer(0, 100_000),
    drain_ms: integer(100, 2000),
  }).check(z.refine((collector) => collector.task <= collector.tasks, { path: ['task'], error: 'a task from 1 to tasks' })),
  quality: object({
    max_age_ms: integer(1000, 3_600_000),
    max_ahead_ms: integer(0, 600_000),
    jump_percent: integer(1, 1000),
    outlier_trades: integer(11, 1001),
    outlier_spreads: integer(1, 1000),
    outlier_floor_bps: integer(1, 1000),
    venue_percent: integer(1, 1000),
    venue_count: integer(2, EXCHANGES.length + 1),
    venue_fresh_ms: integer(100, 600_000),
    level_trades: integer(2, 100),
    level_ms: integer(100, 600_000),
    lone_venue_ms: integer(0, 86_400_000),
  }),
  stream: object({
    provider: oneOf(['memory', 'kinesis']),
    max_records: integer(1, 10_000_000),
    name: AWS_NAME,
    deadline_ms: integer(100, 60_000),
  }),
  archive: object({
    provider: oneOf(['memory', 'files', 's3']),
    bucket: AWS_NAME,
    deadline_ms: integer(100, 60_000),
    window_seconds: integer(1, 300),
  }),
});

/** What CloudWatch offers. */
const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653];

const TEXT = (error: string, pattern: RegExp) => textLike(error, new RegExp(`^(?:${pattern.source})$`));
const TEXT_OR_NOTHING = (what: string, pattern: RegExp) => TEXT(`${what}, or nothing`, new RegExp(`${pattern.source}|`));

const SECRET_NAME = TEXT_OR_NOTHING('the name of a secret in Secrets Manager, never the secret itself', /[A-Za-z0-9/_+=.@-]{1,512}/);
const IMAGE = TEXT('a container image such as public.ecr.aws/docker/library/node:24-slim', /[a-z0-9][\w.:/@-]{2,255}/);

const DEPLOYMENT_FILE = object({
  region: TEXT('an AWS region such as eu-west-1', /[a-z]{2}(-[a-z]+)+-\d/),
  profile: oneOf(DEPLOYMENT_PROFILES),
  clickhouse: object({
    mode: oneOf(['ec2', 'cloud', 'external']),
    instance_type: TEXT('an arm64 instance type such as t4g.large, or nothing for that of the profile', /[a-z]+\d+g[a-z]*\.[a-z0-9]+|/),
    volume_gb: integer(10, 16_384),
    ami: TEXT_OR_NOTHING('an image id such as ami-0123456789abcdef0', /ami-[0-9a-f]{8,17}/),
    url: z.union([z.literal(''), urlOf(['https', 'https'], 'https://store.example.com:8443')], {
      error: 'an https URL such as https://store.example.com:8443, without user name, password and query, or nothing',
    }),
    password_secret: SECRET_NAME,
  }).check(
    z.refine((clickhouse) => clickhouse.mode === 'ec2' || (clickhouse.url !== '' && clickhouse.password_secret !== ''), {
      path: ['url'],
      error: 'with mode cloud and external an https URL, and the name of a secret in password_secret',
    }),
  ),
  cache: object({
    provider: oneOf(['valkey-serverless', 'on-host', 'external']),
    url: z.union([z.literal(''), urlOf(['rediss', 'rediss'], 'rediss://cache.example.com:6379')], {
      error: 'a rediss URL such as rediss://cache.example.com:6379, without user name, password and query, or nothing',
    }),
    password_secret: SECRET_NAME,
  }).check(
    z.refine((cache) => cache.provider !== 'external' || cache.url !== '', {
      path: ['url'],
      error: 'with provider external a rediss URL',
    }),
  ),
  collector: object({
    image: oneOf(['none', 'docker']),
    tasks: integer(1, 20),
    node_image: IMAGE,
    fetch_image: IMAGE,
  }),
  budget_usd: integer(0, 1_000_000),
  alarm_email: TEXT_OR_NOTHING('an e-mail address', /[^\s@]{1,64}@[^\s@]{1,250}/),
  log_retention_days: z.literal(LOG_RETENTION_DAYS, { error: `one of ${LOG_RETENTION_DAYS.join(', ')}` }),
}).check(
  z.refine(({ clickhouse, cache }) => cache.provider !== 'on-host' || clickhouse.mode === 'ec2', {
    path: ['cache', 'provider'],
    error: 'on-host only with clickhouse.mode ec2, whose machine it shares',
  }),
);

/** One schema for everything in `config/`: a file a key. */
export const CONFIG_FILES = {
  exchanges: EXCHANGES_FILE,
  sync: SYNC_FILE,
  indicators: INDICATORS_FILE,
  databases: DATABASES_FILE,
  streaming: STREAMING_FILE,
  deployment: DEPLOYMENT_FILE,
} as const;

export type ConfigFile = keyof typeof CONFIG_FILES;
