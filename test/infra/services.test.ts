import { describe, expect, test } from 'vitest';
import { synthesize, type Resource } from './synthesized.ts';

const stages = { aws: synthesize('aws'), local: synthesize('local') } as const;
const named = <R extends Resource>(resources: readonly R[], property: string, name: string): R => {
  const found = resources.filter(({ Properties }) => Properties[property] === name);
  expect(found.map(({ Properties }) => Properties[property])).toEqual([name]);
  return found[0] as R;
};

describe.each(['aws', 'local'] as const)('on the stage %s', (stage) => {
  const { of, messages } = stages[stage];
  const queue = (name: string) => named(of('AWS::SQS::Queue'), 'QueueName', name);
  const logicalId = ({ id }: { readonly id: string }): string => id.slice(id.indexOf('/') + 1);
  const isOurs = ({ Properties }: Resource): boolean => String(Properties['FunctionName']).startsWith('tidemark-');

  test.each([
    ['every-minute', 'cron(* * * * ? *)', ['sync', 'indicators']],
    ['every-hour', 'cron(7 * * * ? *)', ['verify']],
  ])('each enabled exchange has one rule %s, for its queues, with itself as the message group', (often, expression, called) => {
    const rules = of('AWS::Events::Rule').filter(({ Properties }) => String(Properties['Name']).endsWith(often));
    expect(rules.map(({ Properties }) => String(Properties['Name'])).sort()).toEqual(
      ['binance', 'coinbase', 'kraken'].map((exchange) => `tidemark-${exchange}-${often}`),
    );
    const arns = called.map((name) => ({ 'Fn::GetAtt': [logicalId(queue(`tidemark-${name}.fifo`)), 'Arn'] }));
    for (const { Properties } of rules) {
      const exchange = String(Properties['Name']).split('-')[1];
      expect(Properties).toMatchObject({ ScheduleExpression: expression, State: 'ENABLED' });
      const targets = Properties['Targets'] as readonly Record<string, unknown>[];
      expect(targets.map(({ Arn }) => Arn)).toEqual(arns);
      for (const target of targets) {
        expect(target).toMatchObject({ SqsParameters: { MessageGroupId: exchange }, RetryPolicy: { MaximumRetryAttempts: 0 } });
        // The message is the event itself: a constant one would be dropped as a duplicate.
        expect(Object.keys(target).filter((key) => key.startsWith('Input'))).toEqual([]);
      }
    }
  });

  test.each([
    ['sync', 3, 55, 180],
    ['indicators', 10, 55, 180],
    ['verify', 10, 305, 610],
  ])('the ticks of %s wait %d s, one at a time and exchange, and a failed one is put aside', (service, delay, hidden, kept) => {
    const deadLetters = queue(`tidemark-${service}-dead-letters.fifo`);
    expect(queue(`tidemark-${service}.fifo`).Properties).toMatchObject({
      FifoQueue: true,
      ContentBasedDeduplication: true,
      DelaySeconds: delay,
      MessageRetentionPeriod: kept,
      VisibilityTimeout: hidden,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 1, deadLetterTargetArn: { 'Fn::GetAtt': [logicalId(deadLetters), 'Arn'] } },
    });
    expect(deadLetters.Properties).toMatchObject({ FifoQueue: true, MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
  });

  test('ticks reach their functions one by one, and a tick is hidden for longer than a function may take', () => {
    const sources = of('AWS::Lambda::EventSourceMapping').filter(({ Properties }) => !('StartingPosition' in Properties));
    expect(sources).toHaveLength(3);
    for (const { Properties } of sources) {
      expect(Properties).toMatchObject({ BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] });
      expect(Properties).not.toHaveProperty('ScalingConfig');
    }
    for (const service of ['sync', 'indicators', 'verify']) {
      const hidden = Number(queue(`tidemark-${service}.fifo`).Properties['VisibilityTimeout']);
      expect(named(of('AWS::Lambda::Function'), 'FunctionName', `tidemark-${service}`).Properties['Timeout']).toBeLessThan(hidden);
    }
  });

  test('the archive gets a batch a minute; a bad record is found by halving, tried three times at most, and told', () => {
    const [source, ...others] = of('AWS::Lambda::EventSourceMapping').filter(({ Properties }) => 'StartingPosition' in Properties);
    expect(others).toEqual([]);
    expect(source?.Properties).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 60,
      ParallelizationFactor: 1,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 2,
      MaximumRecordAgeInSeconds: 3600,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [logicalId(queue('tidemark-archive-dead-letters')), 'Arn'] } } },
    });
    expect(queue('tidemark-archive-dead-letters').Properties).toMatchObject({ MessageRetentionPeriod: 1_209_600 });
  });

  test('every function of ours runs Node 24 on arm64, logs JSON to a group of its own, and reserves nothing', () => {
    const functions = of('AWS::Lambda::Function').filter(isOurs);
    expect(functions.map(({ Properties }) => String(Properties['FunctionName'])).sort()).toEqual(
      ['archive', 'indicators', 'migrate', 'sync', 'verify'].map((service) => `tidemark-${service}`),
    );
    const groups = new Map(of('AWS::Logs::LogGroup').map((group) => [logicalId(group), group.Properties]));
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
      const { LogFormat, LogGroup } = Properties['LoggingConfig'] as { LogFormat: string; LogGroup: { Ref: string } };
      expect(LogFormat).toBe('JSON');
      expect(groups.get(LogGroup.Ref)).toMatchObject({
        LogGroupName: String(Properties['FunctionName']).replace('tidemark-', '/tidemark/'),
        RetentionInDays: 14,
      });
    }
    expect([...groups.values()].filter(({ RetentionInDays }) => RetentionInDays !== 14)).toEqual([]);
  });

  test('the stream is provisioned and encrypted, and the bucket encrypted, closed, and over TLS only', () => {
    expect(of('AWS::Kinesis::Stream').map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        ShardCount: 1,
        RetentionPeriodHours: 24,
        StreamModeDetails: { StreamMode: 'PROVISIONED' },
        StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
      }),
    ]);
    const [bucket] = of('AWS::S3::Bucket');
    expect(bucket?.Properties).toMatchObject({
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    const { Rules } = bucket!.Properties['LifecycleConfiguration'] as { Rules: readonly unknown[] };
    expect(Rules).toEqual([
      expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
      expect.objectContaining({ Prefix: 'trades/', Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 90 }] }),
      expect.objectContaining({ Prefix: 'backups/', ExpirationInDays: 30 }),
    ]);
  });

  test('bucket, queues and topics refuse what is not encrypted on its way', () => {
    const policies = ['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy'].flatMap((type) => of(type));
    const denying = policies.filter(({ Properties }) => {
      const text = JSON.stringify(Properties);
      return text.includes('"Effect":"Deny"') && text.includes('"aws:SecureTransport":"false"');
    });
    expect(policies.filter((policy) => !denying.includes(policy)).map(({ id }) => id)).toEqual([]);
    const count = of('AWS::S3::Bucket').length + of('AWS::SQS::Queue').length + of('AWS::SNS::Topic').length;
    expect(denying).toHaveLength(count);
  });

  test('nothing is warned of', () => {
    expect(messages).toEqual([]);
  });
});

describe('on the emulator', () => {
  const { of, stacks, text } = stages.local;

  test('there is one stack, with nothing that it cannot make', () => {
    expect(stacks).toEqual(['tidemark-local']);
    const types = new Set([...stages.local.resources.values()].map(({ Type }) => Type));
    expect([...types].filter((type) => /EC2|ElastiCache|ECS|MetricFilter|QueryDefinition|Custom|Route53|Budgets/.test(type))).toEqual([]);
    expect(text).not.toContain('Fn::GetStackOutput');
  });

  test('store, cache and exchanges are those of the deployer’s environment, and the password is a secret’s name', () => {
    const environment = {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      TIDEMARK_DATABASES__CLICKHOUSE__URL: 'http://127.0.0.1:18123',
      TIDEMARK_EXCHANGES__KRAKEN__REST_URL: 'http://127.0.0.1:18080',
      TIDEMARK_DEPLOYMENT__LOG_RETENTION_DAYS: '7',
    };
    const local = synthesize('local', { environment, context: { storeSecret: 'made-before' } });
    const sync = named(local.of('AWS::Lambda::Function'), 'FunctionName', 'tidemark-sync');
    expect((sync.Properties['Environment'] as { Variables: unknown }).Variables).toEqual({
      NODE_OPTIONS: '--enable-source-maps',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:4566',
      CLICKHOUSE_PASSWORD_SECRET: 'made-before',
      TIDEMARK_DATABASES__CACHE__PROVIDER: 'redis',
      TIDEMARK_DATABASES__CACHE__URL: 'redis://127.0.0.1:6379',
      TIDEMARK_DATABASES__CACHE__USERNAME: "''",
      TIDEMARK_DATABASES__CLICKHOUSE__MODE: 'http',
      TIDEMARK_DATABASES__CLICKHOUSE__URL: 'http://127.0.0.1:18123',
      TIDEMARK_DATABASES__CLICKHOUSE__USERNAME: 'default',
      TIDEMARK_EXCHANGES__KRAKEN__REST_URL: 'http://127.0.0.1:18080',
    });
  });

  test('nothing is left behind', () => {
    expect([...of('AWS::S3::Bucket'), ...of('AWS::Kinesis::Stream')].map(({ DeletionPolicy }) => DeletionPolicy)).toEqual([
      'Delete',
      'Delete',
    ]);
  });
});

test('an exchange that is off has no rule', () => {
  const { of } = synthesize('local', { environment: { TIDEMARK_EXCHANGES__BINANCE__ENABLED: 'false' } });
  expect(
    of('AWS::Events::Rule')
      .map(({ Properties }) => String(Properties['Name']))
      .sort(),
  ).toEqual(['coinbase', 'kraken'].flatMap((exchange) => [`tidemark-${exchange}-every-hour`, `tidemark-${exchange}-every-minute`]));
});

test('delays are those of the configuration', () => {
  const { of } = synthesize('local', { environment: { TIDEMARK_SYNC__DELAY_SECONDS: '5', TIDEMARK_INDICATORS__DELAY_SECONDS: '12' } });
  expect(named(of('AWS::SQS::Queue'), 'QueueName', 'tidemark-sync.fifo').Properties['DelaySeconds']).toBe(5);
  expect(named(of('AWS::SQS::Queue'), 'QueueName', 'tidemark-indicators.fifo').Properties['DelaySeconds']).toBe(12);
});
