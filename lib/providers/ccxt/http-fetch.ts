import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Timer } from '#core/ports/timer.ts';
import { DeadlineError, withDeadline } from '#std/deadline.ts';
import { refuseStatus } from './http-status.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';

const MAX_BODY_BYTES = 5 * 1024 * 1024;

export type HttpFetchOptions = {
  readonly exchange: Exchange;
  readonly timer: Timer;
  /** Total time for one request: connection, headers and the whole body. */
  readonly deadlineMs: number;
  readonly userAgent: string;
  /** Called with the `Date` header of every answer, UTC ms. */
  readonly onServerTime: (timeMs: number) => void;
  /** The caller's time, UTC ms, for answers that tell none. */
  readonly nowMs: () => number;
  /** Called before every request; what it throws is thrown instead of asking. */
  readonly beforeRequest?: () => void;
  /** Called with the headers of every answer, before its status is looked at. */
  readonly onHeaders?: (headers: IncomingHttpHeaders) => Promise<void>;
  /** Proxies as node:http takes them; addresses of this machine are never asked through one. */
  readonly proxies?: ProxyEnvironment;
};

export type HttpFetch = {
  readonly fetch: (url: string, init: { readonly method: string }) => Promise<Response>;
  readonly close: () => void;
};

/**
 * The fetch under ccxt. ccxt's own time-out ends with the headers, its parser takes an HTML page for candles, and socket errors
 * escape its classes; so this one reads the whole body within one deadline, caps its size, never follows a redirect, and turns every
 * status and content type that cannot be data into an `ExchangeError` by itself.
 */
export function createHttpFetch(options: HttpFetchOptions): HttpFetch {
  const agents = agentsOf({});
  const proxied = agentsOf(options.proxies ?? {});
  return {
    async fetch(url, { method }) {
      const { exchange, timer, deadlineMs } = options;
      const target = new URL(url);
      const agent = (isThisMachine(target) ? agents : proxied)[target.protocol as keyof typeof agents];
      options.beforeRequest?.();
      try {
        return await withDeadline({ timer, deadlineMs, what: `${exchange} (${target.pathname})` }, (signal) =>
          load(options, target, method, agent, signal),
        );
      } catch (error) {
        throw toExchangeError(exchange, target, error);
      }
    },
    close() {
      for (const agent of [...Object.values(agents), ...Object.values(proxied)]) agent.destroy();
    },
  };
}

function agentsOf(proxyEnv: ProxyEnvironment) {
  return { 'http:': new HttpAgent({ keepAlive: true, proxyEnv }), 'https:': new HttpsAgent({ keepAlive: true, proxyEnv }) };
}

function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

async function load(options: HttpFetchOptions, url: URL, method: string, agent: HttpAgent, signal: AbortSignal): Promise<Response> {
  const response = await open(url, {
    method,
    agent,
    signal,
    headers: { accept: 'application/json', 'accept-encoding': 'gzip, deflate', 'user-agent': options.userAgent },
  });
  const body = decode(options.exchange, await readBody(options.exchange, response), response.headers['content-encoding']);
  const status = response.statusCode ?? 0;
  const serverTimeMs = Date.parse(response.headers.date ?? '');
  if (!Number.isNaN(serverTimeMs)) options.onServerTime(serverTimeMs);
  await options.onHeaders?.(response.headers);
  refuseStatus(options.exchange, {
    status,
    atMs: Number.isNaN(serverTimeMs) ? options.nowMs() : serverTimeMs,
    retryAfter: response.headers['retry-after'],
    contentType: response.headers['content-type'],
    body,
    url,
  });
  return new Response(body, { status, headers: { 'content-type': 'application/json' } });
}

function open(
  url: URL,
  init: { method: string; agent: HttpAgent; signal: AbortSignal; headers: Record<string, string> },
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    request(url, init, resolve).on('error', reject).end();
  });
}

async function readBody(exchange: Exchange, response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      response.destroy();
      throw badBody(exchange, new RangeError(`it exceeds ${MAX_BODY_BYTES} bytes`));
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const DECODERS: Readonly<Record<string, (body: Buffer, limit: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

function decode(exchange: Exchange, body: Buffer, encoding = 'identity'): string {
  try {
    return (DECODERS[encoding]?.(body, { maxOutputLength: MAX_BODY_BYTES }) ?? body).toString('utf8');
  } catch (cause) {
    throw badBody(exchange, cause);
  }
}

function badBody(exchange: Exchange, cause: unknown): ExchangeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ExchangeError(
    `${exchange} answered with a body that cannot be read: ${reason}`,
    { code: 'BAD_PAYLOAD', exchange, retryable: true },
    { cause },
  );
}

function toExchangeError(exchange: Exchange, url: URL, error: unknown): ExchangeError {
  if (error instanceof ExchangeError) return error;
  if (error instanceof DeadlineError)
    return new ExchangeError(error.message, { code: 'TIMEOUT', exchange, retryable: true }, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new ExchangeError(
    `${exchange} cannot be reached at ${url.origin}: ${reason}`,
    { code: 'UNREACHABLE', exchange, retryable: true },
    { cause: error },
  );
}
