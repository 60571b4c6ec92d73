import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SinkError } from '#core/errors.ts';
import { createCloudWatchLogs } from '#providers/aws/cloudwatch-logs.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { useAwsEnvironment } from './aws-environment.ts';

type Page = { readonly status?: number; readonly body: unknown };

/** Speaks just what FilterLogEvents does on the wire. */
let pages: Page[] = [];
let asked: unknown[] = [];
const server = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  request.on('end', () => {
    asked.push(JSON.parse(text));
    const { status = 200, body } = pages.shift() ?? { status: 500, body: {} };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  useAwsEnvironment(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  pages = [];
  asked = [];
});

describe('the log of a service in CloudWatch', () => {
  const logs = createCloudWatchLogs({ timer: createSystemTimer(), deadlineMs: 10_000 });

  test('is read page by page, from a time on', async () => {
    pages = [
      { body: { events: [{ eventId: 'a', timestamp: 5, message: 'one\n', logStreamName: 's' }], nextToken: 'more' } },
      { body: { events: [{ eventId: 'b', timestamp: 6, message: 'two', logStreamName: 's' }] } },
    ];
    expect(await logs.read('sync', 4)).toEqual([
      { id: 'a', atMs: 5, text: 'one' },
      { id: 'b', atMs: 6, text: 'two' },
    ]);
    expect(asked).toEqual([
      { logGroupName: '/tidemark/sync', startTime: 4 },
      { logGroupName: '/tidemark/sync', startTime: 4, nextToken: 'more' },
    ]);
  });

  test('tells lines apart where it gives them no ids', async () => {
    pages = [
      {
        body: {
          events: [
            { timestamp: 5, message: 'one', logStreamName: 's' },
            { timestamp: 5, message: 'two', logStreamName: 's' },
          ],
        },
      },
    ];
    expect(new Set((await logs.read('sync', 0))?.map(({ id }) => id)).size).toBe(2);
  });

  test('is null when there is none', async () => {
    pages = [{ status: 400, body: { __type: 'ResourceNotFoundException', message: 'no such group' } }];
    expect(await logs.read('collector', 0)).toBeNull();
  });

  test('that is refused is an error that names the group and is not worth a retry', async () => {
    pages = [{ status: 400, body: { __type: 'AccessDeniedException', message: 'not allowed' } }];
    const error = await logs.read('sync', 0).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SinkError);
    expect(error).toMatchObject({
      code: 'LOGS',
      retryable: false,
      message: expect.stringContaining('log group "/tidemark/sync"') as unknown,
    });
  });
});
