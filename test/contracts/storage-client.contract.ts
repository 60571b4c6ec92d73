import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StorageClient } from '#core/ports/storage-client.ts';

/** The promises of `StorageClient`, run by every provider. `make` is called once; each test uses keys of its own. */
export function storageClientContract(name: string, make: () => Promise<StorageClient>): void {
  describe(`${name} keeps the promises of StorageClient`, () => {
    let storage: StorageClient;
    beforeAll(async () => {
      storage = await make();
    });
    afterAll(async () => {
      await storage.close();
    });
    const text = async (key: string): Promise<string | null> => {
      const body = await storage.getObject(key);
      return body === null ? null : Buffer.from(body).toString('utf8');
    };
    const listed = async (prefix: string): Promise<string[]> => {
      const keys: string[] = [];
      for await (const key of storage.listObjects(prefix)) keys.push(key);
      return keys;
    };

    test('an object comes back as it was put, every byte of it', async () => {
      const body = Uint8Array.from({ length: 256 }, (_, i) => i);
      await storage.putObject('trades/exchange=kraken/date=2023-03-11/hour=03/0-1-2.ndjson', body);
      expect(Uint8Array.from((await storage.getObject('trades/exchange=kraken/date=2023-03-11/hour=03/0-1-2.ndjson')) ?? [])).toEqual(body);
    });

    test('an object that nobody put is null', async () => {
      expect(await storage.getObject('nobody/put/this')).toBeNull();
    });

    test('a prefix alone is no object', async () => {
      await storage.putObject('folder/object', Buffer.from('x'));
      expect([await storage.getObject('folder'), await storage.getObject('folder/')]).toEqual([null, null]);
    });

    test.each([
      ['an empty text', ''],
      ['a way up', 'trades/../secret'],
      ['a way up alone', '..'],
      ['a segment of one dot', 'trades/./x'],
      ['a leading slash', '/etc/passwd'],
      ['a trailing slash', 'trades/'],
      ['an empty segment', 'trades//x'],
      ['a line feed', 'trades/a\nb'],
      ['a carriage return', 'trades/a\rb'],
      ['a zero byte', 'trades/a\u0000b'],
      ['a backslash', 'trades\\x'],
      ['a percent sign', 'trades/%2E%2E/x'],
      ['a letter beyond ASCII', 'trades/ü'],
      ['1,025 bytes', `${'a/'.repeat(512)}a`],
    ])('a key with %s is refused when it is written, and names nothing when it is read', async (_what, key) => {
      await expect(storage.putObject(key, Buffer.from('x'))).rejects.toThrow(/^object key ".*" is refused: /);
      expect(await storage.getObject(key)).toBeNull();
    });

    test('a key of 1,024 bytes is taken', async () => {
      const key = `${'a'.repeat(127)}/`.repeat(7) + 'b'.repeat(128);
      await storage.putObject(key, Buffer.from('x'));
      expect([key.length, await text(key), await listed('aaaa')]).toEqual([1024, 'x', [key]]);
    });

    test('keys with dots, percent-like texts and each other for a beginning stay apart', async () => {
      const keys = ['dots/a', 'dots/a.object', 'dots/a.object/b', 'dots/a.txt', 'dots/a.txt/b', 'dots/a/b', 'dots/v1.2/x.tar.gz'];
      for (const key of keys) await storage.putObject(key, Buffer.from(key));
      expect(await listed('dots/')).toEqual([...keys].sort());
      expect(await Promise.all(keys.map(text))).toEqual(keys);
    });

    test('an empty object is there', async () => {
      await storage.putObject('empty', new Uint8Array());
      expect(await text('empty')).toBe('');
    });

    test('a later object replaces the earlier one of its key whole', async () => {
      await storage.putObject('replaced', Buffer.from('the longer first one'));
      await storage.putObject('replaced', Buffer.from('second'));
      expect([await text('replaced'), await listed('replaced')]).toEqual(['second', ['replaced']]);
    });

    test('an object of five megabytes is taken', async () => {
      const body = Buffer.alloc(5 * 1024 * 1024, 'tidemark');
      await storage.putObject('large', body);
      expect(Buffer.compare(Buffer.from((await storage.getObject('large')) ?? []), body)).toBe(0);
    });

    test('the keys of a prefix are listed in ascending order, and no others', async () => {
      const keys = ['list/b', 'list/a/2', 'list/a/10', 'list/A', 'list/a', 'list/_', 'list-other', 'lis'];
      for (const key of keys) await storage.putObject(key, Buffer.from(key));
      expect(await listed('list/')).toEqual(['list/A', 'list/_', 'list/a', 'list/a/10', 'list/a/2', 'list/b']);
      expect(await listed('list/a/1')).toEqual(['list/a/10']);
    });

    test('more keys than a page of a store are all listed', async () => {
      const keys = Array.from({ length: 1200 }, (_, i) => `page/${String(i).padStart(4, '0')}`);
      for (const key of keys) await storage.putObject(key, Buffer.from('x'));
      expect(await listed('page/')).toEqual(keys);
    });

    test('a prefix without objects lists nothing', async () => {
      expect(await listed('nothing/here/')).toEqual([]);
    });

    test('what the caller does with its bytes, before or after, does not reach the store', async () => {
      const body = Buffer.from('before');
      await storage.putObject('apart', body);
      body.write('after!');
      const read = await storage.getObject('apart');
      expect(Buffer.from(read ?? []).toString()).toBe('before');
      read?.fill(0);
      expect(await text('apart')).toBe('before');
    });
  });
}
