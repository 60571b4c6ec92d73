import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateStreamCommand, GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import kinesalite from 'kinesalite';
import { expect, onTestFinished, test } from 'vitest';
import { SinkError } from '#core/errors.ts';
import { createKinesisStream } from '#providers/aws/kinesis-stream.ts';
import { createS3Storage } from '#providers/aws/s3-storage.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { useAwsEnvironment } from '../providers/aws/aws-environment.ts';
import { startLocalFauxqs } from '../providers/aws/start-fauxqs.ts';
import { startFaultProxy, type Direction, type FaultProxy } from '../support/fault-proxy.ts';

// Campaign F8, stream and archive: their connections are cut at every byte of a put, request and answer. The clients try again by themselves,
// with pauses, so that several cuts are made side by side, each through a proxy of its own.

const LANES = 8;
const DEADLINE_MS = 3000;
const timer = createSystemTimer();

type Outcome = 'done' | 'errors' | 'wrong';

type Client = { readonly put: (number: number) => Promise<void>; readonly close: () => Promise<void> };

/**
 * Puts once for each byte, over connections that are cut there, those of retries too. `open` makes a client through a proxy; its first put
 * goes through undisturbed. Returns what came of it.
 */
async function cutEverywhere(port: number, open: () => Client) {
  const count = { cuts: 0, done: 0, errors: 0, wrong: 0, slow: 0 };
  const lanes: { readonly proxy: FaultProxy; readonly client: Client }[] = [];
  onTestFinished(async () => {
    await Promise.all(lanes.map(async ({ proxy, client }) => await Promise.all([client.close(), proxy.close()])));
  });
  for (let lane = 0; lane < LANES; lane++) {
    // oxlint-disable no-await-in-loop -- the SDK reads the environment at a client's first call, and there is one environment
    const proxy = await startFaultProxy(port);
    useAwsEnvironment(`http://127.0.0.1:${proxy.port}`);
    const client = open();
    lanes.push({ proxy, client });
    await client.put(0);
    // oxlint-enable no-await-in-loop
  }
  useAwsEnvironment(`http://127.0.0.1:${port}`);
  const needed = lanes[0]!.proxy.passed();
  const cuts = (['request', 'response'] as const).flatMap((direction) =>
    Array.from({ length: needed[direction] }, (_, atByte): { direction: Direction; atByte: number } => ({ direction, atByte })),
  );
  count.cuts = cuts.length;
  let next = 0;
  const cutOne = async ({ proxy, client }: (typeof lanes)[number], number: number): Promise<void> => {
    proxy.set({ kind: 'cut', ...cuts[number]! });
    // Connections that are kept alive would go on as they began.
    proxy.resetAll();
    const startedMs = performance.now();
    const outcome = await client.put(number + 1).then(
      (): Outcome => 'done',
      (error: unknown): Outcome => (error instanceof SinkError && error.retryable ? 'errors' : 'wrong'),
    );
    count[outcome]++;
    if (performance.now() - startedMs > 2 * DEADLINE_MS) count.slow++;
  };
  await Promise.all(
    lanes.map(async (lane) => {
      // oxlint-disable-next-line no-await-in-loop -- one cut a proxy at a time
      for (let number = next++; number < cuts.length; number = next++) await cutOne(lane, number);
    }),
  );
  return count;
}

test(
  'F8: a stream’s connection that is cut at any byte takes a record whole or not at all, and says so',
  { timeout: 120_000 },
  async () => {
    const server = kinesalite({ createStreamMs: 0 });
    // It lives in this process, and throws when a request ends halfway.
    server.on('request', (request: IncomingMessage) => void request.removeAllListeners('error').on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    useAwsEnvironment(`http://127.0.0.1:${port}`);
    const direct = new KinesisClient({ requestHandler: new NodeHttpHandler() });
    await direct.send(new CreateStreamCommand({ StreamName: 'trades', ShardCount: 1 }));
    const heard = new Set<number>();
    const count = await cutEverywhere(port, () => {
      const backoff = { maxAttempts: 2, firstBackoffMs: 1, lastBackoffMs: 2 };
      const stream = createKinesisStream({ name: 'trades', timer, random: { next: () => 0.5 }, deadlineMs: DEADLINE_MS, ...backoff });
      return {
        async put(number) {
          await stream.putRecords([{ partitionKey: 'b1', data: Buffer.from(`record ${String(number).padStart(6, '0')}`) }]);
          heard.add(number);
        },
        close: () => stream.close(),
      };
    });
    const stored = await recordsOf(direct);
    const broken = stored.filter((text) => !/^record \d{6}$/.test(text));
    const lost = [...heard].filter((number) => !stored.includes(`record ${String(number).padStart(6, '0')}`));
    process.stdout.write(
      `F8 stream: ${count.cuts} cuts, ${lost.length} acknowledged and lost, ${broken.length} broken, ${count.slow} hangs (${count.errors} errors, ${count.done} done)\n`,
    );
    expect({ ...count, lost, broken }).toMatchObject({ wrong: 0, slow: 0, lost: [], broken: [], errors: count.cuts, done: 0 });
    expect(count.cuts).toBeGreaterThan(500);
  },
);

async function recordsOf(client: KinesisClient): Promise<readonly string[]> {
  const shard = { StreamName: 'trades', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' } as const;
  const found: string[] = [];
  let { ShardIterator: iterator } = await client.send(new GetShardIteratorCommand(shard));
  for (let isBehind = true; isBehind && iterator !== undefined;) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
    const records = page.Records ?? [];
    found.push(...records.map(({ Data }) => Buffer.from(Data ?? []).toString()));
    iterator = page.NextShardIterator;
    isBehind = records.length > 0;
  }
  return found;
}

test('F8: an archive’s connection that is cut at any byte leaves an object whole or none at all', { timeout: 240_000 }, async () => {
  const fauxqs = await startLocalFauxqs();
  onTestFinished(() => void fauxqs.server.stop());
  const { port } = fauxqs.server;
  useAwsEnvironment(`http://127.0.0.1:${port}`);
  await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'archive' }));
  const keyOf = (number: number): string => `trades/${number}`;
  const bodyOf = (number: number): string => `trades of batch ${number}, all of them`;
  const heard = new Set<number>();
  const count = await cutEverywhere(port, () => {
    const storage = createS3Storage({ bucket: 'archive', timer, deadlineMs: DEADLINE_MS, forcePathStyle: true });
    return {
      async put(number) {
        await storage.putObject(keyOf(number), Buffer.from(bodyOf(number)));
        heard.add(number);
      },
      close: () => storage.close(),
    };
  });
  const direct = createS3Storage({ bucket: 'archive', timer, deadlineMs: 10_000, forcePathStyle: true });
  let broken = 0;
  let lost = 0;
  for (let number = 0; number <= count.cuts; number++) {
    // oxlint-disable-next-line no-await-in-loop -- small, and one after the other
    const body = await direct.getObject(keyOf(number));
    if (body === null && heard.has(number)) lost++;
    if (body !== null && Buffer.from(body).toString() !== bodyOf(number)) broken++;
  }
  await direct.close();
  process.stdout.write(
    `F8 archive: ${count.cuts} cuts, ${lost} acknowledged and lost, ${broken} broken, ${count.slow} hangs (${count.errors} errors, ${count.done} done)\n`,
  );
  expect({ ...count, lost, broken }).toMatchObject({ wrong: 0, slow: 0, lost: 0, broken: 0, errors: count.cuts, done: 0 });
  expect(count.cuts).toBeGreaterThan(500);
});
