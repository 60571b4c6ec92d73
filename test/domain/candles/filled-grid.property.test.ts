import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fillGrid } from '#domain/candles/filled-grid.ts';

const MINUTE = 60_000;

const steps = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 });

test('every stored candle is in the grid exactly once, unchanged, and everything else repeats the close before it', () => {
  fc.assert(
    fc.property(steps, fc.nat(6), (gaps, maxFilledCandles) => {
      let minute = 1000;
      const openTimesMs = Float64Array.from(gaps, (gap) => (minute += gap) * MINUTE);
      const close = openTimesMs.map((time) => Math.sin(time));
      const candles = { openTimesMs, high: close.map((price) => price + 2), low: close.map((price) => price - 1), close };
      const found: number[] = [];
      for (const segment of fillGrid(candles, { timeframeMs: MINUTE, maxFilledCandles })) {
        let run = 0;
        segment.filled.forEach((flag, i) => {
          const price = flag === 1 ? segment.close[i - 1] : close[found.length];
          expect([segment.high[i], segment.low[i], segment.close[i]]).toEqual(
            flag === 1 ? [price, price, price] : [(price ?? NaN) + 2, (price ?? NaN) - 1, price],
          );
          run = flag === 1 ? run + 1 : 0;
          expect(run).toBeLessThanOrEqual(maxFilledCandles);
          if (flag === 0) found.push(segment.openTimeMs + i * MINUTE);
        });
      }
      expect(found).toEqual([...openTimesMs]);
    }),
    { seed: 11, numRuns: 200 },
  );
});
