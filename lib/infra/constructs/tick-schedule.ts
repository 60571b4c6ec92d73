import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Exchange } from '#core/exchange.ts';

export type ScheduledService = {
  readonly service: 'sync' | 'indicators' | 'verify';
  readonly function: LambdaFunction;
  /** After the full minute. */
  readonly delaySeconds: number;
  /** Only at this minute of each hour; every minute when absent. */
  readonly atMinute?: number;
  /** How long the function may take. */
  readonly timeoutSeconds: number;
};

export type TickQueue = { readonly service: string; readonly queue: Queue; readonly deadLetters: Queue };

/** A message stays hidden for longer than its function may take, since a stuck one holds up its exchange. */
const HIDDEN_LONGER_SECONDS = 5;

/** A tick that waited longer is over: the next one does its work too. */
const KEPT_SECONDS = 180;

/**
 * A tick a minute, or an hour, and exchange. The event itself is the message, so that each tick has a body of its own; the message group is
 * the exchange, so that one tick of an exchange is under way at a time and exchanges do not wait for each other. The next tick is the retry
 * of a failed one.
 */
export function createTickSchedule(
  parent: Construct,
  exchanges: readonly Exchange[],
  services: readonly ScheduledService[],
): readonly TickQueue[] {
  const scope = new Construct(parent, 'schedule');
  const queues = services.map((service) => ({ ...createTickQueue(scope, service), atMinute: service.atMinute }));
  for (const [atMinute, called] of Map.groupBy(queues, (one) => one.atMinute)) {
    const often = atMinute === undefined ? 'every-minute' : 'every-hour';
    for (const exchange of exchanges)
      new Rule(scope, `${exchange}-${often}`, {
        ruleName: `tidemark-${exchange}-${often}`,
        description: `The tick of ${exchange}: ${called.map(({ service }) => service).join(' and, later, ')}`,
        schedule: Schedule.expression(`cron(${atMinute ?? '*'} * * * ? *)`),
        targets: called.map(
          ({ queue }) => new SqsQueue(queue, { messageGroupId: exchange, retryAttempts: 0, maxEventAge: Duration.minutes(1) }),
        ),
      });
  }
  return queues;
}

function createTickQueue(scope: Construct, { service, function: consumer, delaySeconds, timeoutSeconds }: ScheduledService): TickQueue {
  const common = { fifo: true, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true } as const;
  const deadLetters = new Queue(scope, `${service}-dead-letters`, {
    ...common,
    queueName: `tidemark-${service}-dead-letters.fifo`,
    retentionPeriod: Duration.days(14),
  });
  const hiddenSeconds = timeoutSeconds + HIDDEN_LONGER_SECONDS;
  const queue = new Queue(scope, `${service}-ticks`, {
    ...common,
    queueName: `tidemark-${service}.fifo`,
    contentBasedDeduplication: true,
    deliveryDelay: Duration.seconds(delaySeconds),
    visibilityTimeout: Duration.seconds(hiddenSeconds),
    retentionPeriod: Duration.seconds(Math.max(KEPT_SECONDS, 2 * hiddenSeconds)),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: 1 },
  });
  consumer.addEventSource(new SqsEventSource(queue, { batchSize: 1, reportBatchItemFailures: true }));
  return { service, queue, deadLetters };
}
