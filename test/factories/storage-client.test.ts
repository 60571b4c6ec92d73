import { expect, test } from 'vitest';
import { createStorageClient } from '#factories/storage-client.ts';
import { shippedConfig } from './shipped-config.ts';

test('the storage is the one of streaming.yaml, and each one is its own', async () => {
  const [one, other] = [createStorageClient(shippedConfig()), createStorageClient(shippedConfig())];
  await one.putObject('key', Uint8Array.of(1));
  expect([await one.getObject('key'), await other.getObject('key')]).toEqual([Uint8Array.of(1), null]);
});
