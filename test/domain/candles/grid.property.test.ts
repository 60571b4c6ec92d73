import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { floorToGrid, holesOf } from '#domain/candles/grid.ts';

const lengths = fc.constantFrom(...Object.values(TIMEFRAME_MS));

test('flooring gives the one boundary within a timeframe before the time', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 44 }), lengths, (timeMs, length) => {
      const floor = floorToGrid(timeMs, length);
      expect(Math.abs(floor % length)).toBe(0);
      expect(timeMs - floor).toBeGreaterThanOrEqual(0);
      expect(timeMs - floor).toBeLessThan(length);
      expect(floorToGrid(floor, length)).toBe(floor);
    }),
  );
});

describe('holes', () => {
  const grid = fc.record({
    length: lengths,
    first: fc.integer({ min: 0, max: 1000 }),
    present: fc.array(fc.boolean(), { maxLength: 60 }),
  });

  test('and stored candles partition the grid: each open time is in exactly one of them', () => {
    fc.assert(
      fc.property(grid, ({ length, first, present }) => {
        const fromMs = first * length;
        const untilMs = fromMs + present.length * length;
        const stored = new Set(present.flatMap((there, at) => (there ? [fromMs + at * length] : [])));
        const missing = holesOf(stored, fromMs, untilMs, length).flatMap(({ firstMs, candles }) =>
          Array.from({ length: candles }, (_, at) => firstMs + at * length),
        );
        const together = [...stored, ...missing].sort((a, b) => a - b);
        expect(together).toEqual(present.map((_, at) => fromMs + at * length));
      }),
    );
  });

  test('are as long as they can be, in order, and count what they span', () => {
    fc.assert(
      fc.property(grid, ({ length, first, present }) => {
        const fromMs = first * length;
        const stored = new Set(present.flatMap((there, at) => (there ? [fromMs + at * length] : [])));
        let endMs = Number.NEGATIVE_INFINITY;
        for (const hole of holesOf(stored, fromMs, fromMs + present.length * length, length)) {
          expect(hole.firstMs).toBeGreaterThan(endMs + length);
          expect(hole.candles).toBe((hole.lastMs - hole.firstMs) / length + 1);
          endMs = hole.lastMs;
        }
      }),
    );
  });
});
