import { expect, test } from 'vitest';
import { explainGap, type SeriesPresence } from '#domain/candles/explain-gap.ts';

const MINUTE_MS = 60_000;
const CONTEXT = { timeframeMs: MINUTE_MS, pastCandles: 300, servesEmptyCandles: false };
const GAP = { fromMs: 1000 * MINUTE_MS, untilMs: 1010 * MINUTE_MS };

/** A series that is known from a minute on, and has every `of`-th candle outside of the gap. */
function series(of: number, facts: { readonly knownFrom?: number; readonly tradesInGap?: boolean } = {}): SeriesPresence {
  const { knownFrom = 0, tradesInGap = false } = facts;
  const isInGap = (timeMs: number): boolean => timeMs >= GAP.fromMs && timeMs < GAP.untilMs;
  return {
    knownFromMs: knownFrom * MINUTE_MS,
    has: (timeMs) => timeMs >= knownFrom * MINUTE_MS && (isInGap(timeMs) ? tradesInGap : (timeMs / MINUTE_MS) % of === 0),
  };
}

test('a market that is silent as often as this had no trades', () => {
  expect(explainGap(GAP, series(3), [], CONTEXT)).toMatchObject({ reason: 'no_trades' });
});

test('a market that is never silent, alone or with all others, was left out by the exchange', () => {
  expect(explainGap(GAP, series(1), [], CONTEXT)).toMatchObject({ reason: 'exchange_outage' });
  expect(explainGap(GAP, series(1), [series(1, { tradesInGap: true })], CONTEXT)).toMatchObject({ reason: 'unknown' });
});

test('silent markets speak together, and those of which nothing is known do not speak', () => {
  const thin = series(2, { knownFrom: 700 });
  expect(explainGap(GAP, thin, [], CONTEXT).evidence).toBe('as silent as before (chance 1e-3.0); no other series has a row there');
  expect(explainGap(GAP, thin, [series(2), series(2), series(2)], CONTEXT).reason).toBe('exchange_outage');
  const unknown = [1, 2, 3].map(() => series(2, { knownFrom: 1000 }));
  expect(explainGap(GAP, thin, unknown, CONTEXT)).toEqual(explainGap(GAP, thin, [], CONTEXT));
});

test('a market that traded while another was silent does not speak for its silence, and speaks against an outage', () => {
  const thin = series(2, { knownFrom: 700 });
  const busy = series(2, { tradesInGap: true });
  expect(explainGap(GAP, thin, [busy, series(2)], CONTEXT).evidence).toBe(
    'as silent as before (chance 1e-3.0); other series have rows for 10 of 10 candles',
  );
  const half: SeriesPresence = { knownFromMs: 0, has: (timeMs) => timeMs < GAP.fromMs || timeMs === GAP.fromMs + MINUTE_MS };
  expect(explainGap(GAP, series(1), [half, series(1)], CONTEXT)).toEqual({
    reason: 'exchange_outage',
    evidence: 'too silent for chance (1e-56, 2 series); other series have rows for 1 of 10 candles',
  });
});

test('only so much of the past counts', () => {
  const quietLately: SeriesPresence = { knownFromMs: 0, has: (timeMs) => timeMs < 500 * MINUTE_MS };
  expect(explainGap(GAP, quietLately, [], CONTEXT)).toMatchObject({ reason: 'no_trades' });
  expect(explainGap(GAP, quietLately, [], { ...CONTEXT, pastCandles: 100_000 }).evidence).not.toBe(
    explainGap(GAP, quietLately, [], CONTEXT).evidence,
  );
});

test('a gap may be longer than any array', () => {
  const endless = { fromMs: GAP.fromMs, untilMs: GAP.fromMs + 2 ** 33 * MINUTE_MS };
  expect(explainGap(endless, series(1), [], CONTEXT)).toMatchObject({ reason: 'exchange_outage' });
});
