import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import kinesalite from 'kinesalite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKinesisStream, type KinesisStreamOptions } from '#providers/aws/kinesis-stream.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { streamClientContract } from '../../contracts/stream-client.contract.ts';
import { useAwsEnvironment } from './aws-environment.ts';

const timer = createSystemTimer();
const streamOf = (options: Partial<KinesisStreamOptions> = {}) =>
  createKinesisStream({
    name: 'trades',
    timer,
    random: { next: () => 0.5 },
    deadlineMs: 10_000,
    firstBackoffMs: 1,
    lastBackoffMs: 2,
    ...options,
  });

describe('a real stream', () => {
  const server = kinesalite({ createStreamMs: 0 });
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => void server.close());

  streamClientContract('the Kinesis stream', async () => {
    const { address, port } = server.address() as AddressInfo;
    if (address !== '127.0.0.1') throw new Error(`kinesalite listens on ${address}`);
    useAwsEnvironment(`http://127.0.0.1:${port}`);
    const client = new KinesisClient({ requestHandler: new NodeHttpHandler() });
    await client.send(new CreateStreamCommand({ StreamName: 'trades', ShardCount: 2 }));
    for (;;) {
      const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: 'trades' }));
      if (StreamDescription?.StreamStatus === 'ACTIVE') break;
    }
    return { stream: streamOf(), read: async (key) => await readKey(client, key) };
  });
});

/** Every record of the key, oldest first: it is in one of the shards. */
async function readKey(client: KinesisClient, key: string): Promise<readonly Uint8Array[]> {
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: 'trades' }));
  const found: Uint8Array[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const first = await client.send(new GetShardIteratorCommand({ StreamName: 'trades', ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
    let iterator = first.ShardIterator;
    for (let isBehind = true; isBehind && iterator !== undefined;) {
      const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
      const records = page.Records ?? [];
      found.push(...records.flatMap(({ PartitionKey, Data }) => (PartitionKey === key ? [Data ?? new Uint8Array()] : [])));
      iterator = page.NextShardIterator;
      isBehind = records.length > 0;
    }
  }
  return found;
}

type Answer = (request: IncomingMessage, response: ServerResponse, records: readonly { readonly PartitionKey: string }[]) => void;

describe('a stream that answers in its own way', () => {
  const answers: Answer[] = [];
  const seen: { readonly count: number; readonly version: string; readonly socket: unknown }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { Records: records } = JSON.parse(Buffer.concat(chunks).toString()) as { Records: { PartitionKey: string }[] };
      seen.push({ count: records.length, version: request.httpVersion, socket: request.socket });
      (answers.shift() ?? accept)(request, response, records);
    })();
  });
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    answers.length = 0;
    seen.length = 0;
    useAwsEnvironment(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const json = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  };
  const accept: Answer = (_request, response, records) => {
    json(response, 200, {
      FailedRecordCount: 0,
      Records: records.map((_, i) => ({ SequenceNumber: String(i + 1), ShardId: 'shardId-000000000000' })),
    });
  };
  const fail =
    (status: number, type: string): Answer =>
    (_request, response) =>
      json(response, status, { __type: type, message: 'so it is' });
  const stall: Answer = () => {};
  const reset: Answer = (request) => void request.socket.destroy();
  const records = ['b01', 'b02', 'b03'].map((partitionKey) => ({ partitionKey, data: Buffer.from('x') }));

  test('is spoken to over HTTP/1.1, and over the same connection again', async () => {
    const stream = streamOf();
    for (let i = 0; i < 3; i++) await stream.putRecords(records);
    expect([seen.map(({ version }) => version), new Set(seen.map(({ socket }) => socket)).size]).toEqual([['1.1', '1.1', '1.1'], 1]);
    await stream.close();
  });

  test.each<[string, Answer]>([
    ['throttles the whole call', fail(400, 'ProvisionedThroughputExceededException')],
    ['fails inside', fail(500, 'InternalFailure')],
    ['is unavailable', fail(503, 'ServiceUnavailable')],
    ['resets the connection', reset],
    ['answers for fewer records than it got', (_request, response) => json(response, 200, { FailedRecordCount: 0, Records: [] })],
    ['answers with something else', (_request, response) => void response.writeHead(200).end('<html>')],
  ])('that %s is sent the records again', async (_what, answer) => {
    answers.push(answer);
    const stream = streamOf();
    await stream.putRecords(records);
    expect(seen.length).toBe(2);
    await stream.close();
  });

  test.each([
    ['ResourceNotFoundException', 400],
    ['AccessDeniedException', 400],
    ['UnrecognizedClientException', 403],
  ])('that answers %s is not asked again, and the error says so', async (type, status) => {
    answers.push(fail(status, type));
    const stream = streamOf();
    await expect(stream.putRecords(records)).rejects.toMatchObject({
      code: 'STREAM',
      retryable: false,
      message: `stream "trades" was sent 3 records: ${type}: so it is`,
    });
    expect(seen.length).toBe(1);
    await stream.close();
  });

  test('that never answers is given up after so many deadlines, and the next put is a fresh one', async () => {
    answers.push(stall, stall);
    const stream = streamOf({ deadlineMs: 60, maxAttempts: 2 });
    await expect(stream.putRecords(records)).rejects.toThrow(
      /^the stream refused a record 2 times, 3 are not in: NoAnswer .*stream "trades" gave no answer within 60 ms/,
    );
    await streamOf().putRecords(records);
    expect(seen.map(({ count }) => count)).toEqual([3, 3, 3]);
    await stream.close();
  });

  test('gets puts one after the other, and no endless row of them', async () => {
    const release: (() => void)[] = [];
    answers.push((request, response, got) => void release.push(() => accept(request, response, got)));
    const stream = streamOf();
    const puts = Array.from({ length: 16 }, () => stream.putRecords(records));
    await expect(stream.putRecords(records)).rejects.toThrow('stream "trades" has 16 puts waiting, expected fewer; wait for them');
    await expect.poll(() => release.length).toBe(1);
    expect(seen.length).toBe(1);
    release[0]?.();
    await Promise.all(puts);
    expect(seen.length).toBe(16);
    await stream.close();
  });
});
