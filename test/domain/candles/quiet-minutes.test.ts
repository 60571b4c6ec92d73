import { expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { quietMinutes } from '#domain/candles/quiet-minutes.ts';

const START = Date.UTC(2023, 2, 11);
const MINUTE = 60_000;

const gap = (given: Partial<CandleGap> = {}): CandleGap => ({
  series: { exchange: 'coinbase', symbol: 'BTC/USD' as MarketSymbol, timeframe: '1m' },
  fromMs: START,
  untilMs: START + 2 * MINUTE,
  reason: 'no_trades',
  evidence: '',
  state: 'explained',
  attempts: 2,
  nextTryMs: null,
  detectedAtMs: START,
  resolvedAtMs: null,
  resolvedBy: '',
  updatedAtMs: START,
  ...given,
});

test('every minute of an explained silence is quiet', () => {
  expect([...quietMinutes([gap(), gap({ fromMs: START + 5 * MINUTE, untilMs: START + 6 * MINUTE })])]).toEqual([
    START,
    START + MINUTE,
    START + 5 * MINUTE,
  ]);
});

test.each<[string, Partial<CandleGap>]>([
  ['with another reason', { reason: 'exchange_outage' }],
  ['that is still open', { state: 'open' }],
  ['of longer candles', { series: { exchange: 'coinbase', symbol: 'BTC/USD' as MarketSymbol, timeframe: '5m' } }],
])('a gap %s makes no minute quiet', (_which, given) => {
  expect([...quietMinutes([gap(given)])]).toEqual([]);
});
