import { describe, expect, test } from 'vitest';
import { StoreError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import { createMigrateHandler } from '#lambdas/migrate/handler.ts';
import { keepingLogger, START } from '../queue-event.ts';

/** A store that fails as often as it is told to, before a clock that jumps. */
function world(failures: readonly Error[], names: readonly string[] = ['0001-a.sql']) {
  let nowMs = START;
  const clock: Clock = {
    nowMs: () => nowMs,
    sleepUntil: async (timeMs) => {
      nowMs = timeMs;
    },
  };
  const left = [...failures];
  const pending = [...names];
  let calls = 0;
  const db = {
    async migrate() {
      calls++;
      const failure = left.shift();
      if (failure !== undefined) throw failure;
      return pending.splice(0);
    },
  };
  const handle = createMigrateHandler(async () => ({ db, clock, logger: keepingLogger() }));
  return { run: () => handle({}), calls: () => calls, waitedMs: () => nowMs - START };
}

const away = () => new StoreError('connection refused', { retryable: true });

describe('the migrate function', () => {
  test('applies what is missing, and nothing the second time', async () => {
    const { run } = world([], ['0001-a.sql', '0002-b.sql']);
    expect(await run()).toEqual({ applied: ['0001-a.sql', '0002-b.sql'] });
    expect(await run()).toEqual({ applied: [] });
  });

  test('waits for a store that is not there yet', async () => {
    const { run, calls, waitedMs } = world([away(), away(), away()]);
    expect(await run()).toEqual({ applied: ['0001-a.sql'] });
    expect([calls(), waitedMs()]).toEqual([4, 30_000]);
  });

  test('gives up after ten minutes, so that a deploy ends', async () => {
    const { run, waitedMs } = world(Array.from({ length: 1000 }, away));
    await expect(run()).rejects.toThrow('connection refused');
    expect(waitedMs()).toBe(600_000);
  });

  test('does not wait for a store that refuses', async () => {
    const { run, calls } = world([new StoreError('migration "0001-a.sql" was changed', { retryable: false })]);
    await expect(run()).rejects.toThrow('was changed');
    expect(calls()).toBe(1);
  });
});
