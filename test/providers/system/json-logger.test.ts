import { describe, expect, test } from 'vitest';
import type { Clock } from '#core/ports/clock.ts';
import { createJsonLogger, LOG_LEVELS, type LogLevel } from '#providers/system/json-logger.ts';

const clock: Clock = { nowMs: () => Date.UTC(2023, 2, 11, 3, 27), sleepUntil: async () => {} };

function logger(level: LogLevel = 'debug') {
  const lines: string[] = [];
  return {
    log: createJsonLogger({ clock, level, service: 'sync', write: (line) => lines.push(line) }),
    lines,
    parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('the log', () => {
  test('is one JSON object a line: time, level, service, event, then the facts', () => {
    const { log, lines } = logger();
    log.info('synced', { exchange: 'kraken', stored: 3 });
    expect(lines).toEqual([
      '{"time":"2023-03-11T03:27:00.000Z","level":"info","service":"sync","event":"synced","exchange":"kraken","stored":3}',
    ]);
  });

  test.each(LOG_LEVELS)('of level %s leaves out what is below', (level) => {
    const { log, parsed } = logger(level);
    for (const each of LOG_LEVELS) log[each](`told as ${each}`);
    expect(parsed().map((line) => line['level'])).toEqual(LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)));
  });

  test('writes large integers whole and errors as name and message', () => {
    const { log, parsed } = logger();
    log.error('failed', { version: 2n ** 63n, error: new RangeError('too far', { cause: 'secret' }) });
    expect(parsed()[0]).toMatchObject({ version: '9223372036854775808', error: { name: 'RangeError', message: 'too far' } });
    expect(JSON.stringify(parsed())).not.toContain('secret');
  });

  test('cannot be broken into two lines or a forged one', () => {
    const { log, lines, parsed } = logger();
    log.warn('a row was refused', { row: '\n{"level":"error"}\r\u0007"' });
    expect([...(lines[0] ?? '')].filter((character) => character < ' ')).toEqual([]);
    expect(parsed()[0]).toMatchObject({ level: 'warn', row: '\n{"level":"error"}\r\u0007"' });
  });

  test('cuts a line that is too long, and stays JSON', () => {
    const { log, lines, parsed } = logger();
    log.info('much', { text: '"'.repeat(100_000) });
    expect(lines[0]?.length).toBeLessThan(16_000);
    expect(parsed()[0]).toMatchObject({ event: 'much', truncated: expect.stringContaining('"event":"much"') });
  });
});
