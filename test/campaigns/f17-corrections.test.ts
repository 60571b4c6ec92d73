import { expect, test } from 'vitest';
import { candleVersion } from '#domain/candles/version.ts';
import { DEFAULTS, PEACE, type Sabotage } from '../../tools/simulation/workload.ts';
import { playCorrections } from './corrected-run.ts';

// F17: exchanges correct candles after they were stored, and nothing else happens. A whole day of it is in `f17-corrections.tools.test.ts`.
//
// What is counted: a correction that comes after a candle was first fetched is one row of the ledger, at the first reading behind it. Of two
// corrections of a candle with no reading between them the first one was never to be seen, and has no row.

const OPTIONS = { ...DEFAULTS, ...PEACE, seed: 17, revisedShare: 0.02, revisedMinutes: DEFAULTS.faultyMinutes };

test('F17: of candles of which every fiftieth is corrected later, the store has the last figures, and the ledger each of those before', async () => {
  const { result, corrections } = await playCorrections(OPTIONS);
  console.log(`F17: ${JSON.stringify(corrections)}, ${result.revisions} rows in the ledger`);
  expect(result).toMatchObject({ lost: 0, duplicates: 0, wrong: 0, violations: [] });
  expect(corrections).toMatchObject({ overtaken: 0 });
  expect(corrections.visible).toBeGreaterThan(50);
  expect(result.revisions).toBe(corrections.visible);
}, 60_000);

const REVISED = candleVersion({ finality: 'revised', sourceRank: 0, fetchedAtMs: 0, sequence: 0 });

/** Keeps what a candle was when it came, and forgets what it was between two corrections. */
const forgetful: Sabotage = {
  ports: (ports) => ({
    ...ports,
    db: {
      ...ports.db,
      insertCandleRevisions: (revisions) =>
        ports.db.insertCandleRevisions(revisions.filter(({ before }) => before === null || before.version < REVISED)),
    },
  }),
};

test('F17: a ledger that has lost the second of two revisions is seen, though it has the first', async () => {
  const twice = { ...OPTIONS, revisedTwiceShare: 1 };
  const whole = await playCorrections(twice);
  expect(whole.result.violations).toEqual([]);
  expect(whole.result.revisions).toBe(whole.corrections.visible);
  const { result, corrections } = await playCorrections({ ...twice, sabotage: forgetful });
  expect(result.revisions).toBeLessThan(corrections.visible);
  expect([...new Set(result.violations.map(({ invariant }) => invariant))]).toEqual([
    'what a candle was before is in the ledger of revisions',
  ]);
}, 60_000);
