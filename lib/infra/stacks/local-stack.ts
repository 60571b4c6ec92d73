import { CfnOutput, Stack, type App } from 'aws-cdk-lib';
import type { Config } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import { createServices } from '../constructs/services.ts';
import { createTradeStore } from '../constructs/trade-store.ts';
import type { ServiceEnvironment } from '../service-environment.ts';

export type LocalStackProps = {
  readonly overrides: ServiceEnvironment;
  /** Of the emulator, for the functions too; undefined leaves it to the emulator. */
  readonly endpoint: string | undefined;
  /** Name of the secret with the store's password, made before the deploy. */
  readonly storeSecret: string;
};

/**
 * The same services in one stack on an emulator: no network, no machine, no container. Store and cache run beside it, at the addresses of
 * `databases.yaml`; the exchanges are at those of `exchanges.yaml`. The schema is migrated by calling the migrate function.
 */
export function createLocalStack(app: App, config: Config, { overrides, endpoint, storeSecret }: LocalStackProps): Stack {
  const { clickhouse, cache } = config.databases;
  for (const [name, { url }] of Object.entries({ clickhouse, cache })) {
    if (url === '') throw new ConfigError(`databases.yaml: ${name}.url is "", expected the address of the one beside the emulator; set it`);
  }
  const stack = new Stack(app, 'tidemark-local');
  const trades = createTradeStore(stack, { isKept: false, shards: 1 });
  const services = createServices(stack, {
    config,
    store: { url: clickhouse.url, username: clickhouse.username, passwordSecret: storeSecret },
    cache: { url: cache.url, username: cache.username, passwordSecret: undefined },
    trades,
    environment: { ...overrides, ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: endpoint }) },
    network: () => undefined,
  });
  const outputs = {
    Stream: trades.stream.streamName,
    Bucket: trades.bucket.bucketName,
    MigrateFunction: services.functions.migrate.function.functionName,
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
  return stack;
}
