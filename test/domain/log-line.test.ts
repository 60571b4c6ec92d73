import { describe, expect, test } from 'vitest';
import type { ServiceLine } from '#core/service-line.ts';
import { isWanted, parseServiceLine } from '#domain/log-line.ts';

const AT = Date.parse('2026-11-22T10:00:05Z');

describe('a line of a service’s log', () => {
  test('is our own JSON, with what it says beside the head', () => {
    const text =
      '{"time":"2026-11-22T10:00:03.250Z","level":"info","service":"sync","event":"synced","exchange":"kraken","tick":"2026-11-22T10:00:00.000Z","stored":5}';
    expect(parseServiceLine(text, 'other', AT)).toEqual({
      timeMs: Date.parse('2026-11-22T10:00:03.250Z'),
      level: 'info',
      service: 'sync',
      event: 'synced',
      exchange: 'kraken',
      facts: { tick: '2026-11-22T10:00:00.000Z', stored: 5 },
    });
  });

  test('is of the service in whose log it stood, and of no exchange, where it names none in words', () => {
    const head = '"time":"2026-11-22T10:00:03Z","level":"warn","event":"slow"';
    for (const text of [`{${head}}`, `{${head},"service":7,"exchange":["kraken"]}`])
      expect(parseServiceLine(text, 'archive', AT)).toMatchObject({ service: 'archive', exchange: null, level: 'warn', event: 'slow' });
  });

  test.each([
    'Error: Cannot find module',
    '{"timestamp":"2026-11-22T10:00:03Z","level":"ERROR","errorMessage":"out of memory"}',
    '{"level":"info","event":"no time"}',
    '{broken',
    'null',
    '7',
    '{"time":"2026-11-22T10:00:03Z","level":"loud","event":"synced"}',
    '{"time":"2026-11-22T10:00:03Z","level":"info","event":7}',
    '{"time":1795341603000,"level":"info","event":"synced"}',
  ])('that is not ours is an error of that service, as it stands: %s', (text) => {
    expect(parseServiceLine(text, 'sync', AT)).toEqual({
      timeMs: AT,
      level: 'error',
      service: 'sync',
      event: text,
      exchange: null,
      facts: {},
    });
  });

  test.each([
    '',
    '  \n',
    'START RequestId: 1 Version: $LATEST',
    'END RequestId: 1',
    'REPORT RequestId: 1\tDuration: 3 ms',
    '{"time":"2026-11-22T10:00:03Z","type":"platform.report","record":{}}',
    '(node:18982) [DEP0169] DeprecationWarning: `url.parse()` behavior is not standardized',
    '(Use `node --trace-deprecation ...` to show where the warning was created)',
  ])('of the platform about itself is none: "%s"', (text) => {
    expect(parseServiceLine(text, 'sync', AT)).toBeNull();
  });
});

describe('a filter', () => {
  const line = { timeMs: AT, level: 'warn', service: 'sync', event: 'x', exchange: 'kraken', facts: {} } as const satisfies ServiceLine;

  test.each([
    ['debug', null, true],
    ['warn', 'kraken', true],
    ['error', null, false],
    ['info', 'coinbase', false],
  ] as const)('of level %s and exchange %s: %s', (level, exchange, wanted) => {
    expect(isWanted(line, { level, exchange })).toBe(wanted);
  });

  test('by exchange leaves out what is about none', () => {
    expect(isWanted({ ...line, exchange: null }, { level: 'debug', exchange: 'kraken' })).toBe(false);
  });
});
