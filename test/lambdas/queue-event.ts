import type { SQSEvent } from 'aws-lambda';
import type { Exchange } from '#core/exchange.ts';
import type { LogFacts, Logger } from '#core/ports/logger.ts';
import { tickMessage } from '#core/scheduled-tick.ts';

export const MINUTE = 60_000;
export const START = Date.UTC(2023, 2, 11);

export type Message = { readonly id: string; readonly group?: string | undefined; readonly body: string };

/** The message of a tick, as the schedule sends it. */
export function tickOf(id: string, exchange: Exchange, tickMs: number, mode: 'tick' | 'catch-up' = 'tick'): Message {
  return { id, group: exchange, body: tickMessage({ exchange, tickMs, mode }).body };
}

/** What a queue hands to a function on AWS. */
export function queueEvent(messages: readonly Message[]): SQSEvent {
  return {
    Records: messages.map(({ id, group, body }) => ({
      messageId: id,
      receiptHandle: `handle of ${id}`,
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1678492800000',
        SenderId: 'AIDAEXAMPLE',
        ApproximateFirstReceiveTimestamp: '1678492800000',
        ...(group === undefined ? {} : { MessageGroupId: group }),
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:ticks.fifo',
      awsRegion: 'us-east-1',
    })),
  };
}

export type LoggedLine = { readonly level: string; readonly event: string; readonly facts: LogFacts };

export function keepingLogger(): Logger & { readonly lines: LoggedLine[]; readonly of: (event: string) => LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const log =
    (level: string) =>
    (event: string, facts: LogFacts = {}) =>
      void lines.push({ level, event, facts });
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    lines,
    of: (event) => lines.filter((line) => line.event === event),
  };
}

/** Messages that are no ticks, and what the log says of them. */
export const NO_TICKS: readonly (readonly [string, Message, string])[] = [
  ['without a group', { id: 'x', body: '{}' }, 'the message group "undefined" is not an exchange'],
  ['of an unknown group', { id: 'x', group: 'nasdaq', body: '{}' }, 'the message group "nasdaq" is not an exchange'],
  ['with a body that is no JSON', { id: 'x', group: 'kraken', body: 'tick!' }, 'the body is not a JSON object'],
  ['with a list for a body', { id: 'x', group: 'kraken', body: '[]' }, 'the body is not a JSON object'],
  ['without a time', { id: 'x', group: 'kraken', body: '{}' }, 'the event\'s time "undefined" is not an ISO time'],
  ['with a bad time', { id: 'x', group: 'kraken', body: '{"time":"noon"}' }, 'the event\'s time "noon" is not an ISO time'],
];
