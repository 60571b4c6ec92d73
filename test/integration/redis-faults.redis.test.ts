import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SinkError } from '#core/errors.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import { createRedisCache } from '#providers/redis/redis-cache.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { startRedisServer, type RedisServer } from '../providers/redis/redis-server.ts';
import { startTcpProxy, type TcpProxy } from '../providers/redis/tcp-proxy.ts';

// Deadlines at 1:5 of the shipped ones; rests at 1:25.
const DEADLINE_MS = 60;
const LAST_REST_MS = 200;
const timer = createSystemTimer();

/** The two ways in which the platform writes: the indicators' tick, and the collector's coalesced prices. */
const PATHS = {
  'the indicators of a tick': async (cache: CacheClient, value: number) => {
    const keys = Array.from({ length: 60 }, (_, i) => `indicators:kraken:S${i}/USD:1m`);
    await cache.writeHashes(
      keys.map((key) => ({ key, fields: { SMA_20: String(value), open_time: '1', status: 'ready' } })),
      180,
    );
  },
  'the latest prices': async (cache: CacheClient, value: number) => {
    const keys = Array.from({ length: 60 }, (_, i) => `latest_price:kraken:S${i}/USD`);
    await cache.advanceHashes(
      keys.map((key) => ({ key, fields: { price: String(value) }, orderMs: value, orderId: '1' })),
      300,
    );
  },
} as const;
const WRITTEN = {
  'the indicators of a tick': ['indicators:kraken:S59/USD:1m', 'SMA_20'],
  'the latest prices': ['latest_price:kraken:S59/USD', 'price'],
} as const;
type Path = keyof typeof PATHS;

/** Each write is newer than all before it, or the prices would rightly stay as they are. */
let newest = 0;

let server: RedisServer;
let proxy: TcpProxy;
beforeAll(async () => {
  server = await startRedisServer();
  proxy = await startTcpProxy(server.port);
});
afterAll(async () => {
  await proxy.close();
  await server.stop();
});

const cacheAt = (port: number, deadlineMs = DEADLINE_MS, firstRestMs = 20) =>
  createRedisCache({
    url: `redis://127.0.0.1:${port}`,
    username: '',
    password: '',
    timer,
    random: { next: () => 0.5 },
    deadlineMs,
    firstRestMs,
    lastRestMs: Math.max(firstRestMs, LAST_REST_MS),
  });

type Outcome = { readonly failed: number; readonly written: number; readonly errors: readonly string[]; readonly asked: number };

/** Many calls over the time of a fault, some at once, as both writers make them. Every one must settle; only `SinkError` may come. */
async function writeManyTimes(cache: CacheClient, path: Path, rounds: number): Promise<Outcome> {
  const errors: string[] = [];
  let written = 0;
  for (let round = 0; round < rounds; round++) {
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => PATHS[path](cache, ++newest)));
    for (const result of results) {
      if (result.status === 'fulfilled') written++;
      else {
        expect(result.reason).toBeInstanceOf(SinkError);
        errors.push((result.reason as SinkError).message);
      }
    }
    // Writers come at intervals: over several rests, not all within the first.
    await new Promise<void>((resolve) => void timer.after(5, resolve));
  }
  const asked = errors.filter((message) => !message.includes('it failed before and rests')).length;
  return { failed: errors.length, written, errors, asked };
}

/** Writes and reads back until that succeeds, no longer than the longest rest and a deadline allow. */
async function isFreshAgain(cache: CacheClient, path: Path): Promise<void> {
  const value = ++newest;
  const [key, field] = WRITTEN[path];
  for (let attempt = 0; ; attempt++) {
    try {
      await PATHS[path](cache, value);
      expect((await cache.readHash(key))?.[field]).toBe(String(value));
      break;
    } catch (error) {
      // Ten times the longest rest: the figure is 10 s at full length, with a rest of at most 5 s.
      if (!(error instanceof SinkError) || attempt > 100) throw error;
      await new Promise<void>((resolve) => void timer.after(LAST_REST_MS / 10, resolve));
    }
  }
}

type Fault = {
  readonly name: string;
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
  /** What the error must name. */
  readonly says: RegExp;
};

const FAULTS: readonly Fault[] = [
  { name: 'down', begin: () => server.stop(), end: () => server.start(), says: /ECONNREFUSED|closed|ECONNRESET|no answer/i },
  {
    name: 'stalled',
    begin: async () => server.signal('SIGSTOP'),
    end: async () => server.signal('SIGCONT'),
    says: /gave no answer within 60 ms/,
  },
  {
    name: 'full',
    begin: async () => {
      await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await server.command('CONFIG', 'SET', 'maxmemory', '1');
    },
    end: () => server.command('CONFIG', 'SET', 'maxmemory', '0'),
    says: /OOM command not allowed/,
  },
  {
    name: 'a read-only replica after a failover',
    begin: () => server.command('REPLICAOF', '127.0.0.1', '1'),
    end: () => server.command('REPLICAOF', 'NO', 'ONE'),
    says: /READONLY/,
  },
  { name: 'resetting connections', begin: async () => proxy.set('reset'), end: async () => proxy.set('none'), says: /ECONNRESET|closed/i },
  {
    name: 'half a second away',
    begin: async () => proxy.set('delay'),
    end: async () => proxy.set('none'),
    says: /gave no answer within 60 ms/,
  },
  {
    name: 'behind a network that swallows',
    begin: async () => proxy.set('stall'),
    end: async () => proxy.set('none'),
    says: /gave no answer within 60 ms/,
  },
];

describe.each(Object.keys(PATHS) as Path[])('F9: %s', (path) => {
  test.each(FAULTS)(
    'when Redis is $name: every call ends, few are made, and values are fresh again afterwards',
    async ({ begin, end, says }) => {
      const cache = cacheAt(proxy.port);
      await isFreshAgain(cache, path);
      const heldBefore = proxy.heldBytes();
      await begin();
      const { failed, written, errors, asked } = await writeManyTimes(cache, path, 30);
      await end();
      expect(failed).toBeGreaterThan(0);
      expect(
        errors.find((message) => says.test(message)),
        errors[0],
      ).toBeDefined();
      // A full server answers at once and is asked each time; all others are left alone between attempts.
      if (!says.test('OOM command not allowed')) expect([asked < failed / 2, asked + written < 75]).toEqual([true, true]);
      // Nothing was piled up for a server that does not read.
      expect(proxy.heldBytes() - heldBefore).toBeLessThan(1024 * 1024);
      await isFreshAgain(cache, path);
      await cache.close();
      await expect.poll(() => proxy.openSockets()).toBe(0);
    },
  );

  test('when Redis is flapping: calls end, and values are fresh again each time it is back', async () => {
    const cache = cacheAt(proxy.port);
    for (let flap = 0; flap < 4; flap++) {
      proxy.set('refuse');
      expect((await writeManyTimes(cache, path, 20)).written).toBe(0);
      proxy.set('none');
      await isFreshAgain(cache, path);
    }
    await cache.close();
  });

  test('when Redis is evicting: a key that is gone is null, and comes back with the next write', async () => {
    const cache = cacheAt(server.port, 5000);
    const [key] = WRITTEN[path];
    await isFreshAgain(cache, path);
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    await Promise.allSettled([PATHS[path](cache, ++newest)]);
    expect(await cache.readHash(key)).toBeNull();
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await PATHS[path](cache, ++newest);
    expect(await cache.readHash(key)).not.toBeNull();
    await cache.close();
    await server.command('FLUSHALL');
  });

  test.each([
    ['text of another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['a reply without an end', '$99999999\r\nabc'],
    ['bytes of no protocol', '\u0000\u0001\u0002\r\n\r\n'],
    ['more replies than questions', '+OK\r\n'.repeat(5000)],
    ['replies of the wrong kind', ':1\r\n'.repeat(3) + '*-1\r\n'.repeat(200)],
  ])('when what answers is not Redis but sends %s: calls end, and the process lives', async (_what, garbage) => {
    const sockets = new Set<Socket>();
    const stranger = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('data', () => void socket.write(garbage));
    }).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const cache = cacheAt((stranger.address() as AddressInfo).port);
    const { failed, written } = await writeManyTimes(cache, path, 20);
    expect(failed + written).toBe(100);
    await cache.close();
    for (const socket of sockets) socket.destroy();
    stranger.close();
    await once(stranger, 'close');
  });
});

test('F9: ten thousand writes that nobody answers leave less than 10 MiB on the heap', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const cache = cacheAt(proxy.port);
  await isFreshAgain(cache, 'the latest prices');
  collect();
  const before = process.memoryUsage().heapUsed;
  proxy.set('stall');
  for (const path of Object.keys(PATHS) as Path[]) expect((await writeManyTimes(cache, path, 1000)).written).toBe(0);
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10 * 1024 * 1024);
  proxy.set('none');
  await cache.close();
});

test('F9: a server that does not answer is asked at most once per rest, however many ask', async () => {
  proxy.set('stall');
  // One failure, one rest: long enough that nothing but it can answer the call after it.
  const cache = cacheAt(proxy.port, DEADLINE_MS, LAST_REST_MS * 2);
  const outcomes = await Promise.allSettled(Array.from({ length: 2000 }, () => PATHS['the latest prices'](cache, ++newest)));
  const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'written'));
  expect(reasons.filter((reason) => reason.includes('1024 calls are under way, expected fewer')).length).toBe(976);
  await expect(PATHS['the latest prices'](cache, ++newest)).rejects.toThrow(
    /it failed before and rests for \d+ ms more \(the cache, asked for the advance of 60 hashes, gave no answer within 60 ms\)/,
  );
  proxy.set('none');
  await isFreshAgain(cache, 'the latest prices');
  await cache.close();
});

test('F9 at full length: with the shipped deadline and rests a stalled server delays a tick by no more than one call, and is used again', async () => {
  const cache = createRedisCache({ url: server.url, username: '', password: '', timer, random: { next: () => 0.5 }, deadlineMs: 300 });
  await PATHS['the indicators of a tick'](cache, ++newest);
  server.signal('SIGSTOP');
  const outcomes: string[] = [];
  for (let write = 0; write < 20; write++)
    outcomes.push(
      await PATHS['the indicators of a tick'](cache, ++newest).then(
        () => 'written',
        (error: unknown) => String(error),
      ),
    );
  server.signal('SIGCONT');
  expect(outcomes[0]).toMatch(/gave no answer within 300 ms/);
  expect(outcomes.slice(1).filter((outcome) => !outcome.includes('it failed before and rests'))).toEqual([]);
  await isFreshAgain(cache, 'the indicators of a tick');
  await cache.close();
});
