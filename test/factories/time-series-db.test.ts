import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { openTimeSeriesDb } from '#factories/time-series-db.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { ROOT, shippedConfig } from './shipped-config.ts';

const options = {
  timer: createSystemTimer(),
  schemaDirectory: join(ROOT, 'schema/clickhouse'),
  storeDirectory: '/nowhere',
  keepsForever: false,
};

describe('a store elsewhere', () => {
  const http = (more: Readonly<Record<string, string>> = {}) => shippedConfig({ TIDEMARK_DATABASES__CLICKHOUSE__MODE: 'http', ...more });

  test('needs its password from the environment, from the variable that is configured', async () => {
    await expect(openTimeSeriesDb(http(), { ...options, environment: {} })).rejects.toThrow(ConfigError);
    const config = http({ TIDEMARK_DATABASES__CLICKHOUSE__PASSWORD_ENV: 'MY_STORE', TIDEMARK_DATABASES__CLICKHOUSE__USERNAME: 'reader' });
    await expect(openTimeSeriesDb(config, { ...options, environment: { CLICKHOUSE_PASSWORD: 'other' } })).rejects.toThrow(
      'environment: MY_STORE is not set, expected the password of ClickHouse user "reader" (config/databases.yaml: clickhouse.password_env); set it',
    );
  });

  test('is asked at the configured address with that user and password, and has no engine here', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(200).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const opened = await openTimeSeriesDb(http({ TIDEMARK_DATABASES__CLICKHOUSE__URL: url }), {
      ...options,
      environment: { CLICKHOUSE_PASSWORD: 'pass word' },
    });
    expect(opened.engine).toBeNull();
    expect(await opened.db.storedExtents('kraken')).toEqual([]);
    await opened.db.close();
    expect(asked[0]).toBe(`Basic ${Buffer.from('default:pass word').toString('base64')}`);
  });
});
