import type { Clock } from '#core/ports/clock.ts';
import type { LogFacts, Logger } from '#core/ports/logger.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

const MAX_LINE_LENGTH = 8000;

export type JsonLoggerOptions = {
  readonly clock: Clock;
  readonly level: LogLevel;
  readonly service: string;
  readonly write: (line: string) => void;
};

/** One JSON object a line: time, level, service, event, then the facts. Lines are bounded; control characters are escaped by JSON. */
export function createJsonLogger({ clock, level, service, write }: JsonLoggerOptions): Logger {
  const lowest = LOG_LEVELS.indexOf(level);
  const log =
    (lineLevel: LogLevel) =>
    (event: string, facts: LogFacts = {}): void => {
      if (LOG_LEVELS.indexOf(lineLevel) < lowest) return;
      const head = { time: new Date(clock.nowMs()).toISOString(), level: lineLevel, service, event };
      const line = JSON.stringify({ ...head, ...facts }, plainValue);
      write(line.length <= MAX_LINE_LENGTH ? line : JSON.stringify({ ...head, truncated: line.slice(0, MAX_LINE_LENGTH / 2) }));
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}
