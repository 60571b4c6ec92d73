import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Exchange } from '#core/exchange.ts';

export type ScheduledService = {
  readonly service: 'sync' | 'indicators';
  readonly function: LambdaFunction;
  /** After the full minute. */
  readonly delaySeconds: number;
};

export type TickQueue = { readonly service: string; readonly queue: Queue; readonly deadLetters: Queue };

/** A function may take so long; its message stays hidden a little longer, since a stuck one holds up its exchange. */
export const TICK_TIMEOUT_SECONDS = 50;
const HIDDEN_SECONDS = 55;

/**
 * A tick a minute and exchange. The event itself is the message, so that each tick has a body of its own; the message group is the exchange,
 * so that one tick of an exchange is under way at a time and exchanges do not wait for each other. The next tick is the retry of a failed one.
 */
export function createMinuteSchedule(
  parent: Construct,
  exchanges: readonly Exchange[],
  services: readonly ScheduledService[],
): readonly TickQueue[] {
  const scope = new Construct(parent, 'schedule');
  const queues = services.map((service) => createTickQueue(scope, service));
  for (const exchange of exchanges) {
    new Rule(scope, `${exchange}-every-minute`, {
      ruleName: `tidemark-${exchange}-every-minute`,
      description: `The tick of ${exchange}: sync and, later, indicators`,
      schedule: Schedule.expression('cron(* * * * ? *)'),
      targets: queues.map(
        ({ queue }) => new SqsQueue(queue, { messageGroupId: exchange, retryAttempts: 0, maxEventAge: Duration.minutes(1) }),
      ),
    });
  }
  return queues;
}

function createTickQueue(scope: Construct, { service, function: consumer, delaySeconds }: ScheduledService): TickQueue {
  const common = { fifo: true, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true } as const;
  const deadLetters = new Queue(scope, `${service}-dead-letters`, {
    ...common,
    queueName: `tidemark-${service}-dead-letters.fifo`,
    retentionPeriod: Duration.days(14),
  });
  const queue = new Queue(scope, `${service}-ticks`, {
    ...common,
    queueName: `tidemark-${service}.fifo`,
    contentBasedDeduplication: true,
    deliveryDelay: Duration.seconds(delaySeconds),
    visibilityTimeout: Duration.seconds(HIDDEN_SECONDS),
    retentionPeriod: Duration.minutes(3),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: 1 },
  });
  consumer.addEventSource(new SqsEventSource(queue, { batchSize: 1, reportBatchItemFailures: true }));
  return { service, queue, deadLetters };
}
