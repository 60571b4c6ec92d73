import { expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import type { Decimal } from '#core/decimal.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import { auditWitness } from '#domain/audit/audit-witness.ts';

const OPEN = Date.UTC(2023, 2, 11);
const series = { exchange: 'kraken', symbol: parseMarketSymbol('BTC/USD') as MarketSymbol, timeframe: '1m' } as const;
const figures = { open: '10' as Decimal, high: '12' as Decimal, low: '9' as Decimal, close: '11' as Decimal, volume: '1.5' as Decimal };
const candle: Candle = { openTimeMs: OPEN, ...figures, quoteVolume: null, tradeCount: 3 };

const minute = (given: Partial<TradeMinute> = {}): TradeMinute => ({
  exchange: 'kraken',
  symbol: series.symbol,
  openTimeMs: OPEN,
  firstId: 1n,
  lastId: 3n,
  tradeCount: 3,
  ...figures,
  isComplete: true,
  isSynthetic: false,
  updatedAtMs: OPEN,
  ...given,
});

test('a candle that its trades give has no finding', () => {
  expect(auditWitness(series, [candle], [minute()])).toEqual([]);
});

test('a candle that its trades do not give is a finding with both values', () => {
  expect(auditWitness(series, [candle], [minute({ high: '12.5' as Decimal })])).toEqual([
    { check: 'witness', series, openTimeMs: OPEN, message: 'high 12, its 3 trades say 12.5' },
  ]);
});

test.each<[string, Partial<TradeMinute>]>([
  ['of which trades are missing', { isComplete: false }],
  ['whose trades were made up from the candle', { isSynthetic: true }],
  ['without a candle', { openTimeMs: OPEN + 60_000 }],
])('a minute %s proves nothing', (_which, given) => {
  expect(auditWitness(series, [candle], [minute({ volume: '2' as Decimal, ...given })])).toEqual([]);
});
