import type { SQSEvent } from 'aws-lambda';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import { tickMessage, type ScheduledTick } from '#core/scheduled-tick.ts';

const MINUTE_MS = 60_000;

export type TickService = {
  /** The very handler that runs on Lambda. */
  readonly handler: (event: SQSEvent) => Promise<{ readonly batchItemFailures: readonly unknown[] }>;
  /** Delay of the service's queue after the tick. */
  readonly delayMs: number;
  readonly mode: ScheduledTick['mode'];
  /** Runs only at this minute of each hour; every minute when absent. */
  readonly atMinute?: number;
};

export type TickLoop = {
  readonly clock: Clock;
  readonly exchanges: readonly Exchange[];
  /** Run in this order within a tick, each for all exchanges at once. */
  readonly services: readonly TickService[];
  readonly firstTickMs: number;
  /** Last tick that is run; null runs until stopped. */
  readonly lastTickMs: number | null;
  readonly signal: AbortSignal;
  /** Told after each tick; `failed` counts messages that a handler gave back. */
  readonly onTick: (tickMs: number, failed: number) => void;
};

/**
 * What EventBridge and the queues do on AWS, over the clock: every minute one message per exchange and service, at the delay of its
 * queue. A tick that takes longer than a minute delays the next one; none is skipped. Ends after the last tick or when stopped.
 */
export async function runTickLoop(loop: TickLoop): Promise<void> {
  for (let tickMs = loop.firstTickMs; loop.lastTickMs === null || tickMs <= loop.lastTickMs; tickMs += MINUTE_MS) {
    let failed = 0;
    for (const service of loop.services) {
      if (service.atMinute !== undefined && new Date(tickMs).getUTCMinutes() !== service.atMinute) continue;
      // oxlint-disable-next-line no-await-in-loop -- time passes in order
      await loop.clock.sleepUntil(tickMs + service.delayMs, loop.signal);
      if (loop.signal.aborted) return;
      // oxlint-disable-next-line no-await-in-loop -- indicators read what sync has written
      failed += await runService(service, loop.exchanges, tickMs);
    }
    loop.onTick(tickMs, failed);
  }
}

async function runService({ handler, mode }: TickService, exchanges: readonly Exchange[], tickMs: number): Promise<number> {
  const results = await Promise.all(exchanges.map((exchange) => handler(queueEvent({ exchange, tickMs, mode }))));
  return results.reduce((total, { batchItemFailures }) => total + batchItemFailures.length, 0);
}

/** The event in which a first-in-first-out queue hands one message to a function. */
export function queueEvent(tick: ScheduledTick): SQSEvent {
  const { messageGroupId = '', body } = tickMessage(tick);
  const sentAt = String(tick.tickMs);
  return {
    Records: [
      {
        messageId: `${tick.exchange}-${tick.tickMs}`,
        receiptHandle: '',
        body,
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: sentAt,
          SenderId: 'local',
          ApproximateFirstReceiveTimestamp: sentAt,
          MessageGroupId: messageGroupId,
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:local:000000000000:ticks.fifo',
        awsRegion: 'local',
      },
    ],
  };
}
