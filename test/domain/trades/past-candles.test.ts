import { describe, expect, test } from 'vitest';
import type { Trade } from '#core/trade.ts';
import { pastCandles, skippedIds } from '#domain/trades/past-candles.ts';
import { decimal, MINUTE, START } from '../../usecases/fake-exchange.ts';
import { BTC } from '../../usecases/sync-world.ts';

function trade(id: number, minute: number, price = 10, size = '0.00000001'): Trade {
  const eventTimeMs = START + minute * MINUTE;
  return {
    exchange: 'kraken',
    symbol: BTC,
    id: String(id),
    price: decimal(price),
    size: decimal(size),
    side: 'buy',
    eventTimeMs,
    receivedAtMs: eventTimeMs,
  };
}

const at = (minute: number): number => START + minute * MINUTE;
const numbers = (times: readonly number[]): readonly number[] => times.map((timeMs) => (timeMs - START) / MINUTE);

function told(trades: readonly Trade[], wanted: readonly number[], timeframeMs = MINUTE) {
  const { candles, emptyMs, brokenMs, untoldMs } = pastCandles(trades, wanted.map(at), timeframeMs);
  return {
    candles: numbers(candles.map(({ openTimeMs }) => openTimeMs)),
    empty: numbers(emptyMs),
    broken: numbers(brokenMs),
    untold: numbers(untoldMs),
  };
}

test('minutes whose trades are all there become candles, the others are empty', () => {
  const trades = [trade(1, -0.5), trade(2, 0), trade(3, 0.9), trade(4, 2.5), trade(5, 4)];
  expect(told(trades, [0, 1, 2, 3])).toEqual({ candles: [0, 2], empty: [1, 3], broken: [], untold: [] });
});

test('a candle has the prices in the order of ids, and the exact sum of eight decimals', () => {
  const trades = [trade(1, -1), trade(2, 0.1, 12, '0.00000001'), trade(3, 0.1, 9, '0.1'), trade(4, 0.2, 11, '0.2'), trade(5, 2)];
  expect(pastCandles(trades, [at(0)], MINUTE).candles).toEqual([
    { openTimeMs: at(0), open: '12', high: '12', low: '9', close: '11', volume: '0.30000001', quoteVolume: null, tradeCount: 3 },
  ]);
});

test('longer candles are the roll-up of the minutes', () => {
  const trades = [trade(1, -1), trade(2, 0.5, 10, '1'), trade(3, 4.5, 20, '2'), trade(4, 6, 5, '4'), trade(5, 10, 7, '8')];
  expect(pastCandles(trades, [at(0), at(5)], 5 * MINUTE).candles).toMatchObject([
    { openTimeMs: at(0), open: '10', close: '20', volume: '3', tradeCount: 2 },
    { openTimeMs: at(5), open: '5', close: '5', volume: '4', tradeCount: 1 },
  ]);
});

describe('where ids are skipped', () => {
  const trades = [trade(1, -1), trade(2, 0.5), trade(4, 2.5), trade(5, 3.5), trade(6, 5)];

  test('they are named with the trades around them', () => {
    expect(skippedIds(trades)).toEqual([{ firstId: 3n, lastId: 3n, fromMs: at(0.5), toMs: at(2.5) }]);
  });

  test('no candle is made that may lack one of them, and none is called empty', () => {
    expect(told(trades, [0, 1, 2, 3, 4])).toEqual({ candles: [3], empty: [4], broken: [0, 1, 2], untold: [] });
  });
});

test('skipped ids are between two trades: candles that end at the one or begin behind the other lack none', () => {
  const gap = [trade(1, -1), trade(2, 1), trade(4, 2), trade(5, 3), trade(6, 5)];
  expect(told(gap, [0, 1, 2, 3])).toEqual({ candles: [3], empty: [0], broken: [1, 2], untold: [] });
});

test('without a trade before, or one behind, nothing is told', () => {
  expect(told([trade(1, 1), trade(2, 2.5), trade(3, 4.5)], [0, 1, 2, 3, 4])).toEqual({
    candles: [2],
    empty: [3],
    broken: [],
    untold: [0, 1, 4],
  });
  expect(told([], [0])).toEqual({ candles: [], empty: [], broken: [], untold: [0] });
});
