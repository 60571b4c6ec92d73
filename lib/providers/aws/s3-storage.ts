import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SinkError } from '#core/errors.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { Timer } from '#core/ports/timer.ts';
import { withDeadline } from '#std/deadline.ts';
import { objectKeyProblem } from '#std/object-key.ts';
import { awsError } from './aws-errors.ts';

export type S3StorageOptions = {
  readonly bucket: string;
  readonly timer: Timer;
  /** Of one call, its retries and the object's bytes included. */
  readonly deadlineMs: number;
  /** For endpoints without a host name a bucket (local ones). */
  readonly forcePathStyle: boolean;
};

/**
 * A bucket on S3. Credentials, region and endpoint come from the environment, as the SDK reads it. Every object is written with a CRC32 that
 * S3 checks, and checked again when it is read.
 */
export function createS3Storage({ bucket, timer, deadlineMs, forcePathStyle }: S3StorageOptions): StorageClient {
  const client = new S3Client({
    forcePathStyle,
    maxAttempts: 3,
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    requestHandler: new NodeHttpHandler({ connectionTimeout: deadlineMs }),
  });
  const call = async <T>(what: string, work: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await withDeadline({ timer, deadlineMs, what: `bucket "${bucket}"` }, work);
    } catch (error) {
      throw awsError('STORAGE', `bucket "${bucket}" was asked for ${what}`, error);
    }
  };
  return {
    async putObject(key, body) {
      refuseBadKey(key);
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: new Uint8Array(body), ChecksumAlgorithm: 'CRC32' });
      await call(`the writing of "${key}"`, (abortSignal) => client.send(command, { abortSignal }));
    },
    async getObject(key) {
      if (objectKeyProblem(key) !== null) return null;
      return await call(`"${key}"`, async (abortSignal) => {
        try {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
          // Not the bytes themselves: they may share memory with the reader's pool.
          return Body === undefined ? new Uint8Array() : new Uint8Array(await Body.transformToByteArray());
        } catch (error) {
          if (error instanceof NoSuchKey) return null;
          throw error;
        }
      });
    },
    async *listObjects(prefix) {
      const keys: string[] = [];
      let token: string | undefined;
      do {
        const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token });
        // oxlint-disable-next-line no-await-in-loop -- page after page
        const page = await call(`the keys below "${prefix}"`, (abortSignal) => client.send(command, { abortSignal }));
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
        token = page.NextContinuationToken;
      } while (token !== undefined);
      // S3 sends them in the order of their bytes; not every server that speaks its protocol does. ASCII, so this order is that one.
      yield* keys.sort();
    },
    async close() {
      client.destroy();
    },
  };
}

function refuseBadKey(key: string): void {
  const problem = objectKeyProblem(key);
  if (problem !== null)
    throw new SinkError(`object key ${JSON.stringify(key.slice(0, 100))} is refused: ${problem}`, { code: 'STORAGE', retryable: false });
}
