import type { LogReader } from '#core/ports/log-reader.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createCloudWatchLogs } from '#providers/aws/cloudwatch-logs.ts';

const DEADLINE_MS = 20_000;

/** The logs of a deployment: on AWS, or at the emulator that the environment names. */
export function createLogReader({ timer }: { readonly timer: Timer }): LogReader {
  return createCloudWatchLogs({ timer, deadlineMs: DEADLINE_MS });
}
