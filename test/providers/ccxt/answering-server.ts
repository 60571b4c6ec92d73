import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export type AnsweringServer = {
  readonly url: string;
  /** Path and query of every request so far. */
  readonly requests: string[];
  readonly headers: () => IncomingMessage['headers'];
  readonly connections: () => Promise<number>;
  /** From now on this answers. */
  readonly answer: (next: Answer) => void;
};

/** A real HTTP server on loopback that answers as the test says; ends with the test. */
export async function answeringServer(first: Answer): Promise<AnsweringServer> {
  const requests: string[] = [];
  let headers: IncomingMessage['headers'] = {};
  let answer = first;
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    headers = request.headers;
    answer(response, request);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeAllConnections();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    headers: () => headers,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    answer(next) {
      answer = next;
    },
  };
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return body(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });
}

export function body(
  content: string | Uint8Array,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Answer {
  return (response) => {
    response.writeHead(status, headers);
    response.end(content);
  };
}
