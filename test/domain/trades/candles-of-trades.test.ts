import { describe, expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import { parseDecimal, ZERO } from '#core/decimal.ts';
import { candleDifferences, candlesOfTrades, rollUpCandles } from '#domain/trades/candles-of-trades.ts';
import { checkedTrade, NOON } from './made-trades.ts';
import { BINANCE, KRAKEN, recordedCandles, recordedTrades } from './recorded-trades.ts';

const MINUTE = 60_000;
const trade = (id: string, price: string, size: string, eventTimeMs = NOON) => checkedTrade({ id, price, size, eventTimeMs }).trade;
const bare = (candles: readonly Candle[]) => candles.map(({ quoteVolume: _quote, tradeCount: _count, ...others }) => others);

describe('candles of trades', () => {
  test('open with the lowest id and close with the highest, and add volumes exactly', () => {
    const trades = [
      trade('1', '10', '0.1'),
      trade('2', '12', '0.2', NOON + 59_999),
      trade('3', '9.5', '0.000000000000000001'),
      trade('4', '11', '7'),
    ];
    expect(candlesOfTrades(trades, MINUTE)).toEqual([
      {
        openTimeMs: NOON,
        open: '10',
        high: '12',
        low: '9.5',
        close: '11',
        volume: '7.300000000000000001',
        quoteVolume: null,
        tradeCount: 4,
      },
    ]);
  });

  test('leave out times without a trade, and come oldest first even when ids and times disagree', () => {
    const trades = [trade('1', '10', '1', NOON + 3 * MINUTE), trade('2', '11', '1', NOON)];
    expect(candlesOfTrades(trades, MINUTE).map(({ openTimeMs, open }) => [openTimeMs - NOON, open])).toEqual([
      [0, '11'],
      [3 * MINUTE, '10'],
    ]);
    expect(candlesOfTrades([], MINUTE)).toEqual([]);
  });

  test.each([
    ['Kraken', KRAKEN],
    ['Binance', BINANCE],
  ])('of the recorded trades of %s are the recorded candles, volumes included', (_name, market) => {
    const candles = candlesOfTrades(
      recordedTrades(market).map((one) => one.trade),
      MINUTE,
    );
    expect(candles.length).toBeGreaterThan(200);
    expect(bare(candles)).toEqual(recordedCandles(market, '1m'));
  });

  test.each([
    ['5m', 5 * MINUTE],
    ['1h', 60 * MINUTE],
  ] as const)('rolled up to %s are the recorded ones, and those of the trades themselves', (timeframe, timeframeMs) => {
    const trades = recordedTrades(KRAKEN).map((one) => one.trade);
    const rolledUp = rollUpCandles(candlesOfTrades(trades, MINUTE), timeframeMs);
    expect(bare(rolledUp)).toEqual(recordedCandles(KRAKEN, timeframe));
    expect(rolledUp).toEqual(candlesOfTrades(trades, timeframeMs));
  });

  test('without a count roll up to a count of what is known', () => {
    const [candle] = candlesOfTrades([trade('1', '10', '1')], MINUTE);
    expect(rollUpCandles(candle === undefined ? [] : [{ ...candle, tradeCount: null }], 5 * MINUTE)[0]?.tradeCount).toBe(0);
  });
});

describe('differences', () => {
  const candles = candlesOfTrades([trade('1', '10', '1'), trade('2', '11', '2', NOON + MINUTE)], MINUTE);
  const [first, second] = candles;
  if (first === undefined || second === undefined) throw new Error('two candles were made');

  test('are none between equal candles, whatever else is known of them', () => {
    expect(candleDifferences(candles, [{ ...first, quoteVolume: ZERO, tradeCount: null }, second])).toEqual([]);
  });

  test('name time, field and both values', () => {
    const other = parseDecimal('10.5');
    if (other === undefined) throw new Error('a decimal');
    expect(candleDifferences(candles, [{ ...first, high: other, volume: other }, second])).toEqual([
      { openTimeMs: NOON, field: 'high', rebuilt: '10', stored: '10.5' },
      { openTimeMs: NOON, field: 'volume', rebuilt: '1', stored: '10.5' },
    ]);
  });

  test('name candles that one side lacks, oldest first', () => {
    const third = { ...first, openTimeMs: NOON - MINUTE };
    expect(candleDifferences([first], [third, second])).toEqual([
      { openTimeMs: NOON - MINUTE, field: null, rebuilt: null, stored: '10' },
      { openTimeMs: NOON, field: null, rebuilt: '10', stored: null },
      { openTimeMs: NOON + MINUTE, field: null, rebuilt: null, stored: '11' },
    ]);
  });

  test('are none where the exchange sent a row without volume and nothing was traded', () => {
    expect(candleDifferences([first], [first, { ...second, volume: ZERO }])).toEqual([]);
  });
});
