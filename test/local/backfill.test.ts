import { expect, test } from 'vitest';
import { progressText, reportLines } from '#local/backfill.ts';
import type { BackfillReport } from '#usecases/backfill-types.ts';
import { BTC } from '../usecases/sync-world.ts';

const REPORT: BackfillReport = {
  series: { exchange: 'kraken', symbol: BTC, timeframe: '1m' },
  candles: 1500,
  requests: 5,
  stored: 1000,
  fromTrades: 0,
  changed: 2,
  alreadyThere: 300,
  refused: 0,
  present: 1300,
  explained: { no_trades: 199 },
  missing: 1,
  firstMissingMs: Date.UTC(2023, 2, 11),
  failure: null,
  isStopped: false,
};

test('progress says how far it is, how fast, and how long it still takes', () => {
  expect(progressText({ done: 1200, total: 4800, requests: 4, stored: 0 }, 3000)).toBe(
    '1,200 of 4,800 candles (25%), 4 requests, 400/s, 9 s left',
  );
  expect(progressText({ done: 0, total: 10, requests: 0, stored: 0 }, 0)).toBe('0 of 10 candles (0%), 0 requests, 0/s, time left unknown');
});

test('the report adds up, and says why candles are missing', () => {
  expect(reportLines(REPORT)).toEqual([
    '1,500 candles wanted: 1,300 are stored, 199 explained, 1 missing, the first at 2023-03-11T00:00:00Z',
    '1,000 stored now, 300 already there, 2 changed, 0 rows refused, 5 requests',
    'explained in the ledger of gaps:',
    '  no_trades        199',
    'The exchange did not send them, and no candle of it lies on both sides: its history may begin or end there.',
  ]);
});

test('a run that ended early says so, and how to go on', () => {
  const failure = { code: 'TIMEOUT', message: 'no answer in 8 s' };
  expect(reportLines({ ...REPORT, failure }).at(-1)).toBe('ended early by TIMEOUT: no answer in 8 s; run it again to go on');
  expect(reportLines({ ...REPORT, isStopped: true }).at(-1)).toBe('stopped; run it again to go on');
});
