import { describe, expect, test } from 'vitest';
import { synthesize } from './synthesized.ts';

const { of, resources } = synthesize('aws');

/** What holds data, by its logical id: another id would be another, empty resource. */
const STATEFUL: Readonly<Record<string, { readonly type: string; readonly isKept: boolean }>> = {
  'tidemark-data/tradesArchiveA526715A': { type: 'AWS::S3::Bucket', isKept: true },
  'tidemark-data/tradesStream2FA8EB42': { type: 'AWS::Kinesis::Stream', isKept: false },
  'tidemark-data/clickhouseVolumeFB3D6217': { type: 'AWS::EC2::Volume', isKept: true },
  'tidemark-data/InternalPassword7F6836F1': { type: 'AWS::SecretsManager::Secret', isKept: false },
  'tidemark-data/cacheCache082560C5': { type: 'AWS::ElastiCache::ServerlessCache', isKept: false },
};

describe('what holds data', () => {
  test('is all in the data stack, and keeps its logical id', () => {
    const types = new Set(Object.values(STATEFUL).map(({ type }) => type));
    const found = [...resources].flatMap(([id, { Type }]) => (types.has(Type) ? [id] : []));
    expect(found.sort()).toEqual(Object.keys(STATEFUL).sort());
  });

  test.each(Object.entries(STATEFUL))(
    '%s is kept when its stack goes, or it is replaced, if nothing else has its data',
    (id, { isKept }) => {
      const resource = resources.get(id);
      const policy = isKept ? 'Retain' : 'Delete';
      expect([resource?.DeletionPolicy ?? 'Delete', resource?.UpdateReplacePolicy ?? 'Delete']).toEqual([policy, policy]);
    },
  );

  test('has an encrypted volume, in the zone of its machine, which finds it by itself', () => {
    const [volume] = of('AWS::EC2::Volume');
    expect(volume?.Properties).toMatchObject({
      Encrypted: true,
      VolumeType: 'gp3',
      AvailabilityZone: { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] },
    });
    expect(of('AWS::EC2::VolumeAttachment')).toEqual([]);
    const machine = of('AWS::EC2::Instance').find(({ id }) => id.startsWith('tidemark-data/'));
    expect(machine?.Properties).toMatchObject({ InstanceType: 't4g.large', BlockDeviceMappings: [{ Ebs: { Encrypted: true } }] });
    expect(machine?.Properties).not.toHaveProperty('KeyName');
    const script = JSON.stringify(machine?.Properties['UserData']);
    expect(script).toContain('aws ec2 attach-volume');
    expect(script).toContain('BACKUP DATABASE');
  });

  test('has a cache that is encrypted, has one user and a limit to its bill', () => {
    expect(of('AWS::ElastiCache::ServerlessCache')[0]?.Properties).toMatchObject({
      Engine: 'valkey',
      CacheUsageLimits: { DataStorage: { Maximum: 1, Unit: 'GB' }, ECPUPerSecond: { Maximum: 5000 } },
    });
    expect(of('AWS::ElastiCache::User')[0]?.Properties).toMatchObject({ AccessString: expect.stringContaining('-@all') as unknown });
  });
});

describe('the image of the machine', () => {
  test('is the newest of the operating system at deploy, without a lookup at synth', () => {
    const machine = of('AWS::EC2::Instance').find(({ id }) => id.startsWith('tidemark-data/'));
    expect(JSON.stringify(machine?.Properties['ImageId'])).toMatch(/Ref.*al2023amikernel/i);
  });

  test('is the one that the configuration pins', () => {
    const pinned = synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__CLICKHOUSE__AMI: 'ami-0123456789abcdef0' } });
    const machine = pinned.of('AWS::EC2::Instance').find(({ id }) => id.startsWith('tidemark-data/'));
    expect(machine?.Properties['ImageId']).toBe('ami-0123456789abcdef0');
  });
});

describe('the collector', () => {
  const [task] = of('AWS::ECS::TaskDefinition');
  const containers = task?.Properties['ContainerDefinitions'] as readonly Readonly<Record<string, unknown>>[];

  test('runs on arm64 without an image of ours: another container lays its one file in place and ends', () => {
    expect(task?.Properties).toMatchObject({ Cpu: '256', Memory: '512', RuntimePlatform: { CpuArchitecture: 'ARM64' } });
    expect(containers.map(({ Name, Essential }) => [Name, Essential])).toEqual([
      ['collector', true],
      ['fetch', false],
    ]);
    expect(containers[0]).toMatchObject({
      Image: 'public.ecr.aws/docker/library/node:24-slim',
      User: '1000:1000',
      ReadonlyRootFilesystem: true,
      StopTimeout: 30,
      HealthCheck: { Command: ['CMD', 'node', '/app/collector.mjs', 'health'], StartPeriod: 60 },
      DependsOn: [{ ContainerName: 'fetch', Condition: 'SUCCESS' }],
      LogConfiguration: { Options: { mode: 'non-blocking' } },
    });
    expect(containers.flatMap(({ PortMappings = [] }) => PortMappings)).toEqual([]);
  });

  test('is replaced only by a healthy one, and taken back when there is none', () => {
    expect(of('AWS::ECS::Service').map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        DesiredCount: 1,
        DeploymentConfiguration: expect.objectContaining({
          MinimumHealthyPercent: 100,
          MaximumPercent: 200,
          DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        }) as unknown,
      }),
    ]);
  });

  test('is not there when the configuration has it off', () => {
    const { of: other } = synthesize('aws', { environment: { TIDEMARK_STREAMING__COLLECTOR__ENABLED: 'false' } });
    expect(other('AWS::ECS::Service')).toEqual([]);
  });

  test('shares the markets among several, each of which knows which one it is', () => {
    const { of: other } = synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__COLLECTOR__TASKS: '2' } });
    const variables = other('AWS::ECS::TaskDefinition').map(({ Properties }) => {
      const [first] = Properties['ContainerDefinitions'] as readonly { Environment: readonly { Name: string; Value: unknown }[] }[];
      return first?.Environment.filter(({ Name }) => /COLLECTOR__TASKS?$/.test(Name)).map(({ Value }) => Value);
    });
    expect(variables).toEqual([
      ['1', '2'],
      ['2', '2'],
    ]);
  });

  test('is an image of ours where that is chosen', () => {
    const { of: other } = synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__COLLECTOR__IMAGE: 'docker' } });
    const [first] = other('AWS::ECS::TaskDefinition')[0]!.Properties['ContainerDefinitions'] as readonly Readonly<
      Record<string, unknown>
    >[];
    expect(JSON.stringify(first?.['Image'])).toContain('cdk-hnb659fds-container-assets');
    expect(first?.['Command']).toEqual(['node', 'fargate/collector/main.ts']);
  });
});

describe('the schema', () => {
  const [migration] = of('Custom::Trigger');

  test('is migrated in each deploy that changes it, within the time that a new machine needs', () => {
    expect(migration?.Properties).toMatchObject({ InvocationType: 'RequestResponse', ExecuteOnHandlerChange: true, Timeout: '840000' });
  });

  test('is migrated before sync, indicators, verify and the collector are changed', () => {
    const id = migration?.id.split('/')[1];
    const waiting = [...of('AWS::Lambda::Function'), ...of('AWS::ECS::Service')].filter(({ DependsOn = [] }) =>
      DependsOn.includes(id ?? ''),
    );
    expect(waiting.map(({ id: one }) => one.slice(one.indexOf('/') + 1).replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'collectorService1Service',
      'indicatorsFunction',
      'syncFunction',
      'verifyFunction',
    ]);
  });
});

describe('elsewhere', () => {
  const environment = {
    TIDEMARK_DEPLOYMENT__CLICKHOUSE__MODE: 'cloud',
    TIDEMARK_DEPLOYMENT__CLICKHOUSE__URL: 'https://store.example.com:8443',
    TIDEMARK_DEPLOYMENT__CLICKHOUSE__PASSWORD_SECRET: 'mine/store',
    TIDEMARK_DEPLOYMENT__CACHE__PROVIDER: 'external',
    TIDEMARK_DEPLOYMENT__CACHE__URL: 'rediss://cache.example.com:6379',
  };

  test('store and cache are made nowhere, and the services get the address and the name of the secret', () => {
    const other = synthesize('aws', { environment });
    expect([...other.of('AWS::EC2::Volume'), ...other.of('AWS::ElastiCache::ServerlessCache')]).toEqual([]);
    const fn = other.of('AWS::Lambda::Function').find(({ Properties }) => Properties['FunctionName'] === 'tidemark-indicators');
    expect((fn!.Properties['Environment'] as { Variables: unknown }).Variables).toMatchObject({
      TIDEMARK_DATABASES__CLICKHOUSE__URL: 'https://store.example.com:8443',
      CLICKHOUSE_PASSWORD_SECRET: 'mine/store',
      TIDEMARK_DATABASES__CACHE__URL: 'rediss://cache.example.com:6379',
    });
    expect(other.text).not.toContain('REDIS_PASSWORD_SECRET');
    const outward = other
      .of('AWS::EC2::SecurityGroup')
      .flatMap(({ Properties }) => (Properties['SecurityGroupEgress'] ?? []) as readonly { ToPort: number }[]);
    expect(outward.filter(({ ToPort }) => ToPort === 8443)).toHaveLength(5);
    expect(outward.filter(({ ToPort }) => ToPort === 6379)).toHaveLength(3);
  });

  test('a cache beside the store is on its machine', () => {
    const { of: other, text } = synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__CACHE__PROVIDER: 'on-host' } });
    expect(other('AWS::ElastiCache::ServerlessCache')).toEqual([]);
    expect(text).toContain('redis://');
    expect(text).toContain("HAS_CACHE='yes'");
  });
});

describe('the profiles', () => {
  test.each([
    ['starter', 't4g.medium', 0, 1],
    ['production', 'm7g.large', 2, 2],
  ])('%s has a %s, %d managed ways out and %d shards of the stream', (profile, type, gateways, shards) => {
    const { of: other } = synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__PROFILE: profile } });
    const machine = other('AWS::EC2::Instance').find(({ id }) => id.startsWith('tidemark-data/'));
    expect(machine?.Properties['InstanceType']).toBe(type);
    expect(other('AWS::EC2::NatGateway')).toHaveLength(gateways);
    expect(other('AWS::Kinesis::Stream').map(({ Properties }) => Properties['ShardCount'])).toEqual([shards]);
  });
});
