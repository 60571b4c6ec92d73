import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { planFetch, recheckFromMs, type FetchInput, type FetchSettings } from '#domain/candles/fetch-plan.ts';
import { floorToGrid } from '#domain/candles/grid.ts';

const settings: fc.Arbitrary<FetchSettings> = fc.record({
  backfillLimit: fc.integer({ min: 100, max: 400 }),
  latestCandles: fc.integer({ min: 5, max: 30 }),
  recheckCandles: fc.integer({ min: 5, max: 60 }),
});

/** A series of which some candles are stored, as the use case reads it: the open times of the window, first and newest of all. */
const cases = fc
  .record({
    rules: settings,
    timeframeMs: fc.constantFrom(...Object.values(TIMEFRAME_MS)),
    tick: fc.integer({ min: 5000, max: 6000 }),
    offsetMs: fc.nat({ max: 59_999 }),
    // How many candles back each stored one lies.
    back: fc.array(fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 2000 })), { minLength: 1, maxLength: 80 }),
  })
  .map(({ rules, timeframeMs, tick, offsetMs, back }) => {
    const untilMs = tick * timeframeMs;
    const all = back.map((candles) => untilMs - candles * timeframeMs);
    const tickMs = untilMs + offsetMs;
    const stored = new Set(all.filter((timeMs) => timeMs >= recheckFromMs(tickMs, timeframeMs, rules)));
    const input = { tickMs, timeframeMs, stored, firstMs: Math.min(...all), newestMs: Math.max(...all) } satisfies FetchInput;
    const windowFromMs = Math.max(input.firstMs, recheckFromMs(tickMs, timeframeMs, rules));
    return { rules, input, windowFromMs, plan: planFetch(input, rules) };
  });

describe('a plan for a series with candles', () => {
  test('ends with the newest closed candle, on the grid, and asks for something', () => {
    fc.assert(
      fc.property(cases, ({ input, plan }) => {
        expect(plan.untilMs).toBe(floorToGrid(input.tickMs, input.timeframeMs));
        expect(plan.fromMs % input.timeframeMs).toBe(0);
        expect(plan.fromMs).toBeLessThan(plan.untilMs);
        expect(plan.isBackfill).toBe(false);
      }),
    );
  });

  test('always covers the newest candles', () => {
    fc.assert(
      fc.property(cases, ({ rules, input, plan }) => {
        expect(plan.fromMs).toBeLessThanOrEqual(plan.untilMs - rules.latestCandles * input.timeframeMs);
      }),
    );
  });

  test('covers every missing candle behind the newest one, so that no outage of ours leaves a hole', () => {
    fc.assert(
      fc.property(cases, ({ input, plan }) => {
        expect(plan.fromMs).toBeLessThanOrEqual(input.newestMs + input.timeframeMs);
      }),
    );
  });

  test('covers every missing candle of the window behind the first of the series', () => {
    fc.assert(
      fc.property(cases, ({ input, windowFromMs, plan }) => {
        // Where the series stopped before the window, it goes on behind its newest candle, which is earlier still.
        for (let timeMs = windowFromMs; timeMs < plan.fromMs; timeMs += input.timeframeMs) expect(input.stored.has(timeMs)).toBe(true);
      }),
    );
  });

  test('begins at a missing candle or at the newest ones, and nowhere before the first missing', () => {
    fc.assert(
      fc.property(cases, ({ rules, input, windowFromMs, plan }) => {
        const isLatest = plan.fromMs === plan.untilMs - rules.latestCandles * input.timeframeMs;
        expect(isLatest || !input.stored.has(plan.fromMs)).toBe(true);
        if (!isLatest) expect(plan.fromMs).toBeGreaterThanOrEqual(Math.min(windowFromMs, input.newestMs + input.timeframeMs));
      }),
    );
  });

  test('leaves nothing but the newest to ask for once its candles have come', () => {
    fc.assert(
      fc.property(cases, ({ rules, input, plan }) => {
        const stored = new Set(input.stored);
        for (let timeMs = plan.fromMs; timeMs < plan.untilMs; timeMs += input.timeframeMs) stored.add(timeMs);
        const next = planFetch(
          { ...input, stored, firstMs: Math.min(input.firstMs, plan.fromMs), newestMs: plan.untilMs - input.timeframeMs },
          rules,
        );
        expect(next.fromMs).toBe(next.untilMs - rules.latestCandles * input.timeframeMs);
      }),
    );
  });
});

test('a plan for a series without candles asks for the backfill', () => {
  fc.assert(
    fc.property(settings, fc.integer({ min: 1e12, max: 2e12 }), (rules, tickMs) => {
      const plan = planFetch({ tickMs, timeframeMs: 60_000, stored: new Set(), firstMs: null, newestMs: null }, rules);
      expect(plan).toEqual({ fromMs: plan.untilMs - rules.backfillLimit * 60_000, untilMs: floorToGrid(tickMs, 60_000), isBackfill: true });
    }),
  );
});
