import { describe, expect, test } from 'vitest';
import { readRecordingHeader } from '#domain/audit/recording-row.ts';

function read(header: string, line: string): unknown {
  const table = readRecordingHeader(header);
  return table === null ? null : [table.kind, table.read(line)];
}

const CANDLES = 'open_time,open,high,low,close,volume';
const TRADES = 'timestamp,trade_id,side,price,amount';

describe('a table of candles', () => {
  test('is read with times in ms, and without trades where it has none', () => {
    const row = { symbol: '', openTimeMs: 1_678_406_400_000, open: 1.5, high: 2, low: 1, close: 1.25, volume: 0.3, trades: null };
    expect(read(CANDLES, '1678406400000,1.5,2,1,1.25,0.3')).toEqual(['candles', row]);
  });

  test('is read with times in seconds, counts of trades, and columns that nobody needs', () => {
    const row = { symbol: '', openTimeMs: 1_587_769_560_000, open: 3, high: 3, low: 3, close: 3, volume: 9.1, trades: 7 };
    const header = 'time,time_fmt,open,high,low,close,vwap,volume,count';
    expect(read(header, '1587769560,2020-04-24 23:06:00+00:00,3,3,3,3,0.0,9.1,7')).toEqual(['candles', row]);
  });

  test('may have several markets', () => {
    expect(read(`symbol,${CANDLES}`, 'ADAUSDT,1678406400000,1,1,1,1,1')).toMatchObject(['candles', { symbol: 'ADAUSDT' }]);
  });

  test('may carry the noise of doubles, in more digits than a store takes', () => {
    expect(read(CANDLES, '1678406400000,1,1,1,1,0.0017654300000000001')).toMatchObject([
      'candles',
      { volume: Number('0.0017654300000000001') },
    ]);
  });

  test.each([
    ['1678406400000,1,1,1,1', '5 fields, the header names 6'],
    ['1678406400,1,1,1,1,1', 'time "1678406400" is none'],
    ['1678406400000,1,NaN,1,1,1', '"1678406400000,1,NaN,1,1,1" has a figure that is no decimal number'],
    ['1678406400000,1,,1,1,1', '"1678406400000,1,,1,1,1" has a figure that is no decimal number'],
  ])('refuses the row %s', (line, reason) => {
    expect(read(CANDLES, line)).toEqual(['candles', reason]);
  });

  test('refuses a number of trades that is none', () => {
    expect(read(`${CANDLES},trades`, '1678406400000,1,1,1,1,1,1.5')).toEqual(['candles', 'number of trades "1.5" is none']);
  });
});

describe('a table of trades', () => {
  test('is read with ids, and without', () => {
    const row = { id: 5_504_897, timeMs: 1_700_179_206_662, price: 36_160.9, size: 0.5 };
    expect(read(TRADES, '1700179206662,5504897,buy,36160.9,0.5')).toEqual(['trades', row]);
    expect(read('timestamp,side,price,amount', '1700179206662,buy,36160.9,0.5')).toEqual(['trades', { ...row, id: null }]);
  });

  test.each([
    ['1700179206662,x,buy,1,1', 'trade id "x" is no whole number'],
    ['1700179206662,1,buy,0,1', 'price "0" or amount "1" is no decimal number above 0'],
    ['nine,1,buy,1,1', 'time "nine" is none'],
    ['1700179206662,1,buy,1', '4 fields, the header names 5'],
  ])('refuses the row %s', (line, reason) => {
    expect(read(TRADES, line)).toEqual(['trades', reason]);
  });
});

test('any other header is none that can be read', () => {
  expect(readRecordingHeader('time;pair;interval;message')).toBeNull();
  expect(readRecordingHeader('open_time,open,high,low,close')).toBeNull();
});
