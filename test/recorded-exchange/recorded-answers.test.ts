import { describe, expect, test } from 'vitest';
import { readAnswer } from '#recorded-exchange/recorded-answers.ts';

/** Lines of the table with the header; a row that is none as its problem, a fault or anything else as it is. */
function table(body: unknown): unknown {
  const answer = readAnswer(JSON.stringify(body));
  if (answer?.holds !== 'rows') return answer;
  return [answer.header, ...answer.rows.map((row) => (typeof row === 'string' ? row : row.problem))];
}

const KLINE = [1_731_748_020_000, '0.7', '0.8', '0.6', '0.75', '10.5', 1_731_748_079_999, '7.1', 176, '5', '3', '0'];
const KLINE_LINE = '1731748020000,0.7,0.8,0.6,0.75,10.5,176';

test('klines of Binance become a table', () => {
  expect(table([KLINE])).toEqual(['open_time,open,high,low,close,volume,trades', KLINE_LINE]);
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

test('trades of Kraken without ids become a table without ids', () => {
  const row = ['3417.2', '0.01', 1_616_663_618.25, 's', 'm', ''];
  expect(table({ error: [], result: { ADAUSD: [row] } })).toEqual(['timestamp,price,amount', '1616663618250,3417.2,0.01']);
});

describe('a row that is damaged is told of, and the others are read', () => {
  test('among klines of Binance', () => {
    const short = KLINE.slice(0, 8);
    expect(table([short, KLINE, null, [...KLINE.slice(0, 8), null, '5', '3', '0']])).toEqual([
      'open_time,open,high,low,close,volume,trades',
      '[1731748020000,"0.7","0.8","0.6","0.75","10.5",1731748079999,"7.1"] is no candle',
      KLINE_LINE,
      'null is no candle',
      expect.stringContaining('is no candle'),
    ]);
  });

  test('among candles of Coinbase', () => {
    const candle = { start: '1761004800', low: '1', high: '4', open: '2', close: '3', volume: '5' };
    const { close: _, ...cut } = candle;
    expect(table({ candles: ['oops', candle, null, cut] })).toEqual([
      'open_time,open,high,low,close,volume',
      '{"start":"1761004800","low":"1","high":"4","open":"2","volume":"5"} is no candle',
      'null is no candle',
      '1761004800000,2,4,1,3,5',
      '"oops" is no candle',
    ]);
  });

  test('among candles and trades of Kraken', () => {
    const candle = [1_762_820_160, '1', '4', '1', '3', '2.5', '0.5', 7];
    expect(table({ error: [], result: { A: [candle.slice(0, 5), candle], last: 1_762_820_160 } })).toEqual([
      'open_time,open,high,low,close,volume,trades',
      '[1762820160,"1","4","1","3"] is no candle',
      '1762820160000,1,4,1,3,0.5,7',
    ]);
    const trade = ['1.5', '2', 1_762_795_433.9, 'b', 'l', '', 8];
    expect(table({ error: [], result: { A: [trade, trade.slice(0, 6), 'x'] } })).toEqual([
      'timestamp,trade_id,price,amount',
      '1762795433900,8,1.5,2',
      '["1.5","2",1762795433.9,"b","l",""] is no trade',
      '"x" is no trade',
    ]);
  });
});

test.each([
  ['an error of Kraken', { error: ['EGeneral:Internal error'], result: {} }, 'EGeneral:Internal error'],
  ['an error of Binance', { code: -1121, msg: 'Invalid symbol.' }, '-1121'],
  ['an error of Coinbase', { error: 'NOT_FOUND', message: 'no such product' }, 'NOT_FOUND'],
  ['an error of Coinbase Exchange', { message: 'NotFound' }, 'NotFound'],
  ['an empty list', [], 'the answer has no row'],
  ['an empty list of Coinbase', { candles: [] }, 'the answer has no row'],
  ['an empty list of Kraken', { error: [], result: { A: [], last: 1 } }, 'the answer has no row'],
  ['no list where candles are', { candles: null }, 'candles is null, expected a list'],
  ['rows of six fields', [[1_731_748_020, 1, 2, 1, 2, 5]], 'the first is [1731748020,1,2,1,2,5]'],
  ['rows that all are cut', { error: [], result: { A: [[1, 2, 3]] } }, 'the first is [1,2,3]'],
  ['a number', 5, '5 is no answer of an exchange'],
])('%s is a fault', (_, body, message) => {
  expect(table(body)).toEqual({ holds: 'fault', fault: expect.stringContaining(message) as string });
});

test('other answers hold neither, and what is no JSON is not an answer', () => {
  const bodies = [{ symbols: [] }, { error: [], result: { XXBT: { decimals: 10 } } }, [{ id: 'BTC-USD' }], { name: 'a', version: '1' }];
  expect(bodies.map(table)).toEqual(bodies.map(() => ({ holds: 'other' })));
  expect(readAnswer('<html>')).toBeNull();
});
