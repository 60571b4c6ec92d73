import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { withSecrets } from '#factories/secret-environment.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { useAwsEnvironment } from '../providers/aws/aws-environment.ts';

let requests = 0;
const server = createServer((request, response) => {
  requests++;
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  request.on('end', () => {
    const { SecretId } = JSON.parse(text) as { SecretId: string };
    response.end(JSON.stringify({ SecretString: JSON.stringify({ password: `password of ${SecretId}` }) }));
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

const timer = createSystemTimer();

describe('an environment', () => {
  test('gets a password for each variable that names a secret, and the original gets none', async () => {
    const environment = { CLICKHOUSE_PASSWORD_SECRET: 'store', REDIS_PASSWORD_SECRET: 'cache', HOME: '/home' };
    expect(await withSecrets(environment, { timer })).toEqual({
      ...environment,
      CLICKHOUSE_PASSWORD: 'password of store',
      REDIS_PASSWORD: 'password of cache',
    });
    expect(Object.keys(environment)).toEqual(['CLICKHOUSE_PASSWORD_SECRET', 'REDIS_PASSWORD_SECRET', 'HOME']);
    expect(process.env['CLICKHOUSE_PASSWORD']).toBeUndefined();
  });

  test('without such a variable is left as it is, and nobody is asked', async () => {
    const before = requests;
    const environment = { CLICKHOUSE_PASSWORD: 'mine', SECRET: 'no password', X_PASSWORD_SECRET: undefined };
    expect(await withSecrets(environment, { timer })).toBe(environment);
    expect(requests).toBe(before);
  });

  test.each([
    [
      { CLICKHOUSE_PASSWORD_SECRET: ' ' },
      'environment: CLICKHOUSE_PASSWORD_SECRET is empty, expected the name or ARN of a secret; set or unset it',
    ],
    [
      { CLICKHOUSE_PASSWORD_SECRET: 'store', CLICKHOUSE_PASSWORD: 'mine' },
      'environment: both CLICKHOUSE_PASSWORD and CLICKHOUSE_PASSWORD_SECRET are set, expected one of them; unset one',
    ],
  ])('that leaves it open which password is meant is refused', async (environment, message) => {
    await expect(withSecrets(environment, { timer })).rejects.toThrow(new ConfigError(message));
  });
});
