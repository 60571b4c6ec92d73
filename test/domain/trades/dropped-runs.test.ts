import { expect, test } from 'vitest';
import { droppedRuns } from '#domain/trades/dropped-runs.ts';
import { checkedTrade } from './made-trades.ts';

test('dropped trades make one run a market, from the lowest id to the highest, whatever their order', () => {
  const trades = [
    checkedTrade({ symbol: 'BTC/USD', id: '10', eventTimeMs: 1000 }),
    checkedTrade({ symbol: 'ETH/USD', id: '7', eventTimeMs: 900 }),
    checkedTrade({ symbol: 'BTC/USD', id: '11', eventTimeMs: 1002 }),
    checkedTrade({ symbol: 'BTC/USD', id: '9', eventTimeMs: 1001 }),
    checkedTrade({ exchange: 'coinbase', symbol: 'BTC/USD', id: '1', eventTimeMs: 5 }),
  ];
  expect(droppedRuns(trades)).toEqual([
    { exchange: 'kraken', symbol: 'BTC/USD', firstId: '9', lastId: '11', fromMs: 1000, toMs: 1002, count: 3 },
    { exchange: 'kraken', symbol: 'ETH/USD', firstId: '7', lastId: '7', fromMs: 900, toMs: 900, count: 1 },
    { exchange: 'coinbase', symbol: 'BTC/USD', firstId: '1', lastId: '1', fromMs: 5, toMs: 5, count: 1 },
  ]);
  expect(droppedRuns([])).toEqual([]);
});
