import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPacer } from '#std/pacer.ts';

/** A clock that jumps to whatever it is asked to wait for; waits are noted. */
function jumpingClock() {
  let timeMs = 1_000_000;
  const waits: number[] = [];
  return {
    nowMs: () => timeMs,
    sleepUntil: async (untilMs: number) => {
      waits.push(untilMs);
      timeMs = Math.max(timeMs, untilMs);
    },
    pass(ms: number) {
      timeMs += ms;
    },
    waits,
  };
}

describe('createPacer', () => {
  test('lets the first call start at once and the next ones an interval apart', async () => {
    const clock = jumpingClock();
    const pacer = createPacer(clock, 100);
    const starts: number[] = [];
    for (let call = 0; call < 4; call++) {
      await pacer.start('a');
      starts.push(clock.nowMs());
    }
    expect(starts).toEqual([1_000_000, 1_000_100, 1_000_200, 1_000_300]);
    expect(clock.waits).toHaveLength(3);
  });

  test('gives each of several callers that ask at once its own turn, in their order', async () => {
    const timeMs = 5_000;
    const due: number[] = [];
    const pacer = createPacer({ nowMs: () => timeMs, sleepUntil: async (untilMs) => void due.push(untilMs) }, 250);
    await Promise.all([pacer.start('a'), pacer.start('a'), pacer.start('a')]);
    expect(due).toEqual([5_250, 5_500]);
  });

  test('does not wait after a rest, and credits no more than one call for it', async () => {
    const clock = jumpingClock();
    const pacer = createPacer(clock, 100);
    await pacer.start('a');
    clock.pass(10_000);
    await pacer.start('a');
    expect(clock.waits).toEqual([]);
    await pacer.start('a');
    expect(clock.waits).toEqual([1_010_100]);
  });

  test('waits only for what is left of the interval', async () => {
    const clock = jumpingClock();
    const pacer = createPacer(clock, 100);
    await pacer.start('a');
    clock.pass(60);
    await pacer.start('a');
    expect(clock.nowMs()).toBe(1_000_100);
  });

  test('paces each key by itself', async () => {
    const clock = jumpingClock();
    const pacer = createPacer(clock, 100);
    await pacer.start('kraken');
    await pacer.start('coinbase');
    expect(clock.waits).toEqual([]);
  });

  test('keeps two starts of a key at least the interval apart, whatever time passes between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 300 }), { maxLength: 30 }), fc.integer({ min: 0, max: 200 }), async (pauses, intervalMs) => {
        const clock = jumpingClock();
        const pacer = createPacer(clock, intervalMs);
        let last = Number.NEGATIVE_INFINITY;
        for (const pause of pauses) {
          clock.pass(pause);
          await pacer.start('a');
          expect(clock.nowMs() - last).toBeGreaterThanOrEqual(intervalMs);
          last = clock.nowMs();
        }
      }),
    );
  });
});
