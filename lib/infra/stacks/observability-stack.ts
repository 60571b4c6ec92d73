import { Duration, Stack, type App, type StackProps } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Dashboard, GraphWidget, Metric, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, MetricFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import { createAlarms, type AddAlarm } from '../constructs/alarms.ts';
import { DISK_METRIC, METRIC_NAMESPACE } from '../constructs/clickhouse-host.ts';
import { createSavedQueries } from '../constructs/saved-queries.ts';
import type { AppStack } from './app-stack.ts';
import type { DataStack } from './data-stack.ts';

/**
 * Numbers of the services' own lines that become metrics: by service and exchange, never by symbol, which would cost hundreds of dollars. Six,
 * so that four exchanges and the disk make 25.
 */
const COUNTED = [
  { service: 'sync', event: 'synced', field: 'ageSeconds', name: 'CandleAgeSeconds' },
  { service: 'sync', event: 'synced', field: 'unfetched', name: 'CandlesUnfetched' },
  { service: 'sync', event: 'synced', field: 'refused', name: 'RowsRefused' },
  { service: 'indicators', event: 'computed indicators', field: 'values', name: 'IndicatorValues' },
  { service: 'verify', event: 'verified', field: 'unsettled', name: 'Unsettled' },
  { service: 'collector', event: 'collected', field: 'trades', name: 'TradesCollected' },
] as const;

/** Ten metrics and ten alarms are free, and that is what the smallest profile has. */
const NOT_IN_STARTER: ReadonlySet<string> = new Set(['CandlesUnfetched', 'RowsRefused', 'Unsettled']);

type Counted = (typeof COUNTED)[number];
type MetricName = Counted['name'];

const MINUTE = Duration.minutes(1);
const HOUR = Duration.hours(1);
const DISK_PERIOD = Duration.minutes(5);

/** One page that begins with "are the data fresh?", alarms on data rather than on machines, and what it may cost. */
export function createObservabilityStack(
  app: App,
  config: Config,
  parts: { readonly app: AppStack; readonly data: DataStack },
  props: StackProps,
): Stack {
  const stack = new Stack(app, 'tidemark-observability', props);
  const { services, collector } = parts.app;
  const topic = createTopic(stack, config.deployment.alarmEmail);
  const addAlarm = createAlarms(stack, topic);
  const { sync, indicators, verify, archive, migrate } = services.functions;
  const logGroups = {
    sync: sync.logGroup,
    indicators: indicators.logGroup,
    verify: verify.logGroup,
    archive: archive.logGroup,
    migrate: migrate.logGroup,
    collector: collector?.logGroup,
  };
  const isSmall = config.deployment.profile === 'starter';
  const counted = COUNTED.filter(({ service, name }) => logGroups[service] !== undefined && !(isSmall && NOT_IN_STARTER.has(name)));
  createMetrics(stack, counted, logGroups);
  createSavedQueries(stack, logGroups);
  for (const exchange of services.exchanges) {
    watchCandles(addAlarm, exchange);
    if (!isSmall) watchExchange(addAlarm, exchange, collector !== undefined);
  }
  const deadLetters = [
    ...services.ticks.map(({ service, deadLetters: queue }) => ({ service, queue })),
    { service: 'archive', queue: services.archiveDeadLetters },
  ];
  for (const { service, queue } of deadLetters)
    addAlarm(`${service}-dead-letters`, queue.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: Stats.MAXIMUM }), {
      description: `Something ended in the dead-letter queue of ${service}`,
      isBadFrom: 1,
      isSilenceBad: false,
    });
  const iteratorAge = archive.function.metric('IteratorAge', { period: MINUTE, statistic: Stats.MAXIMUM });
  addAlarm('archive-behind', iteratorAge, {
    description: 'The archive is more than 5 minutes behind the stream',
    isBadFrom: 300_000,
    periods: 5,
    isSilenceBad: false,
  });
  if (collector !== undefined)
    addAlarm('no-trades', parts.data.trades.stream.metricIncomingRecords({ period: MINUTE, statistic: Stats.SUM }), {
      description: 'No trade has reached the stream for 5 minutes',
      isBadBelow: 1,
      periods: 5,
      isSilenceBad: true,
    });
  const disk = parts.data.host === undefined ? undefined : diskMetric();
  if (disk !== undefined)
    addAlarm('disk-full', disk, {
      description: 'The disk of ClickHouse is 80 % full, or its machine does not say how full',
      isBadFrom: 80,
      periods: 3,
      isSilenceBad: true,
    });
  createDashboard(stack, services.exchanges, {
    metrics: counted.map(({ name }) => name),
    iteratorAge,
    disk,
    deadLetters: deadLetters.map(({ queue }) => queue.metricApproximateNumberOfMessagesVisible()),
  });
  if (config.deployment.budgetUsd > 0) createBudget(stack, config.deployment.budgetUsd, topic);
  return stack;
}

function watchCandles(addAlarm: AddAlarm, exchange: Exchange): void {
  addAlarm(
    'no-candles',
    metricOf('CandleAgeSeconds', exchange),
    {
      description: `The newest closed candle of ${exchange} is 5 minutes old, or sync does not run at all`,
      isBadFrom: 300,
      periods: 3,
      isSilenceBad: true,
    },
    exchange,
  );
}

/** Are its data whole, and is everything behind the candles alive? */
function watchExchange(addAlarm: AddAlarm, exchange: Exchange, isCollected: boolean): void {
  const isSilenceBad = true;
  addAlarm(
    'gaps-open',
    metricOf('CandlesUnfetched', exchange),
    {
      description: `Candles of ${exchange} have been missing for 15 minutes because fetching them fails`,
      isBadFrom: 1,
      periods: 15,
      isSilenceBad: false,
    },
    exchange,
  );
  addAlarm(
    'no-indicators',
    metricOf('IndicatorValues', exchange),
    { description: `No indicator of ${exchange} has been computed for 10 minutes`, isBadBelow: 1, periods: 10, isSilenceBad },
    exchange,
  );
  addAlarm(
    'unsettled',
    metricOf('Unsettled', exchange),
    {
      description: `Candles of ${exchange} contradict their trades, or gaps have been open for an hour`,
      isBadFrom: 1,
      isSilenceBad: false,
    },
    exchange,
  );
  addAlarm(
    'rows-refused',
    metricOf('RowsRefused', exchange),
    { description: `${exchange} sends rows that are refused`, isBadFrom: 10, isSilenceBad: false },
    exchange,
  );
  if (isCollected)
    addAlarm(
      'collector-silent',
      metricOf('TradesCollected', exchange, Stats.SAMPLE_COUNT),
      { description: `The collector has given no sign of life for ${exchange} for 5 minutes`, isBadBelow: 1, periods: 5, isSilenceBad },
      exchange,
    );
}

function createTopic(stack: Stack, email: string): Topic {
  const topic = new Topic(stack, 'Alarms', { topicName: 'tidemark-alarms', enforceSSL: true });
  if (email !== '') topic.addSubscription(new EmailSubscription(email));
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('budgets.amazonaws.com'), new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
    }),
  );
  return topic;
}

function createMetrics(stack: Stack, counted: readonly Counted[], logGroups: Readonly<Record<string, ILogGroup | undefined>>): void {
  for (const { service, event, field, name } of counted) {
    const logGroup = logGroups[service];
    if (logGroup === undefined) continue;
    new MetricFilter(stack, name, {
      logGroup,
      filterPattern: FilterPattern.stringValue('$.event', '=', event),
      metricNamespace: METRIC_NAMESPACE,
      metricName: name,
      metricValue: `$.${field}`,
      dimensions: { service: '$.service', exchange: '$.exchange' },
    });
  }
}

function metricOf(metricName: MetricName, exchange: Exchange, statistic: string = statisticOf(metricName)): Metric {
  const service = COUNTED.find(({ name }) => name === metricName)?.service ?? '';
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { service, exchange },
    period: metricName === 'Unsettled' ? HOUR : MINUTE,
    statistic,
    label: exchange,
  });
}

/** Ages, and what is open at a moment, do not add up. */
function statisticOf(metricName: MetricName): string {
  return metricName === 'CandleAgeSeconds' || metricName === 'Unsettled' ? Stats.MAXIMUM : Stats.SUM;
}

function diskMetric(): Metric {
  return new Metric({ namespace: METRIC_NAMESPACE, metricName: DISK_METRIC, period: DISK_PERIOD, statistic: Stats.MAXIMUM, label: 'disk' });
}

type Graphs = {
  readonly metrics: readonly MetricName[];
  readonly iteratorAge: IMetric;
  readonly deadLetters: readonly IMetric[];
  readonly disk: IMetric | undefined;
};

function createDashboard(stack: Stack, exchanges: readonly Exchange[], { metrics, iteratorAge, deadLetters, disk }: Graphs): void {
  const dashboard = new Dashboard(stack, 'Dashboard', { dashboardName: 'tidemark', defaultInterval: Duration.hours(3) });
  const graphs = metrics.map(
    (name) =>
      new GraphWidget({ title: name, width: 12, left: exchanges.map((exchange) => metricOf(name, exchange)), leftYAxis: { min: 0 } }),
  );
  dashboard.addWidgets(...graphs);
  dashboard.addWidgets(
    new GraphWidget({ title: 'Archive behind (ms)', width: 12, left: [iteratorAge] }),
    new GraphWidget({ title: 'Dead letters', width: 12, left: [...deadLetters] }),
    ...(disk === undefined
      ? []
      : [new GraphWidget({ title: 'Disk of ClickHouse (%)', width: 12, left: [disk], leftYAxis: { min: 0, max: 100 } })]),
  );
}

function createBudget(stack: Stack, usd: number, topic: Topic): void {
  new CfnBudget(stack, 'Budget', {
    budget: { budgetName: 'tidemark', budgetType: 'COST', timeUnit: 'MONTHLY', budgetLimit: { amount: usd, unit: 'USD' } },
    notificationsWithSubscribers: ['ACTUAL', 'FORECASTED'].map((notificationType) => ({
      notification: { notificationType, comparisonOperator: 'GREATER_THAN', threshold: 100, thresholdType: 'PERCENTAGE' },
      subscribers: [{ subscriptionType: 'SNS', address: topic.topicArn }],
    })),
  });
}
