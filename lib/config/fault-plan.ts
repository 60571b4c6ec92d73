import * as z from 'zod/mini';
import { ConfigError } from '#core/errors.ts';
import { EXCHANGES } from '#core/exchange.ts';
import {
  CUT_POINTS,
  FAULT_ENDPOINTS,
  FAULT_MODES,
  ROW_FAULTS,
  ROW_FIELDS,
  SOCKET_FAULTS,
  type FaultMode,
  type FaultPlan,
  type FaultRule,
} from '#core/fault-plan.ts';
import { TIMEFRAMES } from '#core/timeframe.ts';
import { describeIssues } from './problems.ts';
import { integer, list, object, oneOf, SYMBOL, withDefault } from './shapes.ts';
import { readYamlFile } from './yaml-file.ts';

/**
 * Reads and checks a plan of faults for the recorded exchange; the format is in docs/faults.md. Throws `ConfigError` with one line per
 * problem: file, path, value, expectation and cure.
 */
export function loadFaultPlan(file: string): FaultPlan {
  const document = readYamlFile(file);
  const parsed = PLAN.safeParse(document);
  if (!parsed.success) throw new ConfigError(describeIssues(file, document, parsed.error));
  return { seed: parsed.data.seed, rules: parsed.data.faults.map((entry, index) => ruleOf(`${file}: faults[${index}]`, entry)) };
}

// ---- shape of the file ----

const MAX_RULES = 500;
const TIME_EXPECTED = 'a UTC time such as 2023-03-11T00:00:00Z';
const RETRY_EXPECTED = 'seconds, or any text of at most 100 characters that the header shall have';
const PROBABILITY_EXPECTED = 'a number above 0 up to 1';

const time = z.pipe(
  z.custom<string>((value) => parseTime(value) !== undefined, { error: TIME_EXPECTED }),
  z.transform((text) => parseTime(text) ?? 0),
);

/** One value, or a list of several. */
function oneOrMore<T extends z.ZodMiniType>(item: T, noun: string) {
  const one = z.pipe(
    item,
    z.transform((value: z.output<T>) => [value]),
  );
  return z.union([one, list(item, noun, 200)], { error: `one of the ${noun}, or a list of them` });
}

const RULE = object({
  mode: oneOf(FAULT_MODES),
  exchange: z.optional(oneOrMore(z.enum(EXCHANGES), `exchanges ${EXCHANGES.join(', ')}`)),
  symbol: z.optional(oneOrMore(SYMBOL, 'symbols such as BTC/USDT')),
  timeframe: z.optional(oneOrMore(z.enum(TIMEFRAMES), `timeframes ${TIMEFRAMES.join(', ')}`)),
  endpoint: z.optional(oneOrMore(z.enum(FAULT_ENDPOINTS), `endpoints ${FAULT_ENDPOINTS.join(', ')}`)),
  from: z.optional(time),
  until: z.optional(time),
  after: withDefault(integer(0, 1_000_000_000), 0),
  every: withDefault(integer(1, 1_000_000), 1),
  probability: withDefault(
    z.number({ error: PROBABILITY_EXPECTED }).check(z.gt(0, { error: PROBABILITY_EXPECTED }), z.lte(1, { error: PROBABILITY_EXPECTED })),
    1,
  ),
  times: z.optional(integer(1, 1_000_000_000)),
  status: z.optional(integer(200, 599)),
  retry_after: z.optional(
    z.union([z.string().check(z.maxLength(100, { error: RETRY_EXPECTED })), z.pipe(z.number(), z.transform(String))], {
      error: RETRY_EXPECTED,
    }),
  ),
  at_byte: z.optional(integer(0, 1_000_000_000)),
  rows: z.optional(integer(1, 10_000)),
  field: z.optional(oneOf(ROW_FIELDS)),
  factor: z.optional(z.number({ error: 'a number such as 1000 or 0.001' }).check(z.positive({ error: 'a number above 0' }))),
  skew_seconds: z.optional(integer(-1_000_000, 1_000_000)),
  count: z.optional(integer(1, 1_000_000)),
  at: z.optional(oneOf(CUT_POINTS)),
  frames: z.optional(
    list(z.string({ error: 'a text' }).check(z.maxLength(100_000, { error: 'a text of at most 100000 characters' })), 'frames', 100),
  ),
});

const PLAN = object({ seed: withDefault(integer(0, 4_294_967_295), 1), faults: list(RULE, 'faults', MAX_RULES) });

type RuleEntry = z.infer<typeof RULE>;

/** Seconds, or parts of them: a fault may begin in the middle of a minute. */
function parseTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(value)) return undefined;
  const timeMs = Date.parse(value);
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(value.slice(0, 19)) ? timeMs : undefined;
}

// ---- what a shape cannot say ----

const PARAMETERS = ['status', 'retry_after', 'at_byte', 'rows', 'field', 'factor', 'skew_seconds', 'count', 'at', 'frames'] as const;
type Parameter = (typeof PARAMETERS)[number];

const OWN: Readonly<Partial<Record<FaultMode, { readonly needs?: readonly Parameter[]; readonly may?: readonly Parameter[] }>>> = {
  cut: { may: ['at_byte'] },
  stall_body: { may: ['at_byte'] },
  status: { needs: ['status'], may: ['retry_after'] },
  clock_skew: { needs: ['skew_seconds'] },
  missing_field: { may: ['field'] },
  null_field: { may: ['field'] },
  word_field: { may: ['field'] },
  time_unit: { needs: ['factor'] },
  socket_lose_trades: { needs: ['count'] },
  socket_repeat_messages: { needs: ['count'] },
  socket_cut: { needs: ['at', 'count'] },
  socket_refuse_handshake: { needs: ['status', 'count'], may: ['retry_after'] },
  socket_send_frames: { needs: ['frames'] },
};

const ONE_SYMBOL = new Set<FaultMode>(['socket_silent_symbol', 'socket_lose_trades', 'socket_refuse_symbol', 'delisted']);

function ruleOf(where: string, entry: RuleEntry): FaultRule {
  checkParameters(where, entry);
  const { mode, from = null, until = null } = entry;
  if (from !== null && until !== null && until <= from)
    throw new ConfigError(`${where}.until "${new Date(until).toISOString()}" is not after its from; set a later time`);
  if (ONE_SYMBOL.has(mode) && entry.symbol === undefined)
    throw new ConfigError(`${where}.symbol is missing, expected the symbols that "${mode}" is about; add it`);
  const isRow = (ROW_FAULTS as readonly FaultMode[]).includes(mode);
  return {
    mode,
    exchanges: entry.exchange ?? 'all',
    symbols: entry.symbol ?? 'all',
    timeframes: entry.timeframe ?? 'all',
    endpoints: isRow ? ['candles'] : (entry.endpoint ?? (mode === 'outage' || mode === 'delisted' ? 'all' : ['candles'])),
    fromMs: from,
    untilMs: until,
    after: entry.after,
    every: entry.every,
    probability: entry.probability,
    times: entry.times ?? null,
    status: entry.status,
    retryAfter: entry.retry_after,
    atByte: entry.at_byte,
    rows: entry.rows,
    field: entry.field,
    factor: entry.factor,
    skewSeconds: entry.skew_seconds,
    count: entry.count,
    at: entry.at,
    frames: entry.frames,
  };
}

function checkParameters(where: string, entry: RuleEntry): void {
  const { mode } = entry;
  const { needs = [], may = [] } = OWN[mode] ?? {};
  const isRow = (ROW_FAULTS as readonly FaultMode[]).includes(mode);
  const allowed = new Set<Parameter>([...needs, ...may, ...(isRow ? (['rows'] as const) : [])]);
  const stray = PARAMETERS.find((name) => entry[name] !== undefined && !allowed.has(name));
  if (stray !== undefined) {
    const own = allowed.size === 0 ? 'it has none of its own' : `it has ${[...allowed].join(', ')}`;
    throw new ConfigError(`${where}.${stray} does not belong to the mode "${mode}"; ${own}; remove it`);
  }
  const missing = needs.find((name) => entry[name] === undefined);
  if (missing !== undefined) throw new ConfigError(`${where}.${missing} is missing, expected with the mode "${mode}"; add it`);
  if (isRow && entry.endpoint !== undefined && String(entry.endpoint) !== 'candles')
    throw new ConfigError(`${where}.endpoint is "${String(entry.endpoint)}", expected candles for the mode "${mode}"; remove it`);
  if ((SOCKET_FAULTS as readonly FaultMode[]).includes(mode)) refuseRequestParts(where, entry);
}

/** Faults of sockets begin and end by the clock alone. */
function refuseRequestParts(where: string, entry: RuleEntry): void {
  const { mode, after, every, probability } = entry;
  const given = (['timeframe', 'endpoint', 'times'] as const).filter((name) => entry[name] !== undefined);
  const [stray] = [
    ...given,
    ...(after === 0 ? [] : ['after']),
    ...(every === 1 ? [] : ['every']),
    ...(probability === 1 ? [] : ['probability']),
  ];
  if (stray !== undefined) throw new ConfigError(`${where}.${stray} is about requests, expected none with the mode "${mode}"; remove it`);
}
