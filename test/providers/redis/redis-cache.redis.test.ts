import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRedisCache, type RedisCacheOptions } from '#providers/redis/redis-cache.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { cacheClientContract } from '../../contracts/cache-client.contract.ts';
import { startRedisServer, type RedisServer } from './redis-server.ts';

const timer = createSystemTimer();
// One server for the whole file: each test uses keys of its own.
const server: RedisServer = await startRedisServer();
afterAll(() => server.stop());

function cacheOf(options: Partial<RedisCacheOptions> = {}) {
  const common = { url: server.url, username: '', password: '', timer, random: { next: () => 0 }, deadlineMs: 10_000 };
  return createRedisCache({ ...common, ...options });
}

cacheClientContract('the Redis cache', async () => ({
  cache: cacheOf(),
  // The server's own clock decides, so what has at most so long to live is made to end now.
  async passSeconds(seconds) {
    for (const key of (await server.command('KEYS', '*')) as string[]) {
      const left = Number(await server.command('PTTL', key));
      if (left <= seconds * 1000) await server.command('DEL', key);
    }
  },
}));

describe('the Redis cache', () => {
  test('gives every key a time to live, in both ways of writing', async () => {
    const cache = cacheOf();
    await cache.writeHashes([{ key: 'ttl:written', fields: { a: '1' } }], 100);
    await cache.advanceHashes([{ key: 'ttl:advanced', fields: { a: '1' }, orderMs: 1, orderId: '1' }], 100);
    await cache.close();
    for (const key of ['ttl:written', 'ttl:advanced']) {
      const left = Number(await server.command('PTTL', key));
      expect(left, key).toBeGreaterThan(0);
      expect(left, key).toBeLessThanOrEqual(100_000);
    }
  });

  test('writes on when the server has forgotten the scripts', async () => {
    const cache = cacheOf();
    const write = async (value: string) => {
      await cache.writeHashes([{ key: 'forgot', fields: { value } }], 100);
      return await cache.advanceHashes([{ key: 'forgot:price', fields: { value }, orderMs: Number(value), orderId: '1' }], 100);
    };
    expect(await write('1')).toBe(1);
    await server.command('SCRIPT', 'FLUSH');
    expect(await write('2')).toBe(1);
    expect([await cache.readHash('forgot'), (await cache.readHash('forgot:price'))?.['value']]).toEqual([{ value: '2' }, '2']);
    await cache.close();
  });

  test('replaces a value that is no hash', async () => {
    const cache = cacheOf();
    await server.command('SET', 'wrong:a', 'text');
    await server.command('SET', 'wrong:b', 'text');
    await cache.writeHashes([{ key: 'wrong:a', fields: { value: '1' } }], 100);
    expect(await cache.advanceHashes([{ key: 'wrong:b', fields: { value: '1' }, orderMs: 1, orderId: '1' }], 100)).toBe(1);
    await cache.close();
  });

  test('works with the least rights that a writer needs', async () => {
    const rights = [
      '~latest_price:*',
      '~indicators:*',
      'resetchannels',
      '-@all',
      '+evalsha',
      '+eval',
      '+del',
      '+hset',
      '+hmget',
      '+pexpire',
      '+hgetall',
    ];
    await server.command('ACL', 'SETUSER', 'writer', 'on', '>right-password', ...rights);
    const cache = cacheOf({ username: 'writer', password: 'right-password' });
    await cache.writeHashes([{ key: 'indicators:kraken:BTC/USD:1m', fields: { a: '1' } }], 100);
    await cache.advanceHashes([{ key: 'latest_price:kraken:BTC/USD', fields: { a: '1' }, orderMs: 1, orderId: '1' }], 100);
    expect(await cache.readHash('indicators:kraken:BTC/USD:1m')).toEqual({ a: '1' });
    await expect(cache.writeHashes([{ key: 'other', fields: { a: '1' } }], 100)).rejects.toThrow(
      /^the cache refused the writing of 1 hashes: NOPERM/,
    );
    await cache.close();
  });

  test('names what is wrong with a password, without the password', async () => {
    const cache = cacheOf({ username: 'writer', password: 'wrong-password-canary' });
    const error: unknown = await cache.readHash('x').catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/^SinkError: the cache could not be asked for a hash: .*(WRONGPASS|NOAUTH)/);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong-password-canary');
    await cache.close();
  });

  test('refuses everything once it is closed', async () => {
    const cache = cacheOf();
    await cache.readHash('x');
    await cache.close();
    await expect(cache.readHash('x')).rejects.toThrow('the cache was closed before it was asked for a hash');
  });
});

describe('a rediss:// address', () => {
  // A certificate that nobody vouches for comes with kinesalite.
  const ssl = join(dirname(createRequire(import.meta.url).resolve('kinesalite/package.json')), 'ssl');
  const pem = (name: string) => readFileSync(join(ssl, name));
  const stranger = createServer({ key: pem('server-key.pem'), cert: pem('server-crt.pem') });
  beforeAll(async () => {
    stranger.on('tlsClientError', () => {});
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
  });
  afterAll(() => void stranger.close());

  test('is spoken to encrypted, and only when its certificate is good', async () => {
    const cache = cacheOf({ url: `rediss://127.0.0.1:${(stranger.address() as AddressInfo).port}` });
    await expect(cache.readHash('x')).rejects.toThrow(/certificate|altnames|self.signed/i);
    await cache.close();
  });
});
