import { describe, expect, it } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import type { Series } from '#core/series.ts';
import { parseMarketSymbol } from '#core/symbol.ts';
import { readKlines, readRecordedBody } from '#recorded-exchange/recording-files.ts';
import { folderOf, HEADER } from './replay.ts';

const symbol = parseMarketSymbol('BTC/USD');
if (symbol === undefined) throw new Error('BTC/USD is a symbol');
const SERIES: Series = { exchange: 'kraken', symbol, timeframe: '1m' };
const FILE = 'klines/kraken_BTC-USD_1m.csv.gz';
const ROW = '1678492800000,10,12,9,11,0.5';

const read = (content: string | Uint8Array): ReturnType<typeof readKlines> => readKlines(folderOf({ [FILE]: content }), SERIES);

function refusalOf(content: string | Uint8Array): string {
  const dir = folderOf({ [FILE]: content });
  try {
    readKlines(dir, SERIES);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.replace(`${dir}/`, '');
  }
  throw new Error('the file was accepted');
}

describe('readKlines', () => {
  it('reads the rows with exact figures and says what was not recorded', () => {
    const candles = read(`${HEADER}\n${ROW}\n1678492920000,11.50,11.5,0.1234567,11.5,0\n`);
    expect([...candles.openTimesMs]).toEqual([1678492800000, 1678492920000]);
    expect(candles.priceDecimals).toBe(7);
    expect(candles.candle(1)).toEqual({
      openTimeMs: 1678492920000,
      open: '11.5',
      high: '11.5',
      low: '0.1234567',
      close: '11.5',
      volume: '0',
      quoteVolume: null,
      tradeCount: null,
    });
  });

  it('reads quote volume and count where the header names them, in any order, and leaves other known columns alone', () => {
    const candles = read(
      'trades,open_time,open,high,low,close,volume,close_time,quote_volume\n7,1678492800000,10,12,9,11,0.5,1678492859999,5.5',
    );
    expect(candles.candle(0)).toMatchObject({ openTimeMs: 1678492800000, volume: '0.5', quoteVolume: '5.5', tradeCount: 7 });
  });

  it('asks for a row that exists', () => {
    expect(() => read(`${HEADER}\n${ROW}`).candle(1)).toThrow(RangeError);
  });

  it.each([
    ['an unknown column', `${HEADER},vwap\n${ROW},1`, 'line 1: column "vwap" is not a known column'],
    ['a column that is there twice', `${HEADER},open\n${ROW},1`, 'line 1: column "open" is there twice'],
    ['a missing column', 'open_time,open,high,low,close\n1,1,1,1,1', 'line 1: column "volume" is missing'],
    ['no rows', `${HEADER}\n`, 'has no rows; a series needs at least one'],
    ['an empty file', '', 'line 1: column "" is not a known column'],
    ['a short row', `${HEADER}\n${ROW}\n1678492860000,1`, 'line 3: has 2 fields; the header names 6'],
    ['an empty line between rows', `${HEADER}\n${ROW}\n\n${ROW}`, 'line 3: has 1 fields; the header names 6'],
    ['a time that is no number', `${HEADER}\n2023-03-11,1,1,1,1,1`, 'line 2: open_time "2023-03-11" is not a time; write milliseconds'],
    ['a time off the grid', `${HEADER}\n1678492800001,1,1,1,1,1`, 'line 2: open_time "1678492800001" is not on the grid of 60000 ms'],
    ['a repeated time', `${HEADER}\n${ROW}\n${ROW}`, 'line 3: open_time "1678492800000" is not after "1678492800000" of the line before'],
    ['rows out of order', `${HEADER}\n${ROW}\n1678492740000,1,1,1,1,1`, 'line 3: open_time "1678492740000" is not after "1678492800000"'],
    [
      'a price that is no number',
      `${HEADER}\n1678492800000,NaN,1,1,1,1`,
      'line 2: open "NaN" is not a decimal number of at most 20 integer and 18 fraction digits',
    ],
    ['a price with Windows line ends', `${HEADER}\n${ROW}\r\n`, 'line 2: volume "0.5\\r" is not a decimal number'],
    [
      'too many digits',
      `${HEADER}\n1678492800000,1,1,1,1,0.0000000000000000001`,
      'line 2: volume "0.0000000000000000001" is not a decimal',
    ],
    [
      'a high below the low',
      `${HEADER}\n1678492800000,1.25,1.2,1.3,1.25,1`,
      'line 2: high "1.2" is below low "1.3"; a candle has 0 < low <= open, close <= high',
    ],
    ['a high below the open', `${HEADER}\n1678492800000,1.3,1.2,1.1,1.2,1`, 'line 2: high "1.2" is below open "1.3"'],
    [
      'a high below the close by the eighteenth digit',
      `${HEADER}\n1678492800000,1,1,1,1.000000000000000001,1`,
      'line 2: high "1" is below close "1.000000000000000001"',
    ],
    ['a low above the open', `${HEADER}\n1678492800000,1,2,1.5,2,1`, 'line 2: low "1.5" is above open "1"'],
    ['a low above the close', `${HEADER}\n1678492800000,2,2,1.5,1,1`, 'line 2: low "1.5" is above close "1"'],
    ['a price of 0', `${HEADER}\n1678492800000,1,1,0,1,1`, 'line 2: low "0" is not above 0'],
    ['a volume below 0', `${HEADER}\n1678492800000,1,1,1,1,-1`, 'line 2: volume "-1" is below 0'],
    ['a quote volume below 0', `${HEADER},quote_volume\n1678492800000,1,1,1,1,1,-1`, 'line 2: quote_volume is below 0'],
    ['a broken count', `${HEADER},trades\n1678492800000,1,1,1,1,1,1.5`, 'line 2: trades "1.5" is not a count'],
  ])('refuses %s', (_what, content, message) => {
    expect(refusalOf(content)).toContain(`${FILE} ${message}`);
  });

  it('refuses a file that is not gzip, or only the beginning of one', () => {
    expect(refusalOf(new TextEncoder().encode(`${HEADER}\n${ROW}`))).toContain(`${FILE} is not a whole gzip file`);
    expect(refusalOf(Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]))).toContain(`${FILE} is not a whole gzip file`);
  });

  it('names a file that is missing', () => {
    const dir = folderOf({ 'recording.yaml': '' });
    expect(() => readKlines(dir, SERIES)).toThrow(
      `${dir}/${FILE} cannot be read (ENOENT); recording.yaml names it; put it there or remove its line`,
    );
  });
});

describe('readRecordedBody', () => {
  it('reads the JSON of a recorded answer', () => {
    expect(readRecordedBody(folderOf({ 'rest/a.json.gz': '{"error":[]}' }), 'rest/a.json.gz')).toEqual({ error: [] });
  });

  it('refuses what is not JSON', () => {
    const dir = folderOf({ 'rest/a.json.gz': '<html>' });
    expect(() => readRecordedBody(dir, 'rest/a.json.gz')).toThrow(
      /rest\/a\.json\.gz is not JSON \(.*\); expected a recorded response body/,
    );
  });
});
