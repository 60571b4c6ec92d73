import { describe, expect, it } from 'vitest';
import type { Candle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { flatCandle, formingCandle, rolledUpCandle } from '#recorded-exchange/forming-candle.ts';

function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`${text} is not a decimal`);
  return value;
}

function candle(
  openTimeMs: number,
  prices: readonly [string, string, string, string],
  volume: string,
  extra: Partial<Candle> = {},
): Candle {
  const [open, high, low, close] = prices;
  return {
    openTimeMs,
    open: decimal(open),
    high: decimal(high),
    low: decimal(low),
    close: decimal(close),
    volume: decimal(volume),
    quoteVolume: null,
    tradeCount: null,
    ...extra,
  };
}

const FINAL = candle(0, ['10', '12', '9', '11'], '0.3333', { quoteVolume: decimal('3.5'), tradeCount: 7 });
const prices = (at: Candle | undefined): unknown => at && [at.open, at.high, at.low, at.close];

describe('formingCandle', () => {
  it('knows the open first, then the high, then the low, then the close', () => {
    expect(prices(formingCandle(FINAL, 14_999, 60_000))).toEqual(['10', '10', '10', '10']);
    expect(prices(formingCandle(FINAL, 15_000, 60_000))).toEqual(['10', '12', '10', '12']);
    expect(prices(formingCandle(FINAL, 30_000, 60_000))).toEqual(['10', '12', '9', '9']);
    expect(prices(formingCandle(FINAL, 45_000, 60_000))).toEqual(['10', '12', '9', '11']);
  });

  it('truncates volumes to the decimals of their final value and counts at least one trade', () => {
    expect(formingCandle(FINAL, 20_000, 60_000)).toMatchObject({ volume: '0.1111', quoteVolume: '1.1', tradeCount: 2 });
    expect(formingCandle(FINAL, 100, 60_000)).toMatchObject({ volume: '0.0005', quoteVolume: '0', tradeCount: 1 });
  });

  it('does not exist while nothing traded', () => {
    expect(formingCandle(FINAL, 0, 60_000)).toBeUndefined();
    expect(formingCandle(FINAL, 10, 60_000)).toBeUndefined();
    expect(formingCandle(candle(0, ['1', '1', '1', '1'], '0'), 59_999, 60_000)).toBeUndefined();
  });

  it('keeps quote volume and count unknown where they were not recorded', () => {
    expect(formingCandle(candle(0, ['1', '1', '1', '1'], '5'), 30_000, 60_000)).toMatchObject({
      volume: '2',
      quoteVolume: null,
      tradeCount: null,
    });
  });
});

describe('rolledUpCandle', () => {
  it('adds up exactly and takes prices from candles with volume alone', () => {
    const parts = [
      candle(60_000, ['99', '99', '99', '99'], '0', { quoteVolume: decimal('0'), tradeCount: 0 }),
      candle(120_000, ['10', '12', '9', '11'], '0.1', { quoteVolume: decimal('1.05'), tradeCount: 3 }),
      candle(180_000, ['11', '11.5', '8', '9'], '0.2', { quoteVolume: decimal('2.1'), tradeCount: 4 }),
      candle(240_000, ['1', '1', '1', '1'], '0', { quoteVolume: decimal('0'), tradeCount: 0 }),
    ];
    expect(rolledUpCandle(0, parts)).toEqual(candle(0, ['10', '12', '8', '9'], '0.3', { quoteVolume: decimal('3.15'), tradeCount: 7 }));
  });

  it('does not exist when nothing traded, and does not know what one part does not know', () => {
    expect(rolledUpCandle(0, [])).toBeUndefined();
    expect(rolledUpCandle(0, [candle(0, ['1', '1', '1', '1'], '0')])).toBeUndefined();
    expect(rolledUpCandle(0, [FINAL, candle(0, ['1', '1', '1', '1'], '1')])).toMatchObject({ quoteVolume: null, tradeCount: null });
  });
});

describe('flatCandle', () => {
  it('repeats a price without volume, and knows as much as the candle that it is like', () => {
    expect(flatCandle(60_000, decimal('5.5'), FINAL)).toEqual(
      candle(60_000, ['5.5', '5.5', '5.5', '5.5'], '0', { quoteVolume: decimal('0'), tradeCount: 0 }),
    );
    expect(flatCandle(0, decimal('5.5'), candle(0, ['1', '1', '1', '1'], '1'))).toMatchObject({ quoteVolume: null, tradeCount: null });
  });
});
