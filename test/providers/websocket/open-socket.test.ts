import { randomBytes } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket as NetSocket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Timer } from '#core/ports/timer.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { createSocketOpener, type Socket, type SocketEnd } from '#providers/websocket/open-socket.ts';
import { scriptedServer, type Peer } from './scripted-server.ts';

/** Everything that a socket told, and promises of the next open and of the end. */
function opened(url: string, timer = createSystemTimer()) {
  const heard: string[] = [];
  const open = Promise.withResolvers<void>();
  const end = Promise.withResolvers<SocketEnd>();
  let told = Promise.withResolvers<void>();
  const hear = (what: string): void => {
    heard.push(what);
    told.resolve();
    told = Promise.withResolvers<void>();
  };
  const socket: Socket = createSocketOpener(timer)(url, {
    onOpen: () => open.resolve(),
    onText: hear,
    onBinary: () => hear('(binary)'),
    onPing: () => hear('(ping)'),
    onPong: () => hear('(pong)'),
    onEnd: end.resolve,
  });
  onTestFinished(() => socket.terminate());
  return {
    socket,
    heard,
    open: open.promise,
    end: end.promise,
    async until(count: number): Promise<readonly string[]> {
      while (heard.length < count) await told.promise;
      return heard;
    },
  };
}

async function pair(): Promise<{ client: ReturnType<typeof opened>; peer: Peer }> {
  const server = await scriptedServer();
  const client = opened(server.url);
  const [peer] = await Promise.all([server.accepted(), client.open]);
  return { client, peer };
}

/** The bytes below the frames of a peer. */
const bytesOf = (peer: Peer): NetSocket => peer.request.socket;

describe('a socket', () => {
  test('hands over texts and control frames, and says of binary frames only that they came', async () => {
    const { client, peer } = await pair();
    peer.socket.send('{"a":1}');
    peer.socket.send(Buffer.from([1, 2, 3]));
    peer.socket.ping(randomBytes(125));
    peer.socket.pong();
    expect(await client.until(4)).toEqual(['{"a":1}', '(binary)', '(ping)', '(pong)']);
  });

  test('takes a burst in portions, so that everything else gets its turn, and loses none of it', async () => {
    const system = createSystemTimer();
    const resting: (() => void)[] = [];
    const timer: Timer = { ...system, after: (delayMs, action) => (delayMs === 0 ? holdBack(action) : system.after(delayMs, action)) };
    const holdBack = (action: () => void): (() => void) => {
      resting.push(action);
      return () => {};
    };
    const server = await scriptedServer();
    const client = opened(server.url, timer);
    const [peer] = await Promise.all([server.accepted(), client.open]);
    const sent = Array.from({ length: 3000 }, (_, index) => `${index} ${'x'.repeat(1000)}`);
    for (const text of sent) peer.socket.send(text);
    for (let portion = 1; portion <= 6; portion += 1) {
      await client.until(portion * 500);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      // What one read had brought beyond is at most 64 KiB.
      expect(client.heard.length).toBeLessThan(portion * 500 + 70);
      expect(resting).toHaveLength(1);
      resting.pop()?.();
    }
    expect(client.heard).toEqual(sent);
  });

  test('sends texts, and pings that are answered', async () => {
    const { client, peer } = await pair();
    client.socket.send('hello');
    client.socket.ping();
    expect(await peer.next()).toBe('hello');
    expect(await client.until(1)).toEqual(['(pong)']);
  });

  test('asks for no compression', async () => {
    const { peer } = await pair();
    expect(peer.request.headers['sec-websocket-extensions']).toBeUndefined();
  });

  test('sends nothing before it is open and after it is closed, and does not throw', async () => {
    const server = await scriptedServer();
    const client = opened(server.url);
    client.socket.send('early');
    client.socket.ping();
    await client.open;
    client.socket.close();
    await client.end;
    client.socket.send('late');
    client.socket.ping();
    expect((await server.accepted()).received).toEqual([]);
  });
});

describe('the end of a socket', () => {
  test.each([
    [1000, 'closed with code 1000 "bye"'],
    [4999, 'closed with code 4999 "bye"'],
  ])('by code %i is told with its words', async (code, reason) => {
    const { client, peer } = await pair();
    peer.socket.close(code, 'bye');
    expect(await client.end).toEqual({ reason, httpStatus: undefined, retryAfterMs: undefined });
  });

  test('without a goodbye, and with one without a code, are told too', async () => {
    const cut = await pair();
    cut.peer.socket.terminate();
    expect((await cut.client.end).reason).toBe('closed with code 1006');
    const codeless = await pair();
    codeless.peer.socket.close();
    expect((await codeless.client.end).reason).toBe('closed with code 1005');
  });

  test('C17: comes at invalid UTF-8, a compressed frame, or a message of more than 1 MiB, before it is read', async () => {
    const utf8 = await pair();
    bytesOf(utf8.peer).write(Buffer.from([0x81, 2, 0xc3, 0x28]));
    expect((await utf8.client.end).reason).toMatch(/UTF-8/);

    const compressed = await pair();
    bytesOf(compressed.peer).write(Buffer.from([0xc1, 1, 0x41]));
    expect((await compressed.client.end).reason).toMatch(/RSV1/);

    const huge = await pair();
    huge.peer.socket.send('x'.repeat((1 << 20) + 1));
    expect((await huge.client.end).reason).toMatch(/payload size/i);
    expect([utf8.client.heard, compressed.client.heard, huge.client.heard]).toEqual([[], [], []]);
  });

  test('C17: fragments beyond 1 MiB together end it as well', async () => {
    const { client, peer } = await pair();
    for (let part = 0; part < 1100; part++) peer.socket.send('x'.repeat(1000), { fin: false });
    expect((await client.end).reason).toMatch(/payload size/i);
  });

  test.each([
    ['429 Too Many Requests\r\nRetry-After: 17', 429, 17_000],
    ['418 Teapot', 418, undefined],
    ['429 Too Many Requests\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT', 429, undefined],
    ['451 Unavailable For Legal Reasons', 451, undefined],
  ])('says what answered the handshake: %s', async (head, httpStatus, retryAfterMs) => {
    const server = await scriptedServer();
    server.refuseWith(`HTTP/1.1 ${head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    const end = await opened(server.url).end;
    expect(end).toEqual({ reason: `the handshake was answered with HTTP status ${httpStatus}`, httpStatus, retryAfterMs });
  });

  test('says that nobody listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => {
      server.close(resolve);
    });
    expect((await opened(`ws://127.0.0.1:${port}`).end).reason).toMatch(/ECONNREFUSED/);
  });

  test('T54: comes at once when a dead peer is cut off, and within the goodbye’s time when it does not answer', async () => {
    const dead = await pair();
    bytesOf(dead.peer).pause();
    dead.client.socket.terminate();
    expect((await dead.client.end).reason).toBe('closed with code 1006');

    const waiting: (() => void)[] = [];
    const timer = {
      monotonicMs: () => 0,
      after: (_delayMs: number, action: () => void) => {
        waiting.push(action);
        return () => {};
      },
    };
    const server = await scriptedServer();
    const client = opened(server.url, timer);
    const [peer] = await Promise.all([server.accepted(), client.open]);
    bytesOf(peer).pause();
    client.socket.close();
    expect(waiting).toHaveLength(1);
    waiting[0]!();
    expect((await client.end).reason).toBe('closed with code 1006');
  });

  test('comes when it is closed in the middle of its handshake', async () => {
    const server = createServer((socket) => {
      onTestFinished(() => void socket.destroy());
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const client = opened(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    client.socket.close();
    expect((await client.end).reason).toMatch(/before the connection was established/);
  });
});

test('a test server listens on this machine alone', async () => {
  const { url } = await scriptedServer();
  const { port } = new URL(url);
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  await new Promise((resolve) => {
    socket.once('connect', resolve);
  });
  expect(socket.remoteAddress).toBe('127.0.0.1');
  socket.destroy();
});
