import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SinkError } from '#core/errors.ts';
import type { Random } from '#core/ports/random.ts';
import type { StreamClient, StreamRecord } from '#core/ports/stream-client.ts';
import type { Timer } from '#core/ports/timer.ts';
import { withDeadline } from '#std/deadline.ts';
import { awsError } from './aws-errors.ts';
import { createPutInOrder, type RecordFailure } from './put-in-order.ts';

export type KinesisStreamOptions = {
  readonly name: string;
  readonly timer: Timer;
  readonly random: Random;
  /** Of one HTTP request; a put makes several when records are refused. */
  readonly deadlineMs: number;
  readonly maxAttempts?: number;
  readonly firstBackoffMs?: number;
  readonly lastBackoffMs?: number;
};

const MAX_ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 2000;
/** Puts that wait for the one under way. The publisher makes one at a time. */
const MAX_PUTS = 16;

/**
 * A Kinesis data stream. Credentials, region and endpoint (`AWS_ENDPOINT_URL`) come from the environment, as the SDK reads it. HTTP/1.1 with
 * connections kept alive: the SDK's own HTTP/2 opens a session a call, and no local server speaks it.
 */
export function createKinesisStream(options: KinesisStreamOptions): StreamClient {
  const { name, timer, random, deadlineMs } = options;
  // One attempt: what was refused is sent again here, in order.
  const client = new KinesisClient({ maxAttempts: 1, requestHandler: new NodeHttpHandler({ connectionTimeout: deadlineMs }) });
  const put = createPutInOrder({
    send,
    timer,
    random,
    maxAttempts: options.maxAttempts ?? MAX_ATTEMPTS,
    firstBackoffMs: options.firstBackoffMs ?? FIRST_BACKOFF_MS,
    lastBackoffMs: options.lastBackoffMs ?? LAST_BACKOFF_MS,
  });
  let tail: Promise<void> = Promise.resolve();
  let puts = 0;

  async function send(records: readonly StreamRecord[]): Promise<readonly (RecordFailure | null)[]> {
    const command = new PutRecordsCommand({
      StreamName: name,
      Records: records.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data })),
    });
    const what = `stream "${name}" was sent ${records.length} records`;
    try {
      const answer = await withDeadline({ timer, deadlineMs, what: `stream "${name}"` }, (abortSignal) =>
        client.send(command, { abortSignal }),
      );
      const results = answer.Records ?? [];
      if (results.length !== records.length)
        throw new SinkError(`${what} and answered for ${results.length}`, { code: 'STREAM', retryable: true });
      return results.map(({ ErrorCode: code, ErrorMessage: message }) => (code === undefined ? null : { code, message: message ?? '' }));
    } catch (error) {
      throw awsError('STREAM', what, error);
    }
  }

  return {
    async putRecords(records) {
      // What the caller does with its bytes afterwards must not reach records that wait.
      const copies = records.map(({ partitionKey, data }) => ({ partitionKey, data: new Uint8Array(data) }));
      if (puts >= MAX_PUTS)
        throw new SinkError(`stream "${name}" has ${puts} puts waiting, expected fewer; wait for them`, {
          code: 'STREAM',
          retryable: true,
        });
      puts++;
      // One put after the other, or they could overtake each other.
      const mine = tail.then(() => put(copies)).finally(() => puts--);
      tail = mine.catch(() => undefined);
      await mine;
    },
    async close() {
      client.destroy();
    },
  };
}
