import type { AddressInfo, Socket as NetSocket } from 'node:net';
import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';

/** One connection as the server sees it. */
export type Peer = { readonly socket: WebSocket; readonly request: IncomingMessage; readonly received: string[]; next(): Promise<string> };

export type ScriptedServer = {
  readonly url: string;
  /** The next connection, as soon as there is one. */
  accepted(): Promise<Peer>;
  readonly peers: Peer[];
  /** What is answered instead of a handshake; null to accept again. */
  refuseWith(head: string | null): void;
};

/** A WebSocket server of this machine that does what a test says. */
export async function scriptedServer(onPeer: (peer: Peer) => void = () => {}): Promise<ScriptedServer> {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const raw = new Set<NetSocket>();
  const peers: Peer[] = [];
  const waiting: ((peer: Peer) => void)[] = [];
  const unclaimed: Peer[] = [];
  let refusal: string | null = null;

  http.on('connection', (socket) => raw.add(socket));
  http.on('upgrade', (request, socket, head) => {
    if (refusal !== null) {
      socket.end(refusal);
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const texts: string[] = [];
      const takers: ((text: string) => void)[] = [];
      let read = 0;
      const peer: Peer = {
        socket: webSocket,
        request,
        received: texts,
        async next() {
          if (read < texts.length) return texts[read++]!;
          return await new Promise<string>((resolve) => takers.push(resolve));
        },
      };
      webSocket.on('message', (data: Buffer) => {
        texts.push(data.toString());
        const taker = takers.shift();
        if (taker === undefined) return;
        read++;
        taker(data.toString());
      });
      webSocket.on('error', () => webSocket.terminate());
      peers.push(peer);
      const claim = waiting.shift();
      if (claim === undefined) unclaimed.push(peer);
      else claim(peer);
      onPeer(peer);
    });
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    for (const socket of raw) socket.destroy();
    await new Promise((resolve) => {
      http.close(resolve);
    });
  });
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    peers,
    refuseWith(head) {
      refusal = head;
    },
    async accepted() {
      const peer = unclaimed.shift();
      if (peer !== undefined) return peer;
      return await new Promise<Peer>((resolve) => waiting.push(resolve));
    },
  };
}
