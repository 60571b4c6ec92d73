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

test.each(['open', 'high', 'low', 'close', 'volume'])(
  'candles without a column for the %s are none, and one that is no number is refused',
  (name) => {
    const names = CANDLES.split(',');
    expect(readRecordingHeader(names.filter((one) => one !== name).join(','))).toBeNull();
    const cells = ['1678406400000', '1', '1', '1', '1', '1'];
    for (const wrong of ['x1', '1x', '1.', '.5', '1e400', ' 1', '0x10']) {
      const line = cells.with(names.indexOf(name), wrong).join(',');
      expect(read(CANDLES, line)).toEqual(['candles', `${JSON.stringify(line)} has a figure that is no decimal number`]);
    }
    expect(read(CANDLES, cells.with(names.indexOf(name), '-1.5e+3').join(','))).toEqual([
      'candles',
      { symbol: '', openTimeMs: 1_678_406_400_000, open: 1, high: 1, low: 1, close: 1, volume: 1, trades: null, [name]: -1500 },
    ]);
  },
);

test.each(['price', 'amount', 'timestamp'])('trades without a column for the %s are none', (name) => {
  const names = TRADES.split(',').filter((one) => one !== name);
  expect(readRecordingHeader(names.join(','))).toBeNull();
});

test('a time is one of milliseconds between 2009 and 2100', () => {
  const timed = (timeMs: number) => [read(CANDLES, `${timeMs},1,1,1,1,1`), read(TRADES, `${timeMs},1,buy,1,1`)];
  for (const timeMs of [Date.UTC(2009, 0, 3), Date.UTC(2100, 0, 1) - 1])
    expect(timed(timeMs)).toMatchObject([
      ['candles', { openTimeMs: timeMs }],
      ['trades', { timeMs }],
    ]);
  for (const timeMs of [Date.UTC(2009, 0, 3) - 1, Date.UTC(2100, 0, 1)])
    expect(timed(timeMs)).toEqual([
      ['candles', `time "${timeMs}" is none`],
      ['trades', `time "${timeMs}" is none`],
    ]);
});

test('trades may have their times in seconds with a fraction', () => {
  expect(read('timestamp_s,price,amount', '1700179206.5,1,2')).toEqual([
    'trades',
    { id: null, timeMs: 1_700_179_206_500, price: 1, size: 2 },
  ]);
});

test('a trade has an id from 0 on, and a price and an amount above 0', () => {
  const of = (id: string, price: string, size: string) => read(TRADES, `1700179206662,${id},buy,${price},${size}`);
  expect(of('0', '0.5', '0.25')).toMatchObject(['trades', { id: 0, price: 0.5, size: 0.25 }]);
  for (const id of ['-1', '1.5', '9007199254740993']) expect(of(id, '1', '1')).toEqual(['trades', `trade id "${id}" is no whole number`]);
  for (const [price, size] of [
    ['-1', '1'],
    ['x', '1'],
    ['1', '0'],
    ['1', '-1'],
    ['1', 'x'],
  ] as const)
    expect(of('1', price, size)).toEqual(['trades', `price "${price}" or amount "${size}" is no decimal number above 0`]);
});

test('a candle has a number of trades from 0 on', () => {
  const counted = (count: string) => read(`${CANDLES},count`, `1678406400000,1,1,1,1,1,${count}`);
  expect(counted('0')).toMatchObject(['candles', { trades: 0 }]);
  expect(counted('-1')).toEqual(['candles', 'number of trades "-1" is none']);
});

test('what is refused is shown in quotes, and no more than 80 characters of it', () => {
  expect(read(TRADES, `${'9'.repeat(100)},1,buy,1,1`)).toEqual(['trades', `time "${'9'.repeat(80)}" is none`]);
});
