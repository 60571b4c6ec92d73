import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmbeddedEngine } from './embedded-engine.ts';
import { sendError, sendResult, sendText } from './http-answer.ts';
import { RequestError, toRequestError } from './http-errors.ts';
import { createLane, type Lane } from './http-lane.ts';
import { authenticate, foreignOrigin, readRequest, splitUrl, type StoreRequest } from './http-request.ts';
import { isReading, parseStatement, type Statement } from './statement-guard.ts';

export type StoreServerOptions = {
  readonly engine: EmbeddedEngine;
  /** 0 takes a free one. */
  readonly port: number;
  /** Password of the user `writer`; every other user reads, without a password. */
  readonly writerPassword: string;
  /** Where tables without a database are looked up. */
  readonly database: string;
};

export type StoreServer = {
  readonly url: string;
  readonly port: number;
  /** Cuts every connection. Statements that the engine has begun run to their end. */
  close(): Promise<void>;
};

type Context = {
  readonly options: StoreServerOptions;
  readonly readers: Lane;
  readonly writers: Lane;
  readonly version: string;
  readonly timezone: string;
};

const MAX_CONNECTIONS = 64;
/** For the request to arrive as a whole. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Without a byte going out while an answer is being sent. */
const SEND_TIMEOUT_MS = 60_000;
const MAX_HEADER_BYTES = 256 * 1024;

/**
 * ClickHouse's HTTP interface over the embedded engine, on 127.0.0.1 only, so that ClickHouse clients can read the store while the
 * platform runs. Settings of a client are dropped: the connection's own are in force.
 */
export async function startStoreServer(options: StoreServerOptions): Promise<StoreServer> {
  const [version = '', timezone = ''] = await engineFacts(options.engine);
  const context: Context = {
    options,
    readers: createLane(options.engine.reader, { isReader: true }),
    writers: createLane(options.engine.writer, { isReader: false }),
    version,
    timezone,
  };
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: 10_000 },
    (request, response) => {
      void answer(context, request, response);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      context.readers.close();
      context.writers.close();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function engineFacts({ reader }: EmbeddedEngine): Promise<readonly string[]> {
  const result = await reader.query({ query: 'SELECT version(), timezone()', format: 'JSONCompactEachRow' });
  return (await result.json<string[]>())[0] ?? [];
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, search } = splitUrl(request.url ?? '/');
  response.setHeader('X-ClickHouse-Server-Display-Name', 'tidemark');
  response.setTimeout(0);
  try {
    await route(context, request, response, path, search);
  } catch (error) {
    sendError(response, toRequestError(error), null, context.version);
  }
}

async function route(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  search: URLSearchParams,
): Promise<void> {
  const foreign = foreignOrigin(request);
  if (foreign !== null) return sendText(response, 403, `${foreign}\n`);
  if (!['GET', 'HEAD', 'POST'].includes(request.method ?? '')) {
    response.setHeader('Allow', 'GET, HEAD, POST');
    return sendText(response, 405, 'use GET or POST\n');
  }
  if (path === '/ping' || path === '/replicas_status') return sendText(response, 200, 'Ok.\n');
  if (path !== '/') return sendText(response, 404, `there is no ${JSON.stringify(path)} here; queries go to /?query=...\n`);
  const isWriter = authenticate(request, search, context.options.writerPassword);
  const asked = await readRequest(request, search, isWriter);
  if (asked.query === '' && request.method !== 'POST') return sendText(response, 200, 'Ok.\n');
  await run(context, request, response, asked);
}

async function run(context: Context, request: IncomingMessage, response: ServerResponse, asked: StoreRequest): Promise<void> {
  try {
    const statement = parseStatement(asked.query);
    const result = await laneOf(context, request, asked, statement).run({
      statement,
      database: asked.database ?? context.options.database,
      parameters: asked.parameters,
      defaultFormat: asked.defaultFormat,
      queryId: asked.queryId,
      data: statement.data,
      isWanted: () => !request.socket.destroyed,
    });
    if (result === null) return;
    response.setTimeout(SEND_TIMEOUT_MS, () => response.destroy());
    const format = statement.verb === 'INSERT' ? asked.defaultFormat : (statement.format ?? asked.defaultFormat);
    sendResult(request, response, result, {
      queryId: asked.queryId,
      format,
      timezone: context.timezone,
      wantsCompression: asked.wantsCompression,
    });
  } catch (error) {
    sendError(response, toRequestError(error), asked.queryId, context.version);
  }
}

function laneOf({ readers, writers }: Context, request: IncomingMessage, { isWriter }: StoreRequest, { verb }: Statement): Lane {
  if (!isWriter) return readers;
  if (verb === 'SET' || verb === 'USE') {
    throw new RequestError(
      48,
      'NOT_IMPLEMENTED',
      `there are no sessions here, so ${verb} would have no effect; put the database into the parameter "database"`,
    );
  }
  if (request.method !== 'POST' && !isReading(verb)) {
    throw new RequestError(
      164,
      'READONLY',
      'Cannot execute query in readonly mode: for queries over HTTP, method GET implies readonly; use method POST for modifying queries',
    );
  }
  return writers;
}
