import type { KinesisStreamEvent } from 'aws-lambda';
import type { ArchiveHandler } from '#lambdas/archive/handler.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { OpenedStream } from '#factories/stream-client.ts';
import { every } from '#std/every.ts';

type MemoryStream = NonNullable<OpenedStream['memory']>;

export type ArchiveLoop = {
  readonly memory: MemoryStream;
  /** The very handler that runs on Lambda. */
  readonly handler: ArchiveHandler;
  readonly timer: Timer;
  readonly logger: Logger;
  /** How long records gather before they go as one batch. */
  readonly windowMs: number;
};

/** A batch of Lambda's size. */
const MAX_RECORDS = 10_000;
/** Sequences of a stream in this process begin at 0 with each start, and objects are named by them: each start is a shard of its own. */
const newShard = (): string => `shardId-${Date.now()}`;

/**
 * What the event source mapping does on AWS, for a stream in this process: gives the archive function batch after batch, and what it could
 * not write again. The returned function archives what is left and ends; it gives up what cannot be written then, and says so.
 */
export function startArchiveLoop({ memory, handler, timer, logger, windowMs }: ArchiveLoop): () => Promise<void> {
  const shard = newShard();
  const archiveAll = async (): Promise<void> => {
    for (let records = memory.take(MAX_RECORDS); records.length > 0; records = memory.take(MAX_RECORDS)) {
      // oxlint-disable-next-line no-await-in-loop -- a shard is read in order
      const { batchItemFailures } = await handler(streamEvent(shard, records));
      const failed = batchItemFailures[0]?.itemIdentifier;
      const last = records.at(-1);
      if (failed === undefined && last !== undefined) memory.acknowledge(last.sequence);
      else {
        memory.acknowledge(Number(failed) - 1);
        return;
      }
    }
  };
  let droppedBefore = 0;
  const attempt = async (): Promise<void> => {
    const dropped = memory.dropped();
    if (dropped > droppedBefore)
      logger.error('the stream was full and dropped records before they were archived', { dropped: dropped - droppedBefore });
    droppedBefore = dropped;
    try {
      await archiveAll();
    } catch (error) {
      logger.error('the archive function failed; the stream hands the records over again', { error });
    }
  };
  const stop = every(timer, windowMs, attempt);
  return async () => {
    await stop();
    await attempt();
    const left = memory.records().length;
    if (left > 0) logger.error('records of the trade stream could not be archived and are lost with this process', { left });
  };
}

/** The event in which Kinesis hands a batch to a function. */
function streamEvent(shard: string, records: ReturnType<MemoryStream['take']>): KinesisStreamEvent {
  return {
    Records: records.map(({ sequence, partitionKey, data, arrivedAtMs }) => ({
      awsRegion: 'local',
      eventID: `${shard}:${sequence}`,
      eventName: 'aws:kinesis:record',
      eventSource: 'aws:kinesis',
      eventSourceARN: 'arn:aws:kinesis:local:000000000000:stream/trades',
      eventVersion: '1.0',
      invokeIdentityArn: 'arn:aws:iam::000000000000:role/local',
      kinesis: {
        approximateArrivalTimestamp: arrivedAtMs / 1000,
        data: Buffer.from(data).toString('base64'),
        kinesisSchemaVersion: '1.0',
        partitionKey,
        sequenceNumber: String(sequence),
      },
    })),
  };
}
