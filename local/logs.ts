import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Exchange } from '#core/exchange.ts';
import { SinkError } from '#core/errors.ts';
import type { LineLevel } from '#core/service-line.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { createLogReader } from '#factories/log-reader.ts';
import { followLogs } from '#usecases/follow-logs.ts';
import { formatServiceLine } from './log-text.ts';

export type LogsOptions = {
  readonly services: readonly string[];
  readonly sinceMinutes: number;
  readonly level: LineLevel;
  readonly exchange: Exchange | null;
  readonly isFollowing: boolean;
  readonly isJson: boolean;
};

/** Prints what the deployed services say, one readable line each. Throws `SinkError` when nothing is deployed there or it cannot be asked. */
export async function printLogs(options: LogsOptions, signal: AbortSignal, write: (text: string) => void): Promise<void> {
  const { clock, timer } = createHostParts('logs', { level: 'error' });
  const logs = createLogReader({ timer });
  try {
    const { missing } = await followLogs(
      { logs, clock },
      {
        services: options.services,
        fromMs: clock.nowMs() - options.sinceMinutes * 60_000,
        filter: { level: options.level, exchange: options.exchange },
        isFollowing: options.isFollowing,
        signal,
      },
      (line) => write(`${options.isJson ? JSON.stringify(line) : formatServiceLine(line)}\n`),
    );
    if (missing.length === options.services.length)
      throw new SinkError(
        `no log group of ${missing.join(', ')} is there, expected /tidemark/${missing[0] ?? ''}; look at the region (AWS_REGION) and the credentials, and deploy first`,
        { code: 'LOGS', retryable: false },
      );
  } finally {
    logs.close();
  }
}

/** Names whose presence says that somebody means another place. */
const CHOSEN = ['AWS_ENDPOINT_URL', 'AWS_PROFILE', 'AWS_ACCESS_KEY_ID'];

/**
 * Where the newest deploy to an emulator went, as its file says: unless the environment chooses credentials or an endpoint of its own. Returns the
 * endpoint, null when the environment stays as it is.
 */
export function useDeployedEnvironment(file: string, environment: NodeJS.ProcessEnv): string | null {
  if (!existsSync(file) || CHOSEN.some((name) => environment[name] !== undefined)) return null;
  Object.assign(environment, parseEnv(readFileSync(file, 'utf8')));
  return environment['AWS_ENDPOINT_URL'] ?? null;
}
