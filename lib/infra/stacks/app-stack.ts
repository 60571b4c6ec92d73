import { Duration, Stack, type App, type StackProps } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { InvocationType, Trigger } from 'aws-cdk-lib/triggers';
import type { Config } from '#config/load.ts';
import { acknowledge } from '../acknowledge.ts';
import { createCollector, type CollectorServices } from '../constructs/collector-service.ts';
import { createServices, secretStatements, type Services } from '../constructs/services.ts';
import { cacheEnvironment, storeEnvironment, streamEnvironment, type ServiceEnvironment } from '../service-environment.ts';
import type { DataStack } from './data-stack.ts';
import type { NetworkStack } from './network-stack.ts';

export type AppStack = { readonly stack: Stack; readonly services: Services; readonly collector: CollectorServices | undefined };

export type AppStackParts = { readonly network: NetworkStack; readonly data: DataStack; readonly overrides: ServiceEnvironment };

/** Everything that runs. It holds no data: it can be deleted and deployed again. */
export function createAppStack(app: App, config: Config, { network, data, overrides }: AppStackParts, props: StackProps): AppStack {
  const stack = new Stack(app, 'tidemark-app', props);
  const { vpc, groups } = network;
  const { store, cache, trades } = data;
  const services = createServices(stack, {
    config,
    store,
    cache,
    trades,
    environment: overrides,
    network: (service) => ({ vpc, securityGroup: groups[service] }),
  });
  const migration = migrateFirst(stack, services);
  if (!config.streaming.collector.enabled) return { stack, services, collector: undefined };
  const collector = createCollector(stack, {
    settings: config.deployment.collector,
    vpc,
    securityGroup: groups.collector,
    environment: {
      ...overrides,
      ...storeEnvironment(config, store),
      ...cacheEnvironment(config, cache),
      ...streamEnvironment(trades.stream.streamName),
    },
    logRetentionDays: config.deployment.logRetentionDays,
    statements: () => [
      new PolicyStatement({ actions: ['kinesis:PutRecords'], resources: [trades.stream.streamArn] }),
      ...secretStatements([store, cache]),
    ],
  });
  migration.executeBefore(...collector.services);
  return { stack, services, collector };
}

/** The schema is brought up to date before new code runs, in every deploy that brings a new schema or a new function. */
function migrateFirst(stack: Stack, { functions }: Services): Trigger {
  const migration = new Trigger(stack, 'Migration', {
    handler: functions.migrate.function,
    invocationType: InvocationType.REQUEST_RESPONSE,
    timeout: Duration.minutes(14),
    executeBefore: [functions.sync.function, functions.indicators.function, functions.verify.function],
  });
  const provider = stack.node.tryFindChild('AWSCDK.TriggerCustomResourceProviderCustomResourceProvider');
  if (provider === undefined) throw new Error('the CDK’s provider of triggers is not where it was; look for its new name');
  acknowledge(provider, {
    IAM4: 'The CDK’s own function that calls the migration: its role is the CDK’s.',
    IAM5: 'The same: it calls versions of one function.',
    L1: 'The same: the CDK chooses its runtime.',
  });
  return migration;
}
