import { Aws, Token } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Config } from '#config/load.ts';
import { EXCHANGES, type Exchange } from '#core/exchange.ts';
import { VERIFY_AT_MINUTE } from '#core/scheduled-tick.ts';
import { archiveEnvironment, cacheEnvironment, storeEnvironment, type Endpoint, type ServiceEnvironment } from '../service-environment.ts';
import { createServiceFunction, type ServiceFunction, type ServiceNetwork } from './service-function.ts';
import { createTickSchedule, type TickQueue } from './tick-schedule.ts';
import { connectArchive, grantArchiveRead, type TradeStore } from './trade-store.ts';

export type ServicesProps = {
  readonly config: Config;
  readonly store: Endpoint;
  readonly cache: Endpoint;
  readonly trades: TradeStore;
  /** Variables of every function, before its own. */
  readonly environment: ServiceEnvironment;
  readonly network: (service: 'sync' | 'indicators' | 'verify' | 'migrate') => ServiceNetwork | undefined;
};

export type Services = {
  readonly functions: Readonly<Record<'sync' | 'indicators' | 'verify' | 'archive' | 'migrate', ServiceFunction>>;
  readonly exchanges: readonly Exchange[];
  readonly ticks: readonly TickQueue[];
  readonly archiveDeadLetters: Queue;
};

/** A minute has sixty seconds; an hour of trades of many markets takes its time to read. */
const TICK_TIMEOUT_SECONDS = 50;
const VERIFY_TIMEOUT_SECONDS = 300;

/** The functions, what calls them and what they may do: the same on AWS and on the emulator. */
export function createServices(scope: Construct, props: ServicesProps): Services {
  const { config, store, cache, trades, environment, network } = props;
  const logRetentionDays = config.deployment.logRetentionDays;
  const storeVariables = storeEnvironment(config, store);
  const tick = { timeoutSeconds: TICK_TIMEOUT_SECONDS, logRetentionDays };
  const functions = {
    sync: createServiceFunction(scope, {
      ...tick,
      service: 'sync',
      memoryMb: 256,
      // The cache keeps an exchange's pauses for the next invocation.
      environment: { ...environment, ...storeVariables, ...cacheEnvironment(config, cache) },
      network: network('sync'),
    }),
    indicators: createServiceFunction(scope, {
      ...tick,
      service: 'indicators',
      memoryMb: 512,
      environment: { ...environment, ...storeVariables, ...cacheEnvironment(config, cache) },
      network: network('indicators'),
    }),
    verify: createServiceFunction(scope, {
      service: 'verify',
      memoryMb: 1024,
      timeoutSeconds: VERIFY_TIMEOUT_SECONDS,
      logRetentionDays,
      environment: { ...environment, ...storeVariables, ...archiveEnvironment(trades.bucket.bucketName) },
      network: network('verify'),
    }),
    archive: createServiceFunction(scope, {
      service: 'archive',
      memoryMb: 1024,
      timeoutSeconds: 120,
      logRetentionDays,
      environment: { ...environment, ...archiveEnvironment(trades.bucket.bucketName) },
      network: undefined,
    }),
    migrate: createServiceFunction(scope, {
      service: 'migrate',
      memoryMb: 256,
      timeoutSeconds: 780,
      logRetentionDays,
      environment: { ...environment, ...storeVariables },
      network: network('migrate'),
    }),
  };
  grantSecrets(functions.sync, [store, cache]);
  grantSecrets(functions.indicators, [store, cache]);
  grantSecrets(functions.verify, [store]);
  grantSecrets(functions.migrate, [store]);
  grantArchiveRead(trades, functions.verify);
  const exchanges = EXCHANGES.filter((exchange) => config.exchanges[exchange]?.enabled === true);
  const minutely = { timeoutSeconds: TICK_TIMEOUT_SECONDS };
  const ticks = createTickSchedule(scope, exchanges, [
    { ...minutely, service: 'sync', function: functions.sync.function, delaySeconds: config.sync.delaySeconds },
    { ...minutely, service: 'indicators', function: functions.indicators.function, delaySeconds: config.indicators.delaySeconds },
    {
      service: 'verify',
      function: functions.verify.function,
      delaySeconds: config.indicators.delaySeconds,
      atMinute: VERIFY_AT_MINUTE,
      timeoutSeconds: VERIFY_TIMEOUT_SECONDS,
    },
  ]);
  return { functions, exchanges, ticks, archiveDeadLetters: connectArchive(scope, trades, functions.archive) };
}

function grantSecrets({ role }: ServiceFunction, endpoints: readonly Endpoint[]): void {
  for (const statement of secretStatements(endpoints)) role.addToPolicy(statement);
}

/** One statement a secret that the endpoints name. */
export function secretStatements(endpoints: readonly Endpoint[]): readonly PolicyStatement[] {
  return secretArns(endpoints).map((arn) => new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [arn] }));
}

/** A secret that is known by its name only has six characters behind it, which AWS chose. */
function secretArns(endpoints: readonly Endpoint[]): readonly string[] {
  const ids = new Set(endpoints.flatMap(({ passwordSecret }) => (passwordSecret === undefined ? [] : [passwordSecret])));
  return [...ids].map((id) =>
    Token.isUnresolved(id) ? id : `arn:${Aws.PARTITION}:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret:${id}-??????`,
  );
}
