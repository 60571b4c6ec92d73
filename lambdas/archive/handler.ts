import { join } from 'node:path';
import middy from '@middy/core';
import type { KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import { loadConfig } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { createStorageClient } from '#factories/storage-client.ts';
import { onceItSucceeds } from '#std/once-it-succeeds.ts';
import { archiveTrades, type ArchiveRecord, type ArchiveReport } from '#usecases/archive-trades.ts';

export type ArchiveDependencies = {
  readonly storage: StorageClient;
  readonly logger: Logger;
  readonly onReport?: (report: ArchiveReport) => void;
};

export type ArchiveHandler = (event: KinesisStreamEvent) => Promise<KinesisStreamBatchResponse>;

/**
 * The archive service: a batch of one shard of the trade stream becomes objects. The laptop, the emulator and AWS run this very function.
 * What could not be written is given back, from the oldest record on.
 */
export function createArchiveHandler(open: () => Promise<ArchiveDependencies>): ArchiveHandler {
  const opened = onceItSucceeds(open);
  return middy<KinesisStreamEvent, KinesisStreamBatchResponse>().handler(async (event: KinesisStreamEvent) => {
    const { storage, logger, onReport } = await opened();
    const shards = Map.groupBy(recordsOf(event), shardOf);
    const failures: { itemIdentifier: string }[] = [];
    for (const [shard, records] of shards) {
      // oxlint-disable-next-line no-await-in-loop -- an event holds one shard; hosts that send more get them one after the other
      const report = await archiveTrades({ storage, logger }, { shard, records: records.map(archiveRecord) });
      const { poisoned, objects, ...counts } = report;
      logger.info('archived', { shard, ...counts, objects: objects.length, poisoned: poisoned.length });
      onReport?.(report);
      if (report.failedSequence !== null) failures.push({ itemIdentifier: report.failedSequence });
    }
    return { batchItemFailures: failures };
  }) as unknown as ArchiveHandler;
}

/** Refuses what is not a batch of a stream: it would be lost in silence. */
function recordsOf(event: KinesisStreamEvent): readonly KinesisStreamRecord[] {
  const records: unknown = event?.Records;
  if (!Array.isArray(records)) throw badEvent('it has no list "Records"');
  const bad = records.findIndex((record) => !isKinesisRecord(record));
  if (bad !== -1) throw badEvent(`record ${bad} is not one of Kinesis, with an eventID of shard and sequence number and with data`);
  return records as readonly KinesisStreamRecord[];
}

function badEvent(problem: string): ConfigError {
  return new ConfigError(
    `the event is not a batch of a Kinesis stream (${problem}), expected one; see what is connected to the archive function`,
  );
}

const EVENT_ID = /^shardId-(\d{1,20}):(\d{1,128})$/;

function isKinesisRecord(record: unknown): record is KinesisStreamRecord {
  if (typeof record !== 'object' || record === null) return false;
  const { eventSource, eventID, kinesis } = record as Partial<KinesisStreamRecord>;
  const [, , sequence] = EVENT_ID.exec(String(eventID)) ?? [];
  if (eventSource !== 'aws:kinesis' || sequence === undefined || typeof kinesis !== 'object' || kinesis === null) return false;
  return kinesis.sequenceNumber === sequence && typeof kinesis.data === 'string' && typeof kinesis.partitionKey === 'string';
}

function shardOf({ eventID }: KinesisStreamRecord): string {
  return EVENT_ID.exec(eventID)?.[1] ?? '';
}

function archiveRecord({ kinesis }: KinesisStreamRecord): ArchiveRecord {
  const { sequenceNumber, partitionKey, data, approximateArrivalTimestamp } = kinesis;
  const isBase64 = data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data);
  return {
    sequence: sequenceNumber,
    partitionKey,
    // Buffer leaves out what is not base64, so a damaged text would be read as other bytes.
    data: isBase64 ? Buffer.from(data, 'base64') : null,
    ...(isBase64 ? {} : { raw: Buffer.from(data, 'utf8') }),
    // Seconds, with a fraction; only told to people, so whatever it is does no harm.
    arrivedAtMs: Math.round(approximateArrivalTimestamp * 1000) || 0,
  };
}

/** On Lambda: configuration from the bundle, overrides from the environment, opened at the first event. */
export const handler = createArchiveHandler(async () => {
  const root = process.env['LAMBDA_TASK_ROOT'] ?? process.cwd();
  const config = loadConfig(join(root, 'config'), process.env);
  const { timer, logger } = createHostParts('archive');
  const storage = createStorageClient(config, { timer, directory: join(root, '.tidemark/archive'), environment: process.env });
  return { storage, logger };
});
