import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createStorageClient } from '#factories/storage-client.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { shippedConfig } from './shipped-config.ts';

const directory = mkdtempSync(join(tmpdir(), 'tidemark-storage-'));
afterAll(() => rmSync(directory, { recursive: true }));
const options = { timer: createSystemTimer(), directory, environment: {} };

test('the storage is the one of streaming.yaml: files in the folder that is handed in', async () => {
  const storage = createStorageClient(shippedConfig(), options);
  await storage.putObject('some/key.txt', Uint8Array.of(1));
  expect(existsSync(join(directory, 'some/key.txt'))).toBe(true);
});

test('storages in memory are each their own', async () => {
  const config = shippedConfig({ TIDEMARK_STREAMING__ARCHIVE__PROVIDER: 'memory' });
  const [one, other] = [createStorageClient(config, options), createStorageClient(config, options)];
  await one.putObject('key', Uint8Array.of(1));
  expect([await one.getObject('key'), await other.getObject('key')]).toEqual([Uint8Array.of(1), null]);
});

test('a bucket is made for the provider s3, and asked only when it is used', async () => {
  const storage = createStorageClient(shippedConfig({ TIDEMARK_STREAMING__ARCHIVE__PROVIDER: 's3' }), options);
  await expect(storage.putObject('../key', Uint8Array.of(1))).rejects.toThrow('object key "../key" is refused');
  await storage.close();
});
