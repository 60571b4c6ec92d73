import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What ClickHouse does with an insert. `code` is its own number, as it comes in the header and the body. */
export type StoreFault =
  | { readonly kind: 'refused' | 'stalled' | 'drip' | 'reset before commit' | 'reset after commit' }
  | { readonly kind: 'code'; readonly code: number; readonly words: string; readonly status: number }
  | { readonly kind: 'slow'; readonly ms: number };

export type FaultyStore = {
  readonly port: number;
  /** Inserts into this table meet the fault from now on; null ends it. */
  set(fault: StoreFault | null, table: string): void;
  /** Inserts into any table since `set`, and those of them that met the fault. */
  counts(): { readonly inserts: number; readonly hit: number };
  close(): Promise<void>;
};

/** Stands before ClickHouse's HTTP interface; only inserts into one table meet a fault, everything else passes. */
export async function startFaultyStore(targetPort: number): Promise<FaultyStore> {
  let fault: StoreFault | null = null;
  let table = '';
  const count = { inserts: 0, hit: 0 };
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const query = new URL(incoming.url ?? '/', 'http://x').searchParams.get('query') ?? '';
    const into = /^\s*INSERT INTO trading\.(\w+)/i.exec(query)?.[1];
    if (into !== undefined) count.inserts++;
    if (fault === null || into !== table)
      return forward(targetPort, incoming, body, (status, headers, bytes) => response.writeHead(status, headers).end(bytes));
    count.hit++;
    switch (fault.kind) {
      case 'refused':
      case 'reset before commit':
        return void response.socket?.resetAndDestroy();
      case 'reset after commit':
        return forward(targetPort, incoming, body, () => response.socket?.resetAndDestroy());
      case 'stalled':
        return undefined;
      case 'drip': {
        response.writeHead(200, { 'content-type': 'text/plain' });
        const timer = setInterval(() => response.write(' '), 10);
        timers.add(timer);
        response.on('close', () => clearInterval(timer));
        return undefined;
      }
      case 'slow': {
        const timer = setTimeout(
          () => forward(targetPort, incoming, body, (status, headers, bytes) => response.writeHead(status, headers).end(bytes)),
          fault.ms,
        );
        timers.add(timer);
        return undefined;
      }
      case 'code':
        response.writeHead(fault.status, { 'x-clickhouse-exception-code': String(fault.code), 'content-type': 'text/plain' });
        return void response.end(`Code: ${fault.code}. DB::Exception: ${fault.words}. (version 26.7.2.1 (official build))\n`);
    }
  };
  const server = createServer((incoming, response) => void answer(incoming, response));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    set(next, of) {
      fault = next;
      table = of;
      count.inserts = 0;
      count.hit = 0;
    },
    counts: () => ({ ...count }),
    async close() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

type Done = (status: number, headers: IncomingMessage['headers'], bytes: Buffer) => void;

function forward(port: number, { method, url, headers }: IncomingMessage, body: Buffer, done: Done): void {
  const { 'transfer-encoding': _chunked, ...rest } = headers;
  const sent = request(
    { host: '127.0.0.1', port, method, path: url, headers: { ...rest, host: `127.0.0.1:${port}`, 'content-length': body.length } },
    (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const { 'transfer-encoding': _own, ...kept } = answer.headers;
        done(answer.statusCode ?? 500, { ...kept, 'content-length': String(bytes.length) }, bytes);
      });
    },
  );
  sent.on('error', () => done(502, {}, Buffer.from('the store behind is gone')));
  sent.end(body);
}
