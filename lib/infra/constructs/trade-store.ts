import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { BlockPublicAccess, Bucket, BucketEncryption, StorageClass } from 'aws-cdk-lib/aws-s3';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge, bucketFinding } from '../acknowledge.ts';
import type { ServiceFunction } from './service-function.ts';

export type TradeStore = { readonly stream: Stream; readonly bucket: Bucket };

/** The stream of live trades and the bucket of their archive and of the store's backups. The bucket outlives its stack on AWS. */
export function createTradeStore(parent: Construct, { isKept, shards }: { readonly isKept: boolean; readonly shards: number }): TradeStore {
  const scope = new Construct(parent, 'trades');
  const stream = new Stream(scope, 'Stream', {
    streamMode: StreamMode.PROVISIONED,
    shardCount: shards,
    retentionPeriod: Duration.hours(24),
    encryption: StreamEncryption.MANAGED,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const bucket = new Bucket(scope, 'Archive', {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    lifecycleRules: [
      { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      {
        id: 'older-trades',
        prefix: 'trades/',
        transitions: [{ storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(90) }],
      },
      { id: 'backups', prefix: 'backups/', expiration: Duration.days(30) },
    ],
  });
  acknowledge(bucket, { S1: 'Server access logs cost more than the objects; CloudTrail data events are there for who needs them.' });
  return { stream, bucket };
}

/** A batch of a shard each minute to the archive function. What cannot be written is halved until one record is left, and that is told. */
export function connectArchive(parent: Construct, { stream, bucket }: TradeStore, archive: ServiceFunction): Queue {
  const scope = new Construct(parent, 'archive-source');
  const deadLetters = new Queue(scope, 'DeadLetters', {
    queueName: 'tidemark-archive-dead-letters',
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  acknowledge(deadLetters, { SQS3: 'It is itself the dead-letter queue: the failure destination of the archive.' });
  archive.function.addEventSource(
    new KinesisEventSource(stream, {
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 10_000,
      maxBatchingWindow: Duration.seconds(60),
      parallelizationFactor: 1,
      bisectBatchOnError: true,
      retryAttempts: 2,
      maxRecordAge: Duration.hours(1),
      reportBatchItemFailures: true,
      onFailure: new SqsDlq(deadLetters),
    }),
  );
  archive.role.addToPolicy(
    new PolicyStatement({ actions: ['s3:PutObject'], resources: [bucket.arnForObjects('trades/*'), bucket.arnForObjects('poison/*')] }),
  );
  for (const objects of ['trades/*', 'poison/*'])
    acknowledge(archive.role, {
      [bucketFinding(bucket, objects, archive.role)]: 'Objects below one prefix: their names are sequence numbers.',
    });
  return deadLetters;
}

/** Archived trades and their names, and nothing else of the bucket. */
export function grantArchiveRead({ bucket }: TradeStore, { role }: ServiceFunction): void {
  role.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: [bucket.arnForObjects('trades/*')] }));
  role.addToPolicy(
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': 'trades/*' } },
    }),
  );
  acknowledge(role, { [bucketFinding(bucket, 'trades/*', role)]: 'Objects below one prefix: their names are sequence numbers.' });
}
