import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { RequestError } from './http-errors.ts';

/** Of the parameters in a URL these are taken; all others are settings of a client, which may not set any. */
export type StoreRequest = {
  readonly isWriter: boolean;
  readonly query: string;
  readonly database: string | null;
  readonly queryId: string;
  readonly defaultFormat: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly wantsCompression: boolean;
};

export function splitUrl(url: string): { readonly path: string; readonly search: URLSearchParams } {
  const mark = url.indexOf('?');
  return mark === -1
    ? { path: url, search: new URLSearchParams() }
    : { path: url.slice(0, mark), search: new URLSearchParams(url.slice(mark + 1)) };
}

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost)(:\d{1,5})?$/i;
const LOOPBACK_ORIGIN = /^https?:\/\/(127\.0\.0\.1|localhost)(:\d{1,5})?$/i;

/** A page of another site can reach this port from the user's own browser; it cannot hide its origin, nor the name it reached us by. */
export function foreignOrigin({ headers }: IncomingMessage): string | null {
  if (headers.host === undefined || !LOOPBACK_HOST.test(headers.host)) {
    return `the Host header "${headers.host ?? ''}" is not this machine; use 127.0.0.1 or localhost`;
  }
  if (headers.origin !== undefined && !LOOPBACK_ORIGIN.test(headers.origin))
    return `requests from the site "${headers.origin}" are not answered`;
  return headers['sec-fetch-site'] === 'cross-site' ? 'requests from other sites are not answered' : null;
}

type Credentials = { readonly user: string; readonly password: string };

/** Whether the request may write. Throws when a password is given that is not the writer's. */
export function authenticate({ headers }: IncomingMessage, search: URLSearchParams, writerPassword: string): boolean {
  const { user, password } = basicCredentials(headers.authorization) ?? {
    user: String(headers['x-clickhouse-user'] ?? search.get('user') ?? 'default'),
    password: String(headers['x-clickhouse-key'] ?? search.get('password') ?? ''),
  };
  const isWriter = user === 'writer';
  if (isWriter ? !sameText(password, writerPassword) : password !== '') {
    throw new RequestError(
      516,
      'AUTHENTICATION_FAILED',
      `${user}: Authentication failed: password is incorrect, or there is no user with such name`,
    );
  }
  return isWriter;
}

function basicCredentials(header: string | undefined): Credentials | null {
  if (header === undefined) return null;
  const [scheme, encoded = ''] = header.split(' ');
  if (scheme?.toLowerCase() !== 'basic')
    throw new RequestError(516, 'AUTHENTICATION_FAILED', 'Authentication failed: only Basic credentials are known here');
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? { user: text, password: '' } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** In a time that tells nothing about either. */
function sameText(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

export async function readRequest(request: IncomingMessage, search: URLSearchParams, isWriter: boolean): Promise<StoreRequest> {
  const body = await readBody(request);
  const inUrl = search.get('query');
  const header = request.headers['x-clickhouse-format'];
  return {
    isWriter,
    query: inUrl === null || inUrl === '' ? body : body === '' ? inUrl : `${inUrl}\n${body}`,
    database: search.get('database') ?? optional(request.headers['x-clickhouse-database']),
    queryId: queryIdOf(search.get('query_id')),
    defaultFormat: formatName(optional(header) ?? search.get('default_format') ?? 'TabSeparated'),
    parameters: new Map(
      [...search].flatMap(([key, value]) => (key.startsWith('param_') ? [[key.slice('param_'.length), value] as const] : [])),
    ),
    wantsCompression: search.get('enable_http_compression') === '1',
  };
}

function optional(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && header !== '' ? header : null;
}

/** It comes back in a header, so only what is harmless there is taken. */
function queryIdOf(given: string | null): string {
  return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

function formatName(name: string): string {
  if (!/^\w{1,64}$/.test(name)) throw new RequestError(73, 'UNKNOWN_FORMAT', `Unknown format ${JSON.stringify(name)}`);
  return name;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

async function readBody(request: IncomingMessage): Promise<string> {
  if (/^multipart\//i.test(request.headers['content-type'] ?? '')) {
    throw new RequestError(779, 'UNSUPPORTED_MEDIA_TYPE', 'multipart bodies are not taken; send the query as plain text');
  }
  const bytes = await readLimited(decoded(request)).finally(() => request.unpipe().resume());
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RequestError(36, 'BAD_ARGUMENTS', 'the body is not UTF-8 text; the embedded engine takes text formats only', { cause });
  }
}

function decoded(request: IncomingMessage): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity' || encoding === '') return request;
  const decoder = DECODERS[encoding]?.();
  if (decoder === undefined)
    throw new RequestError(
      89,
      'UNKNOWN_COMPRESSION_METHOD',
      `Unknown content encoding "${encoding}"; use one of ${Object.keys(DECODERS).join(', ')}`,
    );
  request.on('error', (error) => decoder.destroy(error));
  return request.pipe(decoder);
}

async function readLimited(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Without destroying: on the same socket the refusal has to go out.
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > MAX_BODY_BYTES)
        throw new RequestError(229, 'QUERY_IS_TOO_LARGE', `the body has more than ${MAX_BODY_BYTES} bytes; send less at a time`);
      chunks.push(chunk as Buffer);
    }
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(36, 'BAD_ARGUMENTS', `the body cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  return Buffer.concat(chunks);
}
