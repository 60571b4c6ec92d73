import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

type ProxyFault = 'none' | 'reset' | 'stall' | 'delay' | 'refuse';

export type TcpProxy = {
  readonly port: number;
  /** From now on, for connections that are open and for new ones. `reset` and `refuse` end the open ones at once. */
  set(fault: ProxyFault): void;
  /** Bytes that clients sent while the proxy let nothing through. */
  heldBytes(): number;
  openSockets(): number;
  close(): Promise<void>;
};

const DELAY_MS = 500;

/** Stands between a client and a server on 127.0.0.1 and does to their bytes what a bad network does. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let fault: ProxyFault = 'none';
  let heldBytes = 0;
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const remember = (socket: Socket): Socket => {
    sockets.add(socket);
    // A reset is what this is for.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    remember(client);
    if (fault === 'refuse' || fault === 'reset') {
      client.resetAndDestroy();
      return;
    }
    const upstream = remember(connect(targetPort, '127.0.0.1'));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('data', (chunk) => client.write(chunk));
    client.on('data', (chunk) => {
      if (fault === 'stall') heldBytes += chunk.length;
      else if (fault === 'delay') {
        const timer = setTimeout(() => {
          timers.delete(timer);
          upstream.write(chunk);
        }, DELAY_MS);
        timers.add(timer);
      } else upstream.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      fault = next;
      if (next === 'reset' || next === 'refuse') for (const socket of sockets) socket.resetAndDestroy();
    },
    heldBytes: () => heldBytes,
    openSockets: () => sockets.size,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
