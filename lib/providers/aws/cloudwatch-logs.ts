import { CloudWatchLogsClient, FilterLogEventsCommand, type FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { LogEntry, LogReader } from '#core/ports/log-reader.ts';
import type { Timer } from '#core/ports/timer.ts';
import { withDeadline } from '#std/deadline.ts';
import { awsError } from './aws-errors.ts';

export type CloudWatchLogsOptions = {
  readonly timer: Timer;
  /** Of one page, retries included. */
  readonly deadlineMs: number;
};

/** CloudWatch Logs, a group `/tidemark/<service>` each. Credentials, region and endpoint come from the environment, as the SDK reads it. */
export function createCloudWatchLogs({ timer, deadlineMs }: CloudWatchLogsOptions): LogReader {
  const client = new CloudWatchLogsClient({ maxAttempts: 3, requestHandler: new NodeHttpHandler({ connectionTimeout: deadlineMs }) });
  return {
    async read(service, fromMs) {
      const logGroupName = `/tidemark/${service}`;
      const entries: LogEntry[] = [];
      let nextToken: string | undefined;
      do {
        try {
          const token = nextToken;
          // oxlint-disable-next-line no-await-in-loop -- each page names the next one
          const page = await withDeadline({ timer, deadlineMs, what: `log group "${logGroupName}"` }, (abortSignal) =>
            client.send(new FilterLogEventsCommand({ logGroupName, startTime: fromMs, nextToken: token }), { abortSignal }),
          );
          entries.push(...(page.events ?? []).map(entryOf));
          nextToken = page.nextToken;
        } catch (error) {
          if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
          throw awsError('LOGS', `log group "${logGroupName}" could not be read`, error);
        }
      } while (nextToken !== undefined);
      return entries;
    },
    close() {
      client.destroy();
    },
  };
}

function entryOf({ eventId, logStreamName = '', timestamp = 0, message = '' }: FilteredLogEvent): LogEntry {
  // Emulators give events no id; then stream, time and text are one.
  return { id: eventId ?? `${logStreamName} ${timestamp} ${message}`, atMs: timestamp, text: message.trimEnd() };
}
