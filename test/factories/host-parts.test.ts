import { describe, expect, test } from 'vitest';
import { createHostParts } from '#factories/host-parts.ts';

const START = Date.UTC(2023, 2, 11);

describe('the parts of a host', () => {
  test('have the machine’s time without a replay', () => {
    const before = Date.now();
    const { clock } = createHostParts('sync');
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
    expect(clock.nowMs()).toBeLessThanOrEqual(Date.now());
  });

  test('have the recorded time in a replay, and a log that is stamped with it', async () => {
    const lines: string[] = [];
    const { clock, logger } = createHostParts('sync', {
      replay: { startMs: START, speed: 'max', runsFree: false },
      level: 'warn',
      write: (line) => lines.push(line),
    });
    await clock.sleepUntil(START + 60_000);
    logger.info('is below the level');
    logger.warn('is told', { exchange: 'kraken' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { time: '2023-03-11T00:01:00.000Z', level: 'warn', service: 'sync', event: 'is told', exchange: 'kraken' },
    ]);
  });

  test('have a timer that no replay moves', async () => {
    const { clock, timer } = createHostParts('sync', { replay: { startMs: START, speed: 'max', runsFree: false } });
    const before = timer.monotonicMs();
    await clock.sleepUntil(START + 3_600_000);
    expect(timer.monotonicMs() - before).toBeLessThan(60_000);
  });
});
