import type { Clock } from '#core/ports/clock.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createJsonLogger } from '#providers/system/json-logger.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';

/** What a REST client needs besides an exchange: nothing of it is made up, and the log is kept for looking at. */
export function restParts(clock: Clock) {
  const lines: string[] = [];
  return {
    clock,
    timer: createSystemTimer(),
    random: { next: () => 0.5 },
    cache: createMemoryCache(clock),
    logger: createJsonLogger({ clock, level: 'debug', service: 'test', write: (line) => lines.push(line) }),
    environment: {},
    /** Lines of the log, as JSON. */
    lines,
  };
}
