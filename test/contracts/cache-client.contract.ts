import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CacheClient } from '#core/ports/cache-client.ts';

export type CacheUnderTest = {
  readonly cache: CacheClient;
  /** Lets so much time pass that a time to live of so many seconds is over: by a virtual clock, or by the server's own. */
  readonly passSeconds: (seconds: number) => Promise<void>;
};

/** The promises of `CacheClient`, run by every provider. `make` is called once; each test uses keys of its own. */
export function cacheClientContract(name: string, make: () => Promise<CacheUnderTest>): void {
  describe(`${name} keeps the promises of CacheClient`, () => {
    let cache: CacheClient;
    let passSeconds: CacheUnderTest['passSeconds'];
    beforeAll(async () => {
      ({ cache, passSeconds } = await make());
    });
    afterAll(async () => {
      await cache.close();
    });

    test('a written hash comes back whole', async () => {
      const fields = { SMA_20: '26127.17', open_time: '1678492800000', status: 'ready' };
      await cache.writeHashes([{ key: 'indicators:kraken:BTC/USD:1m', fields }], 180);
      expect(await cache.readHash('indicators:kraken:BTC/USD:1m')).toEqual(fields);
    });

    test('a key that nobody wrote is null', async () => {
      expect(await cache.readHash('nobody:wrote:this')).toBeNull();
    });

    test('many hashes go in with one call and stay apart', async () => {
      const entries = Array.from({ length: 200 }, (_, i) => ({ key: `many:${i}`, fields: { value: String(i) } }));
      await cache.writeHashes(entries, 180);
      const found = await Promise.all(entries.map(({ key }) => cache.readHash(key)));
      expect(found).toEqual(entries.map(({ fields }) => fields));
    });

    test('writing no hash at all is fine', async () => {
      await expect(cache.writeHashes([], 180)).resolves.toBeUndefined();
    });

    test('a later write replaces the whole hash: a field that it does not name is gone', async () => {
      await cache.writeHashes([{ key: 'replaced', fields: { old: '1', kept: '1' } }], 180);
      await cache.writeHashes([{ key: 'replaced', fields: { kept: '2' } }], 180);
      expect(await cache.readHash('replaced')).toEqual({ kept: '2' });
    });

    test('what the caller does with the objects afterwards does not reach the cache', async () => {
      const fields: Record<string, string> = { value: '1' };
      await cache.writeHashes([{ key: 'apart', fields }], 180);
      fields['value'] = '2';
      expect(await cache.readHash('apart')).toEqual({ value: '1' });
    });

    test('texts of any kind come back as they were', async () => {
      const fields = { empty: '', spaces: ' a b ', unicode: 'µ→€😀', number: '-1.2345678901234567e-9', 'name with {braces}': 'x' };
      await cache.writeHashes([{ key: 'texts:Ünïcode {x}', fields }], 180);
      expect(await cache.readHash('texts:Ünïcode {x}')).toEqual(fields);
    });

    test('a hash ends after its time to live, and not before', async () => {
      await cache.writeHashes([{ key: 'ends', fields: { value: '1' } }], 2);
      await cache.writeHashes([{ key: 'stays', fields: { value: '1' } }], 180);
      expect(await cache.readHash('ends')).toEqual({ value: '1' });
      await passSeconds(2);
      expect(await cache.readHash('ends')).toBeNull();
      expect(await cache.readHash('stays')).toEqual({ value: '1' });
    });

    test('a later write begins a new time to live', async () => {
      await cache.writeHashes([{ key: 'renewed', fields: { value: '1' } }], 2);
      await cache.writeHashes([{ key: 'renewed', fields: { value: '1' } }], 180);
      await passSeconds(2);
      expect(await cache.readHash('renewed')).toEqual({ value: '1' });
    });
  });
}
