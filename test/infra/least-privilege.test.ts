import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, synthesize, type Resource } from './synthesized.ts';

const SNAPSHOT = 'test/infra/iam-actions.json';

type Statement = {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
};
type Document = { readonly Statement: readonly Statement[] };

const all = { aws: synthesize('aws'), local: synthesize('local') };
const resources = Object.values(all).flatMap(({ resources: own }) => [...own]);
const listed = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

/** Statements of each role, whether they stand in it or in a policy of its own. */
function statementsOfRoles(): ReadonlyMap<string, readonly Statement[]> {
  const statements = new Map<string, Statement[]>();
  const add = (id: string, document: unknown): void => {
    const known = statements.get(id) ?? [];
    statements.set(id, [...known, ...(document as Document).Statement]);
  };
  for (const [id, { Type, Properties }] of resources) {
    const stack = id.slice(0, id.indexOf('/'));
    if (Type === 'AWS::IAM::Role') {
      for (const { PolicyDocument } of (Properties['Policies'] ?? []) as readonly { PolicyDocument: unknown }[]) add(id, PolicyDocument);
      if (!statements.has(id)) statements.set(id, []);
    }
    if (Type === 'AWS::IAM::Policy')
      for (const { Ref } of Properties['Roles'] as readonly { Ref: string }[]) add(`${stack}/${Ref}`, Properties['PolicyDocument']);
  }
  return statements;
}

const roles = statementsOfRoles();

/** Without the hash behind a logical id: `tidemark-app/syncRole`. */
const readable = (id: string): string => id.replace(/[0-9A-F]{8}$/, '');

describe('a role', () => {
  test('may do what the reviewed list says, and nothing else', () => {
    const found = Object.fromEntries(
      [...roles]
        .map(([id, statements]): [string, readonly string[]] => [
          readable(id),
          [...new Set(statements.flatMap(({ Action }) => listed(Action)))].sort(),
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    // When this fails, look at each line that is new, and write the list anew by hand.
    expect(found).toEqual(JSON.parse(readFileSync(join(ROOT, SNAPSHOT), 'utf8')));
  });

  test('belongs to one function, machine or container, each of which has its own', () => {
    const used = resources.flatMap(([id, { Type, Properties }]) =>
      Type === 'AWS::Lambda::Function' ? [`${id.slice(0, id.indexOf('/'))} ${JSON.stringify(Properties['Role'])}`] : [],
    );
    expect(used.length).toBeGreaterThan(8);
    expect(new Set(used).size).toBe(used.length);
  });

  test('names every action in full', () => {
    const wild = [...roles].flatMap(([id, statements]) =>
      statements.flatMap(({ Action }) => listed(Action).flatMap((action) => (action.includes('*') ? [`${readable(id)}: ${action}`] : []))),
    );
    expect(wild).toEqual([]);
  });

  test('may touch every resource only where AWS knows none: interfaces, Session Manager, and metrics of one namespace', () => {
    const wide = [...roles].flatMap(([, statements]) =>
      statements.flatMap(({ Action, Resource }) => (Resource === '*' ? listed(Action) : [])),
    );
    expect(
      [...new Set(wide)]
        .map((action) => action.slice(0, action.indexOf(':')))
        .filter((name) => !/^(cloudwatch|ec2|ssm|ssmmessages)$/.test(name)),
    ).toEqual([]);
    const known = /NetworkInterface|PrivateIpAddresses|DescribeSubnets|^ssm|^cloudwatch:PutMetricData$/;
    expect(wide.filter((action) => !known.test(action))).toEqual([]);
    const metrics = [...roles.values()].flat().filter(({ Action }) => listed(Action).includes('cloudwatch:PutMetricData'));
    expect(metrics.map(({ Condition }) => Condition)).toEqual([{ StringEquals: { 'cloudwatch:namespace': 'Tidemark' } }]);
  });

  test('denies nothing, so that what is allowed is all there is to read', () => {
    expect([...roles.values()].flat().filter(({ Effect }) => Effect !== 'Allow')).toEqual([]);
  });

  test('has a policy of AWS only where the CDK brings the role', () => {
    const managed = resources.flatMap(([id, { Type, Properties }]) =>
      Type === 'AWS::IAM::Role' && JSON.stringify(Properties['ManagedPolicyArns'] ?? []) !== '[]' ? [readable(id)] : [],
    );
    expect(managed.sort()).toEqual([
      'tidemark-app/AWSCDKTriggerCustomResourceProviderCustomResourceProviderRole',
      'tidemark-network/CustomVpcRestrictDefaultSGCustomResourceProviderRole',
    ]);
  });
});

describe('the collector and the functions', () => {
  const actionsOf = (name: string): readonly string[] => {
    const found = [...roles].filter(([id]) => readable(id) === name);
    expect(found).toHaveLength(1);
    return found.flatMap(([, statements]) => statements.flatMap(({ Action }) => listed(Action)));
  };

  test('touch only their own side of the stream', () => {
    expect(actionsOf('tidemark-app/syncRole').filter((action) => /kinesis|s3:/.test(action))).toEqual([]);
    expect(actionsOf('tidemark-app/indicatorsRole').filter((action) => /kinesis|s3:/.test(action))).toEqual([]);
    expect(actionsOf('tidemark-app/collectorTask1TaskRole').filter((action) => action.startsWith('kinesis'))).toEqual([
      'kinesis:PutRecords',
    ]);
    expect(actionsOf('tidemark-app/archiveRole').filter((action) => /kinesis:Put|secretsmanager|s3:(?!PutObject$)/.test(action))).toEqual(
      [],
    );
  });
});

describe('the network', () => {
  const { of } = all.aws;

  test('lets nobody in from outside', () => {
    const rules = [
      ...of('AWS::EC2::SecurityGroupIngress').map(({ Properties }) => Properties),
      ...of('AWS::EC2::SecurityGroup').flatMap(
        ({ Properties }) => (Properties['SecurityGroupIngress'] ?? []) as readonly Readonly<Record<string, unknown>>[],
      ),
    ];
    expect(rules.length).toBeGreaterThan(8);
    const open = rules.filter((rule) => 'CidrIpv6' in rule || 'SourcePrefixListId' in rule || typeof rule['CidrIp'] === 'string');
    expect(open).toEqual([]);
    // The only range is that of the network itself, at the way out.
    const ranges = rules.filter((rule) => 'CidrIp' in rule);
    expect(ranges.map((rule) => JSON.stringify(rule['CidrIp']).replace(/[0-9A-F]{8}/, ''))).toEqual(['{"Fn::GetAtt":["Vpc","CidrBlock"]}']);
  });

  test('keeps functions and ClickHouse in private subnets, and opens the store to its clients at its port', () => {
    const vpcSubnets = (resource: Resource | undefined) => JSON.stringify(resource?.Properties);
    for (const fn of of('AWS::Lambda::Function').filter(({ Properties }) => 'VpcConfig' in Properties)) {
      expect(vpcSubnets(fn)).toContain('Vpcprivate');
      expect(vpcSubnets(fn)).not.toContain('Vpcpublic');
    }
    expect(of('AWS::Lambda::Function').filter(({ Properties }) => 'VpcConfig' in Properties)).toHaveLength(4);
    const toStore = of('AWS::EC2::SecurityGroupIngress').filter(({ id }) => id.includes('storegroup'));
    expect(toStore.map(({ Properties }) => Properties['FromPort']).toSorted((a, b) => Number(a) - Number(b))).toEqual([
      6379, 6379, 6379, 8123, 8123, 8123, 8123, 8123,
    ]);
  });

  test('has a way out with an address that outlives the machine, an encrypted disk and tokens for its metadata', () => {
    const machines = of('AWS::EC2::Instance').filter(({ id }) => id.startsWith('tidemark-network/'));
    expect(machines).toHaveLength(1);
    expect(machines[0]?.Properties).toMatchObject({
      BlockDeviceMappings: [{ Ebs: { Encrypted: true } }],
      MetadataOptions: { HttpTokens: 'required' },
      SourceDestCheck: false,
    });
    expect(of('AWS::EC2::EIP').map(({ Properties }) => Properties['InstanceId'])).toEqual([{ Ref: machines[0]?.id.split('/')[1] }]);
  });
});

describe('no secret', () => {
  const canary = 'correct-horse-battery-staple';

  test('of the deployer’s environment reaches a template', () => {
    const environment = {
      CLICKHOUSE_PASSWORD: canary,
      REDIS_PASSWORD: canary,
      ['AWS_SECRET_ACCESS' + '_KEY']: canary,
      TIDEMARK_SYNC__CONCURRENCY: '4',
    };
    for (const stage of ['aws', 'local'] as const) {
      const { text } = synthesize(stage, { environment });
      expect(text).toContain('TIDEMARK_SYNC__CONCURRENCY');
      expect(text).not.toContain(canary);
    }
  });

  test('stands in an environment: functions and containers get names, and read the secret themselves', () => {
    const variables = resources.flatMap(([, { Type, Properties }]) => {
      if (Type === 'AWS::Lambda::Function')
        return Object.entries((Properties['Environment'] as { Variables?: object } | undefined)?.Variables ?? {});
      if (Type !== 'AWS::ECS::TaskDefinition') return [];
      const containers = Properties['ContainerDefinitions'] as readonly { Environment?: readonly { Name: string; Value: unknown }[] }[];
      return containers.flatMap(({ Environment = [] }) => Environment.map(({ Name, Value }) => [Name, Value] as const));
    });
    const sensitive = variables.filter(([name]) => /PASSWORD|SECRET|TOKEN|KEY/.test(name));
    expect([...new Set(sensitive.map(([name]) => name))].sort()).toEqual(['CLICKHOUSE_PASSWORD_SECRET', 'REDIS_PASSWORD_SECRET']);
    for (const [, value] of sensitive) expect(JSON.stringify(value)).toMatch(/Fn::GetStackOutput|"tidemark-local-store"/);
  });

  test('is resolved anywhere but by CloudFormation for the user of the cache', () => {
    const resolving = resources.filter(([, resource]) => JSON.stringify(resource).includes('{{resolve:secretsmanager'));
    expect(resolving.map(([, { Type }]) => Type)).toEqual(['AWS::ElastiCache::User']);
    expect(
      resources.map(([, { Properties }]) => JSON.stringify(Properties)).filter((text) => /"NoEcho"|"SecretString"\s*:/.test(text)),
    ).toEqual([]);
  });
});
