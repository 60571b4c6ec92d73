import { expect, test } from 'vitest';
import { NO_CORRECTION_WITHIN_MS } from '../../tools/simulation/simulated-truth.ts';
import { DEFAULTS, PEACE } from '../../tools/simulation/workload.ts';
import { playCorrections } from './corrected-run.ts';

// F17 in full: a virtual day of candles of which one in a hundred is corrected up to 24 hours after its close (Kraken's minutes up to 10.8, the
// last time that it still has them), read again after an hour and after a day, as the platform is shipped. What is counted is told in
// `f17-corrections.test.ts`.

const HOUR = 3_600_000;
const DAY_MINUTES = 1440;
/** The last candle of the day is a day old, its hour's turn has come, and the longer timeframe has had its step. */
const LAST_READING_MINUTES = DAY_MINUTES + 60 + 10;

const A_DAY = {
  ...DEFAULTS,
  ...PEACE,
  seed: 17,
  faultyMinutes: DAY_MINUTES,
  quietMinutes: LAST_READING_MINUTES,
  revisedShare: 0.01,
  revisedWithinHours: 24 - NO_CORRECTION_WITHIN_MS / HOUR,
  revisedMinutes: DAY_MINUTES,
  rereadAfterHours: [1, 24],
};

test.each([
  { times: 'once', revisedTwiceShare: 0 },
  { times: 'once, and half of them twice', revisedTwiceShare: 0.5 },
])(
  'F17: a day of candles, one in a hundred corrected $times up to 24 h later, ends as the exchanges have it, with a row for each revision',
  { timeout: 300_000 },
  async ({ times, revisedTwiceShare }) => {
    const { result, corrections } = await playCorrections({ ...A_DAY, revisedTwiceShare });
    console.log(`F17, ${times}: ${result.candles} candles, ${JSON.stringify(corrections)}, ${result.revisions} rows in the ledger`);
    expect(result).toMatchObject({ lost: 0, outOfReach: 0, duplicates: 0, wrong: 0, openAsClosed: 0, faultCount: 0, violations: [] });
    expect(corrections.afterFirstFetch).toBeGreaterThan(100);
    expect(corrections.latestMs).toBeGreaterThan(23 * HOUR);
    expect(corrections.latestMs).toBeLessThanOrEqual(24 * HOUR);
    // A candle that is corrected once has every correction seen; of two that come between two readings the first is not.
    expect(corrections.overtaken > 0).toBe(revisedTwiceShare > 0);
    expect(result.revisions).toBe(corrections.visible);
  },
);
