import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startQuotaServer } from '../providers/aws/quota-server.ts';
import { endCommands, ROOT, temporaryFolder, tidemark } from './support/command.ts';

const RECORDING = join(ROOT, 'recordings/other/btc-eth-2025-06');

afterEach(endCommands);

type Finding = { readonly check: string; readonly severity: string; readonly fact: string; readonly cure: string };

async function doctor(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const { code, stdout, stderr } = await tidemark(['doctor', '--json', ...args], { environment }).ended;
  expect(stderr).toBe('');
  const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: readonly Finding[] };
  return { code, healthy, of: (check: string) => findings.filter((one) => one.check === check) };
}

const NOBODY = 'http://127.0.0.1:9';
const ONLY_BINANCE = { TIDEMARK_EXCHANGES__COINBASE__ENABLED: 'false', TIDEMARK_EXCHANGES__KRAKEN__ENABLED: 'false' };

describe('tidemark doctor', () => {
  test('names what it cannot reach, and that is no failure', async () => {
    const { code, healthy, of } = await doctor(['--region', 'eu-west-1'], {
      ...ONLY_BINANCE,
      TIDEMARK_EXCHANGES__BINANCE__REST_URL: NOBODY,
    });
    expect([code, healthy]).toEqual([0, true]);
    expect(of('exchange binance')).toMatchObject([
      { severity: 'unknown', fact: expect.stringMatching(/^it cannot be reached from here: /) },
    ]);
    expect(of('region')).toMatchObject([{ severity: 'good' }]);
    expect(of('ClickHouse')).toMatchObject([{ severity: 'good' }]);
    expect(of('AWS quotas')).toMatchObject([
      {
        severity: 'unknown',
        fact: expect.stringMatching(
          /^not known \(no credentials\); the deployment takes 1 of the elastic addresses, .* 4 of the concurrent executions/,
        ),
      },
    ]);
  });

  test('finds a clock that is wrong, markets that are not there, and a region that cannot work', async () => {
    const data = temporaryFolder();
    const exchange = tidemark(['exchange', '--data', data, '--recordings', RECORDING]);
    const line = await exchange.line(/binance +http:\/\/127\.0\.0\.1:\d+$/);
    const restUrl = line.trim().split(/ +/)[1] ?? '';
    const { code, of } = await doctor(['--region', 'us-east-1'], { ...ONLY_BINANCE, TIDEMARK_EXCHANGES__BINANCE__REST_URL: restUrl });
    expect(code).toBe(1);
    expect(of('exchange binance').map(({ severity }) => severity)).toEqual(['error', 'warning']);
    expect(of('exchange binance')[0]?.fact).toMatch(/^its clock is -\d+ ms ahead of ours$/);
    expect(of('exchange binance')[1]?.fact).toMatch(/^it has no market SOL\/USDT \(.+\), .* and \d+ more$/);
    expect(of('region')).toMatchObject([{ severity: 'error', cure: expect.stringContaining('binanceus') }]);
  });

  test('finds a store and a cache that are not there', async () => {
    const { code, of } = await doctor(['--region', 'eu-west-1'], {
      ...ONLY_BINANCE,
      TIDEMARK_EXCHANGES__BINANCE__REST_URL: NOBODY,
      TIDEMARK_DATABASES__CLICKHOUSE__MODE: 'http',
      TIDEMARK_DATABASES__CLICKHOUSE__URL: NOBODY,
      CLICKHOUSE_PASSWORD: 'canary-of-the-store',
      TIDEMARK_DATABASES__CACHE__PROVIDER: 'redis',
      TIDEMARK_DATABASES__CACHE__URL: 'redis://127.0.0.1:9',
      REDIS_PASSWORD: 'canary-of-the-cache',
    });
    expect(code).toBe(1);
    expect([...of('ClickHouse'), ...of('cache')].map(({ severity }) => severity)).toEqual(['error', 'error']);
    expect(JSON.stringify([...of('ClickHouse'), ...of('cache')])).not.toContain('canary');
  });

  test('asks AWS what the account may have, and tells what is too little and what cannot be asked', async () => {
    const allowed: Record<string, number> = { 'L-0263D0A3': 5, 'L-F678F1CE': 1, 'L-B99A9384': 3, 'L-1216C47A': 32 };
    const aws = await startQuotaServer(({ applied, quota }) => (applied ? allowed[quota] : undefined));
    const inEurope = { ...ONLY_BINANCE, TIDEMARK_EXCHANGES__BINANCE__REST_URL: NOBODY, ...aws.environment };
    const { code, of } = await doctor(['--region', 'eu-west-1'], inEurope);
    aws.close();
    expect(code).toBe(1);
    expect(of('AWS credentials')).toMatchObject([
      { severity: 'good', fact: expect.stringContaining('AWS_ACCESS_KEY_ID work in eu-west-1') },
    ]);
    expect(of('AWS quotas').map(({ severity, fact }) => [severity, fact])).toEqual([
      ['error', 'the deployment takes 4 of 3 concurrent executions of Lambda'],
      ['warning', 'the deployment takes 1 of 1 VPCs'],
      ['unknown', 'the deployment takes 0.25 of an unknown number of vCPUs of Fargate'],
      ['good', 'the deployment takes 1 of 5 elastic addresses'],
      ['good', 'the deployment takes 4 of 32 vCPUs of EC2'],
    ]);

    const nobody = await doctor(['--region', 'eu-west-1'], { ...inEurope, AWS_ENDPOINT_URL: NOBODY });
    expect(nobody.code).toBe(0);
    expect(nobody.of('AWS credentials')).toMatchObject([
      { severity: 'unknown', fact: expect.stringContaining('cannot be reached from here') },
    ]);
    expect(nobody.of('AWS quotas')).toMatchObject([{ severity: 'unknown', fact: expect.stringMatching(/^not known \(AWS did not say\)/) }]);
  });

  test('finds that the image of the collector cannot be built where no container engine answers', async () => {
    const environment = { ...ONLY_BINANCE, TIDEMARK_EXCHANGES__BINANCE__REST_URL: NOBODY, DOCKER_HOST: 'tcp://127.0.0.1:9' };
    const { code, of } = await doctor(['--region', 'eu-west-1'], { ...environment, TIDEMARK_DEPLOYMENT__COLLECTOR__IMAGE: 'docker' });
    expect(code).toBe(1);
    expect(of('container engine')).toMatchObject([{ severity: 'error', cure: expect.stringContaining('collector.image') }]);
    expect(of('node')).toMatchObject([{ severity: 'good' }]);
    const without = await doctor(['--region', 'eu-west-1'], environment);
    expect([without.code, without.of('container engine')]).toEqual([0, []]);
  });

  test('finds a profile in the home folder, and says whether it works', async () => {
    const home = temporaryFolder();
    mkdirSync(join(home, '.aws'));
    const lines = ['[default]', 'aws_access_key_id = nobody', ['aws_secret_access', 'key = nothing'].join('_'), ''];
    writeFileSync(join(home, '.aws/credentials'), lines.join('\n'));
    const aws = await startQuotaServer(() => 100);
    const inEurope = { ...ONLY_BINANCE, TIDEMARK_EXCHANGES__BINANCE__REST_URL: NOBODY, HOME: home, AWS_ENDPOINT_URL: aws.url };
    const { code, of } = await doctor(['--region', 'eu-west-1'], inEurope);
    aws.close();
    expect(code).toBe(0);
    expect(of('AWS credentials')).toMatchObject([
      { severity: 'good', fact: expect.stringContaining('.aws/credentials work in eu-west-1') },
    ]);
    expect(of('AWS quotas').map(({ severity }) => severity)).toEqual(Array(5).fill('good'));
  });
});
