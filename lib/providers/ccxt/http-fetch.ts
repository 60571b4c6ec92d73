import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Timer } from '#core/ports/timer.ts';
import { DeadlineError, withDeadline } from '#std/deadline.ts';
import { refuseStatus } from './http-status.ts';

const MAX_BODY_BYTES = 16 * 1024 * 1024;

export type HttpFetchOptions = {
  readonly exchange: Exchange;
  readonly timer: Timer;
  /** Total time for one request: connection, headers and the whole body. */
  readonly deadlineMs: number;
  readonly userAgent: string;
  /** Called with the `Date` header of every answer, UTC ms. */
  readonly onServerTime: (timeMs: number) => void;
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
  const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };
  return {
    async fetch(url, { method }) {
      const { exchange, timer, deadlineMs } = options;
      const target = new URL(url);
      const agent = agents[target.protocol as keyof typeof agents];
      try {
        return await withDeadline({ timer, deadlineMs, what: `${exchange} (${target.pathname})` }, (signal) => load(options, target, method, agent, signal));
      } catch (error) {
        throw toExchangeError(exchange, target, error);
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

async function load(options: HttpFetchOptions, url: URL, method: string, agent: HttpAgent, signal: AbortSignal): Promise<Response> {
  const response = await open(url, { method, agent, signal, headers: { accept: 'application/json', 'accept-encoding': 'gzip, deflate', 'user-agent': options.userAgent } });
  const body = decode(await readBody(response), response.headers['content-encoding']);
  const status = response.statusCode ?? 0;
  const serverTimeMs = Date.parse(response.headers.date ?? '');
  if (!Number.isNaN(serverTimeMs)) options.onServerTime(serverTimeMs);
  refuseStatus(options.exchange, { status, retryAfter: response.headers['retry-after'], contentType: response.headers['content-type'], body, url });
  return new Response(body, { status, headers: { 'content-type': 'application/json' } });
}

function open(url: URL, init: { method: string; agent: HttpAgent; signal: AbortSignal; headers: Record<string, string> }): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    request(url, init, resolve).on('error', reject).end();
  });
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      response.destroy();
      throw new RangeError(`the body exceeds ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decode(body: Buffer, encoding: string | undefined): string {
  const limit = { maxOutputLength: MAX_BODY_BYTES };
  if (encoding === 'gzip') return gunzipSync(body, limit).toString('utf8');
  if (encoding === 'deflate') return inflateSync(body, limit).toString('utf8');
  if (encoding === 'br') return brotliDecompressSync(body, limit).toString('utf8');
  return body.toString('utf8');
}

function toExchangeError(exchange: Exchange, url: URL, error: unknown): ExchangeError {
  if (error instanceof ExchangeError) return error;
  if (error instanceof DeadlineError) return new ExchangeError(error.message, { code: 'TIMEOUT', exchange, retryable: true }, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof RangeError ? 'BAD_PAYLOAD' : 'UNREACHABLE';
  return new ExchangeError(`${exchange} cannot be reached at ${url.origin}: ${reason}`, { code, exchange, retryable: true }, { cause: error });
}
