import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import type { CheckedTrade } from '#core/trade.ts';
import { tradeRecordText } from '#domain/trades/trade-record.ts';
import { compressZstd } from '#std/zstd.ts';

export const FIRST_SEQUENCE = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;

/** A record of the trade stream as Lambda hands it over; `data` is its base64 text. */
export function streamRecord(index: number, data: string, shard = '000000000000'): KinesisStreamRecord {
  const sequenceNumber = String(FIRST_SEQUENCE + BigInt(index));
  return {
    awsRegion: 'us-east-1',
    eventID: `shardId-${shard}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    eventSource: 'aws:kinesis',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/tidemark-trades',
    eventVersion: '1.0',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/archive',
    kinesis: { kinesisSchemaVersion: '1.0', partitionKey: 'b17', sequenceNumber, data, approximateArrivalTimestamp: 1_700_179_206.662 },
  };
}

export function streamEvent(records: readonly KinesisStreamRecord[]): KinesisStreamEvent {
  return { Records: [...records] };
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** The data of a good record. */
export function goodData(trades: readonly CheckedTrade[], sequence = 0): string {
  return base64(compressZstd(tradeRecordText({ task: '1/1', sequence }, trades), 1));
}

/** Ways in which a record cannot be read, each with what is said of it. The bytes differ with `salt`, so that each can be told apart. */
export const POISONS: readonly (readonly [what: string, data: (salt: number) => string, reason: string])[] = [
  ['is not base64', (salt) => `no base64 ${salt} !`, 'the data is not base64'],
  ['is empty', () => '', 'the bytes are not zstd'],
  ['is plain text', (salt) => base64(Buffer.from(`{"v":1} ${salt}`)), 'the bytes are not zstd'],
  ['is gzip', (salt) => base64(Buffer.from([0x1f, 0x8b, 8, 0, salt & 255, salt >> 8])), 'the bytes are not zstd'],
  [
    'was aggregated by another library',
    (salt) => base64(Buffer.from([0xf3, 0x89, 0x9a, 0xc2, salt & 255, salt >> 8])),
    'the bytes are not zstd',
  ],
  ['is cut off', (salt) => base64(compressZstd(`x${salt}`.repeat(50), 1).subarray(0, 20)), 'the zstd frame is damaged or cut off'],
  ['is not UTF-8', (salt) => base64(compressZstd(Buffer.from([0xff, salt & 255]), 1)), 'the bytes are not UTF-8'],
  ['has no envelope', (salt) => base64(compressZstd(`hello ${salt}`, 1)), 'the first line is not a JSON object, expected the envelope'],
  ['is of another version', (salt) => base64(compressZstd(`{"v":999,"salt":${salt}}\n`, 1)), 'the version is 999, expected 1'],
  ['has no version', (salt) => base64(compressZstd(`{"salt":${salt}}\n`, 1)), 'the version is missing, expected 1'],
  [
    'holds a line that is no trade',
    (salt) => base64(compressZstd(`{"v":1,"task":"1","sequence":0,"count":1}\n{"salt":${salt}}\n`, 1)),
    'field "salt" is unknown',
  ],
  [
    'lost a line',
    (salt) => base64(compressZstd(`{"v":1,"task":"${salt}","sequence":0,"count":1}\n`, 1)),
    "the record holds 0 lines, expected the envelope's 1",
  ],
];
