import type { Config } from '#config/load.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createS3Storage } from '#providers/aws/s3-storage.ts';
import { createFileStorage } from '#providers/files/file-storage.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';

export type StorageClientOptions = {
  readonly timer: Timer;
  /** Where objects go when they are files. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

type Make = (archive: Config['streaming']['archive'], options: StorageClientOptions) => StorageClient;

const PROVIDERS = {
  memory: () => createMemoryStorage(),
  files: ({ deadlineMs }, { timer, directory }) => createFileStorage({ directory, timer, deadlineMs }),
  s3({ bucket, deadlineMs }, { timer, environment }) {
    // An endpoint of its own is a local one, where buckets have no host names.
    const endpoint = environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'];
    return createS3Storage({ bucket, timer, deadlineMs, forcePathStyle: endpoint !== undefined });
  },
} as const satisfies Record<Config['streaming']['archive']['provider'], Make>;

/** The object store that `streaming.archive.provider` names. */
export function createStorageClient(config: Config, options: StorageClientOptions): StorageClient {
  const { archive } = config.streaming;
  return PROVIDERS[archive.provider](archive, options);
}
