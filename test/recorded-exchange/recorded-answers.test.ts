import { expect, test } from 'vitest';
import { answerAsTable } from '#recorded-exchange/recorded-answers.ts';

const table = (body: unknown): readonly string[] | null => answerAsTable(JSON.stringify(body));

test('klines of Binance become a table', () => {
  const row = [1_731_748_020_000, '0.7', '0.8', '0.6', '0.75', '10.5', 1_731_748_079_999, '7.1', 176, '5', '3', '0'];
  expect(table([row])).toEqual(['open_time,open,high,low,close,volume,trades', '1731748020000,0.7,0.8,0.6,0.75,10.5,176']);
});

test('candles of Coinbase become a table, oldest first', () => {
  const candle = (start: string) => ({ start, low: '1', high: '4', open: '2', close: '3', volume: '5' });
  expect(table({ candles: [candle('1761004800'), candle('1760918400')] })).toEqual([
    'open_time,open,high,low,close,volume',
    '1760918400000,2,4,1,3,5',
    '1761004800000,2,4,1,3,5',
  ]);
});

test('candles of Kraken become a table without the one that is still open', () => {
  const row = (time: number) => [time, '1', '4', '1', '3', '2.5', '0.5', 7];
  expect(table({ error: [], result: { XBTUSDT: [row(1_762_820_160), row(1_762_820_220)], last: 1_762_820_160 } })).toEqual([
    'open_time,open,high,low,close,volume,trades',
    '1762820160000,1,4,1,3,0.5,7',
  ]);
});

test('trades of Kraken become a table', () => {
  const row = ['105433.60000', '0.00027625', 1_762_795_433.971_744_5, 'b', 'l', '', 10_218_208];
  expect(table({ error: [], result: { XBTUSDT: [row], last: '1762819930931337618' } })).toEqual([
    'timestamp,trade_id,price,amount',
    '1762795433971,10218208,105433.60000,0.00027625',
  ]);
});

test('other answers are none, and what is no JSON is not an answer', () => {
  expect([table({ symbols: [] }), table({ error: [], result: { XXBT: { decimals: 10 } } }), table([]), table(5)]).toEqual([[], [], [], []]);
  expect(answerAsTable('<html>')).toBeNull();
});
