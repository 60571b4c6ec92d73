import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConfigError } from '#core/errors.ts';
import { createPageApi, type PageApi, type PageApiOptions } from './page-api.ts';
import { rawAnswer, SECURITY_HEADERS } from './page-headers.ts';
import { loadStaticFiles, type StaticFile } from './static-files.ts';

const HOST = '127.0.0.1';
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 100;

export type PageServerOptions = PageApiOptions & {
  /** 0 takes any free port. */
  readonly port: number;
  /** The folder with `index.html`, the scripts and the style of the page. */
  readonly webDirectory: string;
  /** How long a client may take for a request, and the store for an answer. */
  readonly requestTimeoutMs?: number | undefined;
};

export type PageServer = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Ends open connections as well. */
  close(): Promise<void>;
};

/**
 * Serves the page and its data to this machine only. Reading needs no token; there is nothing to write.
 * Rejects with `ConfigError` when the port cannot be had.
 */
export async function startPageServer(options: PageServerOptions): Promise<PageServer> {
  const files = loadStaticFiles(options.webDirectory);
  const api = createPageApi(options);
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const server = createServer({
    requestTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    connectionsCheckingInterval: Math.min(1000, timeoutMs),
    // Checked here, so that this refusal carries the same headers as all others.
    requireHostHeader: false,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', refuseConnection);
  const port = await listen(server, options.port);
  const own = ownHosts(port);
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    response.setTimeout(timeoutMs, () => giveUp(response, timeoutMs));
    const refusal = refusalOf(request, own);
    if (refusal === null) respond(request, response, files, api);
    else refuse(response, refusal);
  };
  server.on('request', answer);
  server.on('checkContinue', answer);
  server.on('checkExpectation', answer);
  return { url: `http://${HOST}:${port}`, port, close: () => close(server) };
}

function ownHosts(port: number): ReadonlySet<string> {
  // Browsers leave out the port that HTTP has by itself.
  return new Set([HOST, 'localhost'].flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]));
}

type Refusal = { readonly status: number; readonly text: string };

function refusalOf(request: IncomingMessage, own: ReadonlySet<string>): Refusal | null {
  const { host, origin } = request.headers;
  // Names that a stranger's DNS points here (DNS rebinding) arrive with that name.
  if (host === undefined || !own.has(host.toLowerCase()))
    return { status: 403, text: `this page answers to ${[...own].join(' and ')} only` };
  if (origin !== undefined && !isOwnOrigin(origin, own))
    return { status: 403, text: 'this page answers to itself only, not to other sites' };
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, text: 'there is nothing to write here, expected GET or HEAD' };
  if (hasBody(request)) return { status: 413, text: 'a request with a body is not read, expected none' };
  return null;
}

function isOwnOrigin(origin: string, own: ReadonlySet<string>): boolean {
  return origin.startsWith('http://') && own.has(origin.slice('http://'.length));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function refuse(response: ServerResponse, { status, text }: Refusal): void {
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  // What the client still wants to send is not waited for.
  response.setHeader('Connection', 'close');
  sendText(response, status, text);
}

function respond(request: IncomingMessage, response: ServerResponse, files: ReadonlyMap<string, StaticFile>, api: PageApi): void {
  const target = request.url ?? '';
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  const file = files.get(path);
  if (file !== undefined) send(response, 200, file);
  else if (!path.startsWith('/api/')) sendText(response, 404, 'not found');
  else void api(path, query).then(({ status, body }) => sendJson(response, status, body));
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, { contentType: 'application/json; charset=utf-8', body: Buffer.from(JSON.stringify(body)) });
}

function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, { contentType: 'text/plain; charset=utf-8', body: Buffer.from(`${text}\n`) });
}

function send(response: ServerResponse, status: number, { contentType, body }: StaticFile): void {
  if (response.headersSent) return;
  response.writeHead(status, { ...SECURITY_HEADERS, 'Content-Type': contentType, 'Content-Length': body.length });
  response.end(body);
}

/** Nothing went over the connection for too long: the store is slow, or the client does not read. */
function giveUp(response: ServerResponse, timeoutMs: number): void {
  if (response.headersSent) response.destroy();
  else sendJson(response, 503, { error: `the store gave no answer within ${timeoutMs} ms` });
}

function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
  else socket.end(rawAnswer(...connectionRefusal(error.code)));
}

function connectionRefusal(code: string | undefined): [status: string, text: string] {
  if (code === 'HPE_HEADER_OVERFLOW') return ['431 Request Header Fields Too Large', 'the headers are too large, expected at most 16 kB\n'];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return ['408 Request Timeout', 'the request took too long\n'];
  return ['400 Bad Request', 'this is not an HTTP request\n'];
}

async function listen(server: Server, port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => reject(portProblem(port, cause));
    server.once('error', fail);
    server.listen({ host: HOST, port, exclusive: true }, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function portProblem(port: number, cause: NodeJS.ErrnoException): Error {
  if (cause.code === 'EADDRINUSE') {
    return new ConfigError(
      `port ${port} of ${HOST} is taken by another process, expected a free one for the page; stop that process or choose another with --port N`,
      { cause },
    );
  }
  if (cause.code === 'EACCES') {
    return new ConfigError(
      `port ${port} of ${HOST} is not allowed to this user, expected one for the page; choose one from 1024 on with --port N`,
      { cause },
    );
  }
  return cause;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
