import { Duration, Stack, type App, type StackProps } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  Metric,
  Stats,
  TreatMissingData,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, MetricFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { AppStack } from './app-stack.ts';
import type { DataStack } from './data-stack.ts';

const NAMESPACE = 'Tidemark';

/** Numbers of the services' own lines that become metrics: by exchange, never by symbol, which would cost hundreds of dollars. */
const COUNTED = [
  { service: 'sync', event: 'synced', field: 'fetched', name: 'CandlesFetched' },
  { service: 'sync', event: 'synced', field: 'missing', name: 'CandlesMissing' },
  { service: 'sync', event: 'synced', field: 'refused', name: 'RowsRefused' },
  { service: 'indicators', event: 'computed indicators', field: 'values', name: 'IndicatorValues' },
] as const;

const MINUTE = Duration.minutes(1);

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
  const alarm = createAlarms(stack, topic);
  const metrics = createMetrics(stack, services.functions);
  for (const exchange of services.exchanges) {
    alarm(`${exchange}-no-candles`, metricOf('CandlesFetched', exchange), {
      description: `No candle of ${exchange} has been fetched for 5 minutes, or sync does not run at all`,
      isBadBelow: 1,
      minutes: 5,
    });
    alarm(`${exchange}-no-indicators`, metricOf('IndicatorValues', exchange), {
      description: `No indicator of ${exchange} has been computed for 10 minutes`,
      isBadBelow: 1,
      minutes: 10,
    });
    alarm(`${exchange}-rows-refused`, metricOf('RowsRefused', exchange), {
      description: `${exchange} sends rows that are refused`,
      isBadFrom: 10,
    });
  }
  const deadLetters = [
    ...services.ticks.map(({ service, deadLetters: queue }) => ({ service, queue })),
    { service: 'archive', queue: services.archiveDeadLetters },
  ];
  for (const { service, queue } of deadLetters)
    alarm(`${service}-dead-letters`, queue.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: Stats.MAXIMUM }), {
      description: `Something ended in the dead-letter queue of ${service}`,
      isBadFrom: 1,
    });
  const iteratorAge = services.functions.archive.function.metric('IteratorAge', { period: MINUTE, statistic: Stats.MAXIMUM });
  alarm('archive-behind', iteratorAge, {
    description: 'The archive is more than 5 minutes behind the stream',
    isBadFrom: 300_000,
    minutes: 5,
  });
  if (collector !== undefined) {
    const records = parts.data.trades.stream.metricIncomingRecords({ period: MINUTE, statistic: Stats.SUM });
    alarm('no-trades', records, { description: 'No trade has reached the stream for 5 minutes', isBadBelow: 1, minutes: 5 });
  }
  createDashboard(stack, services.exchanges, {
    metrics,
    iteratorAge,
    deadLetters: deadLetters.map(({ queue }) => queue.metricApproximateNumberOfMessagesVisible()),
  });
  if (config.deployment.budgetUsd > 0) createBudget(stack, config.deployment.budgetUsd, topic);
  return stack;
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

type Bad = { readonly description: string; readonly isBadFrom?: number; readonly isBadBelow?: number; readonly minutes?: number };

/** "Below" counts silence as bad: no data at all is red. */
function createAlarms(stack: Stack, topic: Topic) {
  return (name: string, metric: IMetric, { description, isBadFrom, isBadBelow, minutes = 1 }: Bad): void => {
    const isFloor = isBadBelow !== undefined;
    const alarm = new Alarm(stack, name, {
      alarmName: `tidemark-${name}`,
      alarmDescription: `${description}. docs/runbooks/${name.replace(/^(binance|binanceus|coinbase|kraken)-/, '')}.md`,
      metric,
      threshold: isBadBelow ?? isBadFrom ?? 1,
      comparisonOperator: isFloor ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: minutes,
      treatMissingData: isFloor ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  };
}

function createMetrics(
  stack: Stack,
  functions: Readonly<Record<'sync' | 'indicators', { readonly logGroup: ILogGroup }>>,
): readonly string[] {
  for (const { service, event, field, name } of COUNTED) {
    new MetricFilter(stack, name, {
      logGroup: functions[service].logGroup,
      filterPattern: FilterPattern.stringValue('$.event', '=', event),
      metricNamespace: NAMESPACE,
      metricName: name,
      metricValue: `$.${field}`,
      dimensions: { exchange: '$.exchange' },
    });
  }
  return COUNTED.map(({ name }) => name);
}

function metricOf(metricName: string, exchange: Exchange): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName,
    dimensionsMap: { exchange },
    period: MINUTE,
    statistic: Stats.SUM,
    label: exchange,
  });
}

type Graphs = { readonly metrics: readonly string[]; readonly iteratorAge: IMetric; readonly deadLetters: readonly IMetric[] };

function createDashboard(stack: Stack, exchanges: readonly Exchange[], { metrics, iteratorAge, deadLetters }: Graphs): void {
  const dashboard = new Dashboard(stack, 'Dashboard', { dashboardName: 'tidemark', defaultInterval: Duration.hours(3) });
  const graphs = metrics.map(
    (name) =>
      new GraphWidget({ title: name, width: 12, left: exchanges.map((exchange) => metricOf(name, exchange)), leftYAxis: { min: 0 } }),
  );
  dashboard.addWidgets(...graphs);
  dashboard.addWidgets(
    new GraphWidget({ title: 'Archive behind (ms)', width: 12, left: [iteratorAge] }),
    new GraphWidget({ title: 'Dead letters', width: 12, left: [...deadLetters] }),
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
