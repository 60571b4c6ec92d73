import { describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { stageOf } from '#infra/stage.ts';
import { synthesize } from './synthesized.ts';

describe('the stage', () => {
  test.each<[string | undefined, string | undefined, string]>([
    [undefined, undefined, 'aws'],
    ['local', undefined, 'local'],
    [undefined, 'http://127.0.0.1:4566', 'local'],
    [undefined, 'http://localhost:4566', 'local'],
    [undefined, 'http://[::1]:4566', 'local'],
    [undefined, 'https://localhost.localstack.cloud:4566', 'local'],
    [undefined, 'https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com', 'aws'],
    [undefined, 'http://127.0.0.1.example.com', 'aws'],
  ])('of context %s and endpoint %s is %s', (context, endpoint, stage) => {
    expect(stageOf(context, endpoint)).toBe(stage);
  });

  test('is refused when it is unknown', () => {
    expect(() => stageOf('prod', undefined)).toThrow(new ConfigError('context "stage" is "prod", expected one of aws, local; correct it'));
  });

  test('aws is refused at an endpoint of this machine, which would take the whole of it for real', () => {
    expect(() => stageOf('aws', 'http://127.0.0.1:4566')).toThrow(/AWS_ENDPOINT_URL is "http:\/\/127\.0\.0\.1:4566"/);
  });
});

describe('the region', () => {
  test('is that of the configuration, in every stack', () => {
    const { text } = synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__REGION: 'ap-northeast-1' } });
    expect(text).toContain('ap-northeast-1');
    expect(text).not.toContain('eu-west-1');
  });

  test('is refused where Binance does not answer, in one sentence with the cure', () => {
    expect(() => synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__REGION: 'us-east-1' } })).toThrow(
      new ConfigError(
        'deployment.yaml: region is "us-east-1", where Binance refuses every request, expected a region outside the United States; choose one such as eu-west-1, or set binance.enabled: false in exchanges.yaml (binanceus answers there)',
      ),
    );
  });

  test('may be in the United States without Binance', () => {
    const environment = { TIDEMARK_DEPLOYMENT__REGION: 'us-east-1', TIDEMARK_EXCHANGES__BINANCE__ENABLED: 'false' };
    expect(synthesize('aws', { environment }).stacks).toHaveLength(4);
  });
});
