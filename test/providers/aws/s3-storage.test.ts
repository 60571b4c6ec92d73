import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createS3Storage, type S3StorageOptions } from '#providers/aws/s3-storage.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { storageClientContract } from '../../contracts/storage-client.contract.ts';
import { useAwsEnvironment } from './aws-environment.ts';
import { startLocalFauxqs } from './start-fauxqs.ts';

const timer = createSystemTimer();
const storageOf = (options: Partial<S3StorageOptions> = {}) =>
  createS3Storage({ bucket: 'archive', timer, deadlineMs: 10_000, forcePathStyle: true, ...options });

describe('a real bucket', () => {
  let fauxqs: Awaited<ReturnType<typeof startLocalFauxqs>>;
  beforeAll(async () => {
    fauxqs = await startLocalFauxqs();
  });
  afterAll(() => fauxqs.server.stop());

  test('is served on 127.0.0.1 and nowhere else', () => {
    expect(fauxqs.addresses).toEqual([expect.objectContaining({ address: '127.0.0.1' })]);
  });

  storageClientContract('the S3 storage', async () => {
    useAwsEnvironment(`http://127.0.0.1:${fauxqs.server.port}`);
    await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'archive' }));
    return storageOf();
  });
});

describe('a bucket that answers in its own way', () => {
  let listener: RequestListener = (_request, response) => void response.end();
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    request.resume().on('end', () => listener(request, response));
  });
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const answering = (answer: RequestListener, options: Partial<S3StorageOptions> = {}) => {
    useAwsEnvironment(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    listener = answer;
    requests = 0;
    return storageOf(options);
  };
  const xml =
    (status: number, code: string): RequestListener =>
    (_request, response) => {
      response
        .writeHead(status, { 'content-type': 'application/xml' })
        .end(`<Error><Code>${code}</Code><Message>so it is</Message></Error>`);
    };

  test('is given a checksum with every object', async () => {
    const checksums: unknown[] = [];
    const storage = answering((request, response) => {
      checksums.push(request.headers['x-amz-checksum-crc32'] ?? request.headers['x-amz-trailer']);
      response.end();
    });
    await storage.putObject('a/b.txt', Buffer.from('tidemark'));
    expect(checksums).toEqual([expect.stringMatching(/./)]);
    await storage.close();
  });

  test('that says no is not asked again; nor is a missing bucket taken for a missing object', async () => {
    const storage = answering(xml(403, 'AccessDenied'));
    await expect(storage.putObject('a.txt', Buffer.from('x'))).rejects.toMatchObject({
      code: 'STORAGE',
      retryable: false,
      message: 'bucket "archive" was asked for the writing of "a.txt": AccessDenied: so it is',
    });
    expect(requests).toBe(1);
    listener = xml(404, 'NoSuchBucket');
    await expect(storage.getObject('a.txt')).rejects.toMatchObject({ retryable: false });
    listener = xml(404, 'NoSuchKey');
    expect(await storage.getObject('a.txt')).toBeNull();
    await storage.close();
  });

  test('that is too busy once is asked again', async () => {
    let isFirst = true;
    const storage = answering((request, response) => {
      const answer = isFirst ? xml(503, 'SlowDown') : (_request: unknown, ok: typeof response) => void ok.end();
      isFirst = false;
      answer(request, response);
    });
    await storage.putObject('a.txt', Buffer.from('x'));
    expect(requests).toBe(2);
    await storage.close();
  });

  test('that resets the connection after the whole body is asked again', async () => {
    let isFirst = true;
    const storage = answering((request, response) => {
      if (!isFirst) response.end();
      else request.socket.destroy();
      isFirst = false;
    });
    await storage.putObject('a.txt', Buffer.from('x'));
    expect(requests).toBe(2);
    await storage.close();
  });

  test('that never answers, or stops in the middle of an object, ends the call at its deadline', async () => {
    const storage = answering(() => {}, { deadlineMs: 80 });
    await expect(storage.putObject('a.txt', Buffer.from('x'))).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('bucket "archive" gave no answer within 80 ms') as string,
    });
    listener = (_request, response) => void response.writeHead(200, { 'content-length': '1000' }).write('some');
    await expect(storage.getObject('a.txt')).rejects.toThrow('gave no answer within 80 ms');
    await storage.close();
  });
});
