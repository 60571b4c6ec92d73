import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What happens to the bytes of a connection. Directions are seen from the client: it sends requests and receives responses. */
export type ProxyFault =
  /** Nothing. */
  | { readonly kind: 'none' }
  /** Connections are reset as soon as they are made. */
  | { readonly kind: 'refuse' }
  /** Accepted, read, and never passed on nor answered. */
  | { readonly kind: 'black hole' }
  /** One direction goes nowhere, the other one works. */
  | { readonly kind: 'half open'; readonly lost: Direction }
  /** Both ends are reset once so many bytes have gone this way; 0 is before the first. */
  | { readonly kind: 'cut'; readonly direction: Direction; readonly atByte: number }
  /** Each piece waits so long. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Pieces of so many bytes each, one a turn of the event loop. */
  | { readonly kind: 'slices'; readonly bytes: number }
  /** The connection is reset as soon as the server has answered anything, and nothing of it is passed on: the work is done, nobody hears. */
  | { readonly kind: 'lost answer' };

export type Direction = 'request' | 'response';

export type FaultProxy = {
  readonly port: number;
  /** From now on, for new connections; those that are open go on as they began. */
  set(fault: ProxyFault): void;
  /** Ends every open connection without a word of the protocol. */
  resetAll(): void;
  /** Bytes that have gone through since `set`, by direction, faults included. */
  passed(): Readonly<Record<Direction, number>>;
  openSockets(): number;
  close(): Promise<void>;
};

/** Stands between a client and a server on 127.0.0.1 and does to their bytes what a network can do. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  let fault: ProxyFault = { kind: 'none' };
  let passed: Record<Direction, number> = { request: 0, response: 0 };
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const remember = (socket: Socket): Socket => {
    sockets.add(socket);
    // Resets are what this is for.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    return socket.setNoDelay(true);
  };
  const later = (ms: number, action: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      action();
    }, ms);
    timers.add(timer);
  };

  // Ends are passed on by hand, in their order among the bytes.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    remember(client);
    const mine = fault;
    const counts = passed;
    if (mine.kind === 'refuse') return void client.resetAndDestroy();
    if (mine.kind === 'black hole') return void client.resume();
    const upstream = remember(connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true }));
    const reset = (): void => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    // An end by force of one side is one of both.
    client.on('error', reset);
    upstream.on('error', reset);
    const pipe = (from: Socket, to: Socket, direction: Direction): void => {
      const pass = passer(mine, direction, to, { reset, later, count: (bytes) => void (counts[direction] += bytes) });
      from.on('data', pass.data);
      from.on('end', pass.end);
      if (mine.kind === 'cut' && mine.direction === direction && mine.atByte === 0 && direction === 'request') reset();
    };
    pipe(client, upstream, 'request');
    pipe(upstream, client, 'response');
    return undefined;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      fault = next;
      passed = { request: 0, response: 0 };
    },
    resetAll() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    passed: () => ({ ...passed }),
    openSockets: () => sockets.size,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

type Hands = {
  readonly reset: () => void;
  readonly later: (ms: number, action: () => void) => void;
  readonly count: (bytes: number) => void;
};

type Passer = { readonly data: (chunk: Buffer) => void; readonly end: () => void };

function passer(fault: ProxyFault, direction: Direction, to: Socket, { reset, later, count }: Hands): Passer {
  const data = (chunk: Buffer): void => {
    count(chunk.length);
    if (!to.destroyed) to.write(chunk);
  };
  const end = (): void => void to.end();
  switch (fault.kind) {
    case 'half open':
      return fault.lost === direction ? { data: () => {}, end: () => {} } : { data, end };
    case 'lost answer':
      return direction === 'response' ? { data: reset, end: reset } : { data, end };
    case 'delay':
      return { data: (chunk) => later(fault.ms, () => data(chunk)), end: () => later(fault.ms, end) };
    case 'slices':
      return {
        data(chunk) {
          for (let start = 0; start < chunk.length; start += fault.bytes) {
            const slice = chunk.subarray(start, start + fault.bytes);
            later(0, () => data(slice));
          }
        },
        end: () => later(0, end),
      };
    case 'cut':
      return fault.direction === direction ? cutter(fault.atByte, to, { reset, later, count }) : { data, end };
    case 'none':
    case 'refuse':
    case 'black hole':
      break;
  }
  return { data, end };
}

function cutter(atByte: number, to: Socket, { reset, later, count }: Hands): Passer {
  let left = atByte;
  let isOver = false;
  return {
    data(chunk) {
      if (isOver) return;
      const part = chunk.subarray(0, left);
      left -= part.length;
      count(part.length);
      isOver = left === 0;
      // What was passed on must arrive before the reset does.
      if (part.length === 0) reset();
      else to.write(part, () => isOver && later(1, reset));
    },
    end() {
      if (!isOver) to.end();
    },
  };
}

/** Runs the scenario once without a fault, then with a cut at every byte that it needed, in both directions. Resolves to how many cuts there were. */
export async function sweepCuts(
  proxy: FaultProxy,
  scenario: (cut: { readonly direction: Direction; readonly atByte: number } | null) => Promise<void>,
): Promise<number> {
  proxy.set({ kind: 'none' });
  await scenario(null);
  const needed = proxy.passed();
  let cuts = 0;
  for (const direction of ['request', 'response'] as const) {
    for (let atByte = 0; atByte < needed[direction]; atByte++) {
      proxy.set({ kind: 'cut', direction, atByte });
      await scenario({ direction, atByte });
      cuts++;
    }
  }
  return cuts;
}
