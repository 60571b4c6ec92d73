import { Stack, type App, type StackProps } from 'aws-cdk-lib';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Config } from '#config/load.ts';
import { PROFILE_PARTS } from '#core/deployment-profile.ts';
import { acknowledge } from '../acknowledge.ts';
import { createClickHouseHost, STORE_PORT, STORE_USER, type ClickHouseHost } from '../constructs/clickhouse-host.ts';
import { CACHE_PORT, CACHE_USER, createServerlessCache } from '../constructs/serverless-cache.ts';
import { createTradeStore, type TradeStore } from '../constructs/trade-store.ts';
import type { Endpoint } from '../service-environment.ts';
import type { NetworkStack } from './network-stack.ts';

export type DataStack = {
  readonly stack: Stack;
  readonly trades: TradeStore;
  readonly store: Endpoint;
  readonly cache: Endpoint;
  /** Undefined when ClickHouse runs elsewhere. */
  readonly host: ClickHouseHost | undefined;
};

/** Everything that holds data. It cannot be deleted by accident, and what it holds outlives it. */
export function createDataStack(app: App, config: Config, { vpc, groups }: NetworkStack, props: StackProps): DataStack {
  const { clickhouse, cache, profile } = config.deployment;
  const stack = new Stack(app, 'tidemark-data', { ...props, terminationProtection: true });
  const made = new Secret(stack, 'InternalPassword', {
    description: 'tidemark: the password between its own services, its store and its cache',
    generateSecretString: { secretStringTemplate: '{}', generateStringKey: 'password', passwordLength: 40, excludePunctuation: true },
  });
  // The CDK's own classes do not keep its interfaces under exact optional types.
  const password = made as ISecret;
  acknowledge(password, { SMG4: 'Rotation needs both sides at one moment: docs/deploy.md has the two commands.' });
  const trades = createTradeStore(stack, { isKept: true, shards: PROFILE_PARTS[profile].shards });
  const host =
    clickhouse.mode === 'ec2'
      ? createClickHouseHost(stack, {
          vpc,
          securityGroup: groups.store,
          instanceType: clickhouse.instanceType === '' ? PROFILE_PARTS[profile].clickhouseInstance : clickhouse.instanceType,
          volumeGb: clickhouse.volumeGb,
          ami: clickhouse.ami,
          password,
          backups: trades.bucket,
          database: config.databases.clickhouse.database,
          hasCache: cache.provider === 'on-host',
        })
      : undefined;
  const store: Endpoint =
    host === undefined
      ? { url: clickhouse.url, username: config.databases.clickhouse.username, passwordSecret: clickhouse.passwordSecret }
      : { url: `http://${host.address}:${STORE_PORT}`, username: STORE_USER, passwordSecret: password.secretArn };
  return { stack, trades, host, store, cache: cacheEndpoint() };

  function cacheEndpoint(): Endpoint {
    if (cache.provider === 'on-host' && host !== undefined)
      return { url: `redis://${host.address}:${CACHE_PORT}`, username: '', passwordSecret: password.secretArn };
    if (cache.provider === 'external') {
      const passwordSecret = cache.passwordSecret === '' ? undefined : cache.passwordSecret;
      return { url: cache.url, username: config.databases.cache.username, passwordSecret };
    }
    const serverless = createServerlessCache(stack, { vpc, securityGroup: groups.cache, password });
    return { url: `rediss://${serverless.attrEndpointAddress}:${CACHE_PORT}`, username: CACHE_USER, passwordSecret: password.secretArn };
  }
}
