import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CacheClient } from '#core/ports/cache-client.ts';
import { price, PRICE_ORDERS, priceIsTheNewest } from './newest-price.ts';

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

    const advance = (...entries: readonly ReturnType<typeof price>[]) => cache.advanceHashes(entries, 180);

    test('an ordered hash is written where there is none, with its order in it', async () => {
      expect(await advance(price('price:new', 1_678_492_800_000, '17', '20000.1'))).toBe(1);
      expect(await cache.readHash('price:new')).toEqual({ price: '20000.1', event_time: '1678492800000', trade_id: '17' });
    });

    test.each(PRICE_ORDERS)('of two ordered hashes, $what', async (order) => {
      await priceIsTheNewest(cache, order);
    });

    test('an ordered hash replaces the whole one before it', async () => {
      await cache.writeHashes([{ key: 'price:whole', fields: { old: 'x', event_time: '5', trade_id: '1' } }], 180);
      await advance(price('price:whole', 6, '1', 'new'));
      expect(await cache.readHash('price:whole')).toEqual({ price: 'new', event_time: '6', trade_id: '1' });
    });

    test.each([
      ['without an order', { value: 'x' }],
      ['with a time but no id', { event_time: '5' }],
      ['with a garbled time', { event_time: 'noon', trade_id: '1' }],
    ])('a stored hash %s is older than anything', async (what, fields) => {
      await cache.writeHashes([{ key: `price:${what}`, fields }], 180);
      expect(await advance(price(`price:${what}`, 0, '0', 'new'))).toBe(1);
    });

    test('the count tells how many of a call were replaced', async () => {
      await advance(price('count:1', 10, '1', 'a'), price('count:2', 10, '1', 'a'));
      expect(await advance(price('count:1', 9, '1', 'b'), price('count:2', 11, '1', 'b'), price('count:3', 1, '1', 'b'))).toBe(2);
      expect(await advance()).toBe(0);
    });

    test('of several hashes of one key in a call the newest stays', async () => {
      expect(await advance(price('same', 2, '1', 'b'), price('same', 3, '1', 'c'), price('same', 1, '1', 'a'))).toBe(2);
      expect((await cache.readHash('same'))?.['price']).toBe('c');
    });

    test('several writers in any order end at the newest', async () => {
      const prices = Array.from({ length: 60 }, (_, i) => price('writers', 1000 + Math.floor(i / 3), String(i), `p${i}`));
      // A fixed permutation: 7 and 60 have no common divisor.
      const shuffled = prices.map((_, i) => prices[(i * 7) % 60] ?? price('never', 0, '0', ''));
      await Promise.all([0, 1, 2, 3].map((writer) => advance(...shuffled.filter((_, i) => i % 4 === writer))));
      expect((await cache.readHash('writers'))?.['price']).toBe('p59');
    });

    test('an ordered hash ends after its time to live; one that is not replaced keeps its own', async () => {
      await cache.advanceHashes([price('ordered:ends', 10, '1', 'a')], 2);
      await cache.advanceHashes([price('ordered:ends', 9, '1', 'b')], 180);
      await cache.advanceHashes([price('ordered:renewed', 10, '1', 'a')], 2);
      await cache.advanceHashes([price('ordered:renewed', 11, '1', 'b')], 180);
      await passSeconds(2);
      expect([await cache.readHash('ordered:ends'), (await cache.readHash('ordered:renewed'))?.['price']]).toEqual([null, 'b']);
      expect(await advance(price('ordered:ends', 1, '1', 'c'))).toBe(1);
    });

    test('a later write begins a new time to live', async () => {
      await cache.writeHashes([{ key: 'renewed', fields: { value: '1' } }], 2);
      await cache.writeHashes([{ key: 'renewed', fields: { value: '1' } }], 180);
      await passSeconds(2);
      expect(await cache.readHash('renewed')).toEqual({ value: '1' });
    });
  });
}
