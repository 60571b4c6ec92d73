import { describe, expect, test } from 'vitest';
import { explainSilence, type GapEvidence } from '#domain/candles/gap-reason.ts';

const BUSY = { seen: 300, missing: 0 };
const QUIET = { seen: 300, missing: 90 };

function reasonOf(given: Partial<GapEvidence>): string {
  return explainSilence({ candles: 1, servesEmptyCandles: false, candlesOfOthers: 0, silent: [BUSY], ...given }).reason;
}

describe('at an exchange that sends no row for a minute without trades', () => {
  test.each<[string, Partial<GapEvidence>, string]>([
    ['a minute of a quiet market', { silent: [QUIET] }, 'no_trades'],
    ['a minute of a quiet market while others trade', { silent: [QUIET], candlesOfOthers: 1 }, 'no_trades'],
    ['one minute of a busy market', {}, 'no_trades'],
    ['ten minutes of a quiet market', { candles: 10, silent: [QUIET] }, 'no_trades'],
    ['ten minutes of a busy market, the only one', { candles: 10 }, 'exchange_outage'],
    ['four minutes of three busy markets at once', { candles: 4, silent: [BUSY, BUSY, BUSY] }, 'exchange_outage'],
    ['hours of a quiet market', { candles: 120, silent: [QUIET] }, 'exchange_outage'],
    ['ten minutes of a busy market while others trade', { candles: 10, candlesOfOthers: 8 }, 'unknown'],
    [
      'an outage at whose edge another market still had a row',
      { candles: 20, candlesOfOthers: 2, silent: [BUSY, BUSY] },
      'exchange_outage',
    ],
    ['ten minutes of a market that is not known yet', { candles: 10, silent: [{ seen: 0, missing: 0 }] }, 'no_trades'],
  ])('%s: %s is %s', (_what, given, reason) => {
    expect(reasonOf(given)).toBe(reason);
  });
});

describe('at an exchange that sends a flat row for a minute without trades', () => {
  test('a row that it leaves out in all markets is an outage', () => {
    expect(reasonOf({ servesEmptyCandles: true })).toBe('exchange_outage');
  });

  test('a row that it leaves out in one market has no known reason', () => {
    expect(reasonOf({ servesEmptyCandles: true, candles: 3, candlesOfOthers: 3 })).toBe('unknown');
  });
});

test('silence that chance brings about once in a billion times is none of the market, and one candle less of it is', () => {
  // (0 + 0.5) / (4 + 1): each candle is missing by chance once in ten times.
  const oneInTen = { seen: 4, missing: 0 };
  expect(reasonOf({ candles: 8, silent: [oneInTen] })).toBe('no_trades');
  expect(reasonOf({ candles: 9, silent: [oneInTen] })).toBe('exchange_outage');
});

test('markets that were silent as well say nothing of one that was silent while most traded', () => {
  expect(explainSilence({ candles: 3, servesEmptyCandles: false, candlesOfOthers: 3, silent: [BUSY, BUSY, BUSY] })).toEqual({
    reason: 'no_trades',
    evidence: 'as silent as before (chance 1e-8.3); other series have rows for 3 of 3 candles',
  });
});

test('the evidence says what was seen', () => {
  expect(explainSilence({ candles: 3, servesEmptyCandles: true, candlesOfOthers: 2, silent: [BUSY] }).evidence).toBe(
    'the exchange sends rows without trades too, and sent none; other series have rows for 2 of 3 candles',
  );
  const { evidence } = explainSilence({ candles: 12, servesEmptyCandles: false, candlesOfOthers: 0, silent: [BUSY, BUSY] });
  expect(evidence).toBe('too silent for chance (1e-67, 2 series); no other series has a row there');
});
