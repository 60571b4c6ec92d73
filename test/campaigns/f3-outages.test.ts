import { expect, test } from 'vitest';
import { BUSY, judgeSilence, playOutage } from './played-outage.ts';

// F3: outages of five minutes to three days, of ours, of the way to the exchange, and of the exchange itself; nothing else happens.

const VENUES = ['binance', 'coinbase', 'kraken'] as const;
const HOUR = 60;
const LENGTHS = {
  'five minutes': 5,
  'an hour': HOUR,
  'five hours': 5 * HOUR,
  'twelve hours': 12 * HOUR,
  'thirteen hours': 13 * HOUR,
  'three days': 72 * HOUR,
};
/** Kraken keeps 720 candles of each timeframe. */
const KEPT = 720;

/** How many ticks may be needed until everything is there that can be had. */
function mostTicks(minutes: number): number {
  if (minutes <= 5 * HOUR) return 1;
  return minutes <= 12 * HOUR ? 3 : Math.floor((10 * minutes) / (24 * HOUR));
}

const CASES = Object.entries(LENGTHS).flatMap(([length, minutes]) =>
  (['ours', 'network', 'store'] as const).map((kind) => ({ kind, length, minutes })),
);

test.each(CASES)('F3: $length of outage ($kind) cost no candle that can be had, and are told', async ({ kind, length, minutes }) => {
  const result = await playOutage(kind, minutes);
  console.log(`F3: ${length} (${kind}): ticks until all was there ${JSON.stringify(result.recoveryTicks)}, at most ${mostTicks(minutes)}`);
  expect(result).toMatchObject({ lost: 0, duplicates: 0, wrong: 0, openAsClosed: 0, violations: [] });
  for (const venue of VENUES) expect(result.recoveryTicks[venue], venue).toBeLessThanOrEqual(mostTicks(minutes));
  // Of each of two markets Kraken has dropped what is older; the candle that had closed at the last tick before was there.
  const gone = 2 * (Math.max(0, minutes + 1 - KEPT) + Math.max(0, minutes / 5 + 1 - KEPT));
  expect(result.outOfReach).toBe(gone);
  expect((result.situations['gap: retention_lost'] ?? 0) > 0).toBe(gone > 0);
});

test.each(Object.entries(LENGTHS).filter(([, minutes]) => minutes < 24 * HOUR))(
  'F3: %s in which the exchanges trade nothing cost no candle, and the ledger says what it was',
  async (_length, minutes) => {
    judgeSilence(await playOutage('silence', minutes, BUSY));
  },
);
