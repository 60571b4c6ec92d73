import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createFileStorage } from '#providers/files/file-storage.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { storageClientContract } from '../../contracts/storage-client.contract.ts';
import { handTimer } from '../../std/hand-timer.ts';

const root = mkdtempSync(join(tmpdir(), 'tidemark-files-'));
afterAll(() => rmSync(root, { recursive: true }));
const timer = createSystemTimer();
const storageIn = (name: string) => createFileStorage({ directory: join(root, name), timer, deadlineMs: 10_000 });

storageClientContract('the file storage', async () => storageIn('contract'));

describe('the file storage', () => {
  const listed = async (name: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const key of storageIn(name).listObjects('')) keys.push(key);
    return keys;
  };

  test('keeps objects of the archive under their own names, for their owner alone', async () => {
    const key = 'trades/exchange=kraken/date=2023-11-17/hour=00/0-1-2.ndjson.zst';
    await storageIn('modes').putObject(key, Buffer.from('x'));
    const mode = (path: string) => statSync(join(root, 'modes', path)).mode & 0o777;
    expect([mode(key), mode('trades/exchange=kraken'), mode('')]).toEqual([0o600, 0o700, 0o700]);
  });

  test('leaves nothing half done behind', async () => {
    const storage = storageIn('clean');
    await storage.putObject('a/b.txt', Buffer.from('1'));
    await storage.putObject('a/b.txt', Buffer.from('2'));
    expect(readdirSync(join(root, 'clean/%unfinished'))).toEqual([]);
  });

  test('does not list what was not finished, nor files of others', async () => {
    await storageIn('others').putObject('a/b.txt', Buffer.from('1'));
    writeFileSync(join(root, 'others/%unfinished/123-0'), 'half');
    writeFileSync(join(root, 'others/README'), 'no object: it has no dot');
    mkdirSync(join(root, 'others/dotted.folder'));
    writeFileSync(join(root, 'others/dotted.folder/x.txt'), 'no object');
    expect(await listed('others')).toEqual(['a/b.txt']);
  });

  test('lists nothing where there is no folder yet', async () => {
    expect(await listed('never made')).toEqual([]);
    expect(existsSync(join(root, 'never made'))).toBe(false);
  });

  test('refuses a segment that a file system would not take', async () => {
    await expect(storageIn('long').putObject(`${'a'.repeat(241)}/b`, Buffer.from('x'))).rejects.toThrow(
      'is refused: a segment is longer than 240 characters, which not every file system takes',
    );
  });

  test('names what the disk refused, may be tried again, and works once the reason is gone', async () => {
    const storage = storageIn('blocked');
    writeFileSync(join(root, 'blocked'), 'a file where the folder should be');
    await expect(storage.putObject('a.txt', Buffer.from('x'))).rejects.toMatchObject({
      code: 'STORAGE',
      retryable: true,
      message: expect.stringContaining('was asked for the writing of "a.txt"') as string,
    });
    rmSync(join(root, 'blocked'));
    await storage.putObject('a.txt', Buffer.from('x'));
    expect(await listed('blocked')).toEqual(['a.txt']);
  });

  test('passes on what cannot be read, rather than calling it missing', async () => {
    const storage = storageIn('circle');
    await storage.putObject('a.txt', Buffer.from('x'));
    rmSync(join(root, 'circle/a.txt'));
    symlinkSync('a.txt', join(root, 'circle/a.txt'));
    await expect(storage.getObject('a.txt')).rejects.toThrow('ELOOP');
  });

  test('ends at its deadline when the disk does not answer', async () => {
    const hands = handTimer();
    const storage = createFileStorage({ directory: join(root, 'slow'), timer: hands, deadlineMs: 50 });
    const reading = storage.getObject('a.txt');
    hands.advance(50);
    await expect(reading).rejects.toThrow('gave no answer within 50 ms');
  });
});
