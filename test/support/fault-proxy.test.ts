import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startFaultProxy, sweepCuts, type ProxyFault } from './fault-proxy.ts';

/** A server that answers each request of five bytes with seven. */
async function world() {
  let handled = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let got = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got < 5) return;
      handled++;
      socket.end('ANSWERS');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startFaultProxy((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  /** What came back, and how it ended. */
  const ask = (waitMs = 1000): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      const socket = connect(proxy.port, '127.0.0.1', () => socket.write('HELLO'));
      const end = (how: string): void => {
        socket.destroy();
        resolve(`${text} ${how}`);
      };
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => end('end'));
      socket.on('error', () => end('reset'));
      setTimeout(() => end('nothing'), waitMs).unref();
    });
  return { proxy, ask, handled: () => handled };
}

test.each<[ProxyFault, string, number]>([
  [{ kind: 'none' }, 'ANSWERS end', 1],
  [{ kind: 'refuse' }, ' reset', 0],
  [{ kind: 'black hole' }, ' nothing', 0],
  [{ kind: 'half open', lost: 'request' }, ' nothing', 0],
  [{ kind: 'cut', direction: 'response', atByte: 3 }, 'ANS reset', 1],
  [{ kind: 'cut', direction: 'request', atByte: 4 }, ' reset', 0],
  [{ kind: 'delay', ms: 20 }, 'ANSWERS end', 1],
  [{ kind: 'slices', bytes: 2 }, 'ANSWERS end', 1],
  [{ kind: 'lost answer' }, ' reset', 1],
])('%j: %s', async (fault, expected, handled) => {
  const { proxy, ask, handled: count } = await world();
  proxy.set(fault);
  expect(await ask(200)).toBe(expected);
  expect(count()).toBe(handled);
});

test('a sweep cuts at every byte of both directions', async () => {
  const { proxy, ask } = await world();
  const seen: string[] = [];
  const cuts = await sweepCuts(proxy, async (cut) => void seen.push(`${cut?.direction ?? 'whole'} ${cut?.atByte ?? ''} ${await ask()}`));
  expect(cuts).toBe(12);
  expect(seen[0]).toBe('whole  ANSWERS end');
  expect(seen.slice(1, 6).every((line) => line.endsWith(' reset'))).toBe(true);
  expect(seen.slice(6)).toEqual([0, 1, 2, 3, 4, 5, 6].map((atByte) => `response ${atByte} ${'ANSWERS'.slice(0, atByte)} reset`));
});
