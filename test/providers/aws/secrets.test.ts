import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SinkError } from '#core/errors.ts';
import { createSecretReader } from '#providers/aws/secrets.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { handTimer } from '../../std/hand-timer.ts';
import { useAwsEnvironment } from './aws-environment.ts';

/** Speaks just what GetSecretValue does on the wire. */
let listener: RequestListener = () => {};
let asked: string[] = [];
const server = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  request.on('end', () => {
    asked.push(`${String(request.headers['x-amz-target'])} ${(JSON.parse(text) as { SecretId: string }).SecretId}`);
    listener(request, response);
  });
});
const answer =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));

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
  asked = [];
});

const failure = async (work: Promise<unknown>): Promise<SinkError> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SinkError);
  return error as SinkError;
};

describe('a password in Secrets Manager', () => {
  const reader = createSecretReader({ timer: createSystemTimer(), deadlineMs: 10_000 });

  test.each([
    ['the key "password" of an object', '{"username":"tidemark","password":"correct horse"}', 'correct horse'],
    ['the whole text', 'correct horse', 'correct horse'],
    ['a text that begins like an object', '{not json', '{not json'],
  ])('is %s', async (what, SecretString, password) => {
    listener = answer({ ARN: 'arn', Name: what, SecretString });
    expect(await reader.readPassword(what)).toBe(password);
    expect(asked).toEqual([`secretsmanager.GetSecretValue ${what}`]);
  });

  test.each([
    ['nothing', {}],
    ['an object without it', { SecretString: '{"pass":"correct horse"}' }],
    ['an empty text', { SecretString: '' }],
  ])('that is not there is an error that no repetition cures, and that shows nothing: %s', async (what, body) => {
    listener = answer(body);
    const error = await failure(reader.readPassword(`without ${what}`));
    expect([error.code, error.retryable]).toEqual(['SECRET', false]);
    expect(error.message).toContain(`secret "without ${what}" has no password, expected`);
    expect(error.message).not.toContain('correct horse');
  });

  test('that may not be read is said with the reason of AWS', async () => {
    listener = answer({ __type: 'AccessDeniedException', Message: 'User is not authorized' }, 400);
    const error = await failure(reader.readPassword('closed'));
    expect(error.message).toMatch(/^secret "closed" could not be read: AccessDeniedException/);
    expect(error.retryable).toBe(false);
  });

  test('is asked for again after a failure', async () => {
    listener = answer({ __type: 'ResourceNotFoundException', Message: 'none' }, 400);
    await failure(reader.readPassword('late'));
    listener = answer({ SecretString: 'there now' });
    expect(await reader.readPassword('late')).toBe('there now');
  });
});

test('a secret is asked for once in five minutes, also by many at once', async () => {
  const timer = handTimer();
  const reader = createSecretReader({ timer, deadlineMs: 10_000 });
  listener = answer({ SecretString: 'first' });
  expect(await Promise.all([reader.readPassword('one'), reader.readPassword('one')])).toEqual(['first', 'first']);
  listener = answer({ SecretString: 'second' });
  timer.advance(299_999);
  expect(await reader.readPassword('one')).toBe('first');
  timer.advance(1);
  expect(await reader.readPassword('one')).toBe('second');
  expect(asked).toHaveLength(2);
});

test('an endpoint that does not answer is waited for until the deadline', async () => {
  const timer = handTimer();
  const reader = createSecretReader({ timer, deadlineMs: 5000 });
  const arrived = new Promise<void>((resolve) => {
    listener = () => resolve();
  });
  const reading = failure(reader.readPassword('silent'));
  await arrived;
  timer.advance(5000);
  const error = await reading;
  expect(error.message).toContain('secret "silent" gave no answer within 5000 ms');
  expect(error.retryable).toBe(true);
});
