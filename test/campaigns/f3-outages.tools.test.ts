import { expect, test } from 'vitest';
import { createDice } from '../../tools/simulation/dice.ts';
import { simulate } from '../../tools/simulation/simulate.ts';
import { DEFAULTS, PEACE, type GivenOutage, type OutageKind, type Venue } from '../../tools/simulation/workload.ts';
import { BUSY, judgeSilence, playOutage } from './played-outage.ts';

// F3 over days: what is too long for every run of the tests.

const DAYS = 10;
const OUTAGE_MINUTES = 30;
const MINUTES_A_DAY = 1440;
/** Twenty series of one-minute candles; every one of their minutes trades. */
const MARKETS: readonly (readonly [Venue, number])[] = [
  ['binance', 7],
  ['coinbase', 7],
  ['kraken', 6],
];

/** Two a day at times that the dice decide, of the kinds in turn. */
function twoADay(seed: number): readonly GivenOutage[] {
  const dice = createDice(seed);
  const kinds: readonly OutageKind[] = ['ours', 'network', 'store'];
  return Array.from({ length: 2 * DAYS }, (_, i) => {
    const fromMinute = (i * MINUTES_A_DAY) / 2 + dice.between(10, MINUTES_A_DAY / 2 - OUTAGE_MINUTES - 10);
    return { kind: kinds[i % kinds.length]!, fromMinute, untilMinute: fromMinute + OUTAGE_MINUTES };
  });
}

test(
  `F3: two outages of ${OUTAGE_MINUTES} minutes a day over ${DAYS} days and 20 series cost none of 288,000 candles`,
  { timeout: 300_000 },
  async () => {
    const sums = { candles: 0, lost: 0, duplicates: 0, wrong: 0, openAsClosed: 0 };
    for (const [venue, symbols] of MARKETS) {
      const backfilled = 100 * symbols;
      const result = await simulate({
        ...DEFAULTS,
        ...PEACE,
        seed: 11,
        venues: [venue],
        symbols,
        timeframes: ['1m'],
        emptyShare: 0,
        faultyMinutes: DAYS * MINUTES_A_DAY,
        quietMinutes: 1,
        outages: twoADay(11),
      });
      expect(result.violations).toEqual([]);
      expect(result.recoveryTicks).toEqual({ [venue]: 1 });
      sums.candles += result.candles - backfilled;
      sums.lost += result.lost;
      sums.duplicates += result.duplicates;
      sums.wrong += result.wrong;
      sums.openAsClosed += result.openAsClosed;
    }
    expect(sums).toMatchObject({ candles: 288_000, lost: 0, duplicates: 0, wrong: 0, openAsClosed: 0 });
  },
);

test(
  'F3: three days in which the exchanges trade nothing cost no candle, and the ledger says what it was',
  { timeout: 120_000 },
  async () => {
    judgeSilence(await playOutage('silence', 3 * MINUTES_A_DAY, BUSY));
  },
);
