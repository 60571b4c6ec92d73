import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createJsonLogger, type LogLevel } from '#providers/system/json-logger.ts';
import { createReplayClock, type ReplayClockOptions } from '#providers/system/replay-clock.ts';
import { createSystemClock } from '#providers/system/system-clock.ts';
import { createSystemRandom } from '#providers/system/system-random.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';

export type HostParts = { readonly clock: Clock; readonly timer: Timer; readonly random: Random; readonly logger: Logger };

export type HostPartsOptions = {
  /** Replays move through recorded time; without it the clock is the machine's. */
  readonly replay?: Omit<ReplayClockOptions, 'timer'>;
  readonly level?: LogLevel;
  readonly write?: (line: string) => void;
};

/** To stdout, past the console: on Lambda that wraps each line into a text of its own, and our JSON could not be searched any more. */
const writeLine = (line: string): void => void process.stdout.write(`${line}\n`);

/** Time and log of one process. Lambda and containers log to stdout, which is where their platform reads. */
export function createHostParts(service: string, { replay, level = 'info', write = writeLine }: HostPartsOptions = {}): HostParts {
  const timer = createSystemTimer();
  const clock = replay === undefined ? createSystemClock(timer) : createReplayClock({ ...replay, timer });
  return { clock, timer, random: createSystemRandom(), logger: createJsonLogger({ clock, level, service, write }) };
}
