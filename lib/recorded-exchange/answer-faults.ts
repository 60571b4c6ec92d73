import { gzipSync } from 'node:zlib';
import type { Exchange } from '#core/exchange.ts';
import type { AnswerFault, FaultRule } from '#core/fault-plan.ts';
import type { RequestTarget } from './request-target.ts';
import type { ListedMarket } from './venue-market.ts';
import { isJsonObject, jsonAnswer, type VenueAnswer } from './venue-protocol.ts';

/** An answer on its way out: bytes where the fault is in the packing. */
export type SpoiledAnswer = Omit<VenueAnswer, 'body'> & { readonly body: string | Uint8Array };

export type Asked = {
  readonly exchange: Exchange;
  readonly target: RequestTarget;
  readonly query: URLSearchParams;
  readonly markets: readonly ListedMarket[];
  readonly nowMs: number;
};

const PAGE = '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>';
const HUGE_BYTES = 24 * 1024 * 1024;

const packedSpaces = (() => {
  let bomb: Uint8Array | undefined;
  return () => (bomb ??= gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 1 }));
})();

const SPOILERS: Readonly<Record<AnswerFault, (answer: VenueAnswer, rule: FaultRule, asked: Asked) => SpoiledAnswer>> = {
  status: (_answer, rule) => statusAnswer(rule),
  page: () => ({ status: 200, body: PAGE, headers: { 'Content-Type': 'text/html; charset=utf-8' } }),
  empty_body: (answer) => ({ ...answer, body: '' }),
  null_body: (answer) => ({ ...answer, body: 'null' }),
  word_body: (answer) => ({ ...answer, body: '"ok"' }),
  empty_object: (answer) => ({ ...answer, body: '{}' }),
  no_rows: (answer) => ({ ...answer, body: withoutRows(answer.body) }),
  truncated: (answer) => ({ ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) }),
  gzip_bomb: (answer) => ({ ...answer, body: packedSpaces(), headers: { ...answer.headers, 'Content-Encoding': 'gzip' } }),
  huge_body: (answer) => ({ ...answer, body: Buffer.alloc(HUGE_BYTES, 0x20) }),
  wrong_encoding: (answer) => ({ ...answer, headers: { ...answer.headers, 'Content-Encoding': 'gzip' } }),
  own_error: (_answer, _rule, { exchange }) => ownError(PROTOCOLS[exchange]),
  delisted: (answer, rule, asked) => delisted(answer, rule, asked),
  clock_skew: (answer, rule, { nowMs }) => ({
    ...answer,
    headers: { ...answer.headers, Date: new Date(nowMs + (rule.skewSeconds ?? 0) * 1000).toUTCString() },
  }),
};

/** What the answer becomes. `answer` is the venue's own. */
export function spoilAnswer(answer: VenueAnswer, rule: FaultRule & { readonly mode: AnswerFault }, asked: Asked): SpoiledAnswer {
  return SPOILERS[rule.mode](answer, rule, asked);
}

function statusAnswer({ status = 500, retryAfter }: FaultRule): SpoiledAnswer {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'Retry-After': retryAfter };
  if (status === 451) return { ...jsonAnswer({ code: 0, msg: 'Service unavailable from a restricted location' }, status), headers };
  if (status === 403) return { status, body: PAGE, headers: { ...headers, 'Content-Type': 'text/html' } };
  if (status >= 300 && status < 400) return { status, body: '', headers: { ...headers, Location: 'http://127.0.0.1:9/elsewhere' } };
  return { ...jsonAnswer({ code: -1003, msg: `made up: ${status}` }, status), headers };
}

/** A list of nothing, in the protocol of the answer. */
function withoutRows(body: string): string {
  const parsed: unknown = JSON.parse(body);
  if (Array.isArray(parsed)) return '[]';
  if (!isJsonObject(parsed)) return body;
  if (Array.isArray(parsed['candles'])) return JSON.stringify({ ...parsed, candles: [] });
  const result = parsed['result'];
  if (!isJsonObject(result)) return body;
  const emptied = Object.entries(result).map(([key, value]) => [key, Array.isArray(value) ? [] : value]);
  return JSON.stringify({ ...parsed, result: Object.fromEntries(emptied) });
}

type Protocol = 'binance' | 'coinbase' | 'kraken';

const PROTOCOLS = {
  binance: 'binance',
  binanceus: 'binance',
  coinbase: 'coinbase',
  kraken: 'kraken',
} as const satisfies Record<Exchange, Protocol>;

/** "Not now" in the venue's own words: Kraken says it inside status 200. */
function ownError(protocol: Protocol): VenueAnswer {
  const errors: Readonly<Record<Protocol, VenueAnswer>> = {
    binance: jsonAnswer({ code: -1001, msg: 'Internal error; unable to process your request. Please try again.' }, 500),
    coinbase: jsonAnswer({ error: 'INTERNAL', message: 'internal error', error_details: '' }, 500),
    kraken: jsonAnswer({ error: ['EService:Unavailable'] }),
  };
  return errors[protocol];
}

/** As if the venue had never had the market: not in its list, and unknown when asked for. */
function delisted(answer: VenueAnswer, { symbols }: FaultRule, { exchange, target, query, markets }: Asked): VenueAnswer {
  const gone = markets.filter(({ symbol }) => symbols === 'all' || symbols.includes(symbol)).map(({ id }) => id);
  const unknown: Readonly<Record<Protocol, VenueAnswer>> = {
    binance: jsonAnswer({ code: -1121, msg: 'Invalid symbol.' }, 400),
    coinbase: jsonAnswer(
      { error: 'NOT_FOUND', error_details: 'valid product_id is required', message: 'valid product_id is required' },
      404,
    ),
    kraken: jsonAnswer({ error: ['EQuery:Unknown asset pair'] }),
  };
  const protocol: Protocol = PROTOCOLS[exchange];
  if (target.endpoint !== 'markets') return unknown[protocol];
  const parsed: unknown = JSON.parse(answer.body);
  if (!isJsonObject(parsed)) return answer;
  if (protocol === 'binance') {
    // One unknown name fails the whole call, as it does there.
    if (gone.some((id) => query.get('symbols')?.includes(`"${id}"`) === true || query.get('symbol') === id)) return unknown.binance;
    return jsonAnswer({ ...parsed, symbols: without(parsed['symbols'], 'symbol', gone) });
  }
  if (protocol === 'coinbase') return jsonAnswer({ ...parsed, products: without(parsed['products'], 'product_id', gone) });
  const pairs = Object.entries(parsed['result'] ?? {}).filter(([id]) => !gone.includes(id));
  return jsonAnswer({ ...parsed, result: Object.fromEntries(pairs) });
}

function without(entries: unknown, name: string, gone: readonly string[]): unknown {
  return Array.isArray(entries)
    ? entries.filter((entry: unknown) => !(isJsonObject(entry) && gone.includes(String(entry[name]))))
    : entries;
}
