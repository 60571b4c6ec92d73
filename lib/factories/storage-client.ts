import type { Config } from '#config/load.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';

const PROVIDERS = {
  memory: createMemoryStorage,
} as const satisfies Record<Config['streaming']['archive']['provider'], () => StorageClient>;

export function createStorageClient(config: Config): StorageClient {
  return PROVIDERS[config.streaming.archive.provider]();
}
