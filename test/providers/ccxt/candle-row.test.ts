import { describe, expect, test } from 'vitest';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { checkCandle, pageOf, type RawCandle } from '#providers/ccxt/candle-row.ts';

const MINUTE = 60_000;
const START = Date.UTC(2023, 2, 11);
const LATEST = START + 60 * MINUTE;
const ROW: RawCandle = {
  openTimeMs: START,
  open: '2.50',
  high: '3.0',
  low: '2',
  close: '2.75',
  volume: '10.5',
  quoteVolume: '26.25',
  tradeCount: 4,
};

describe('a row', () => {
  test('becomes a candle with the exact decimals of the exchange', () => {
    expect(checkCandle(ROW, MINUTE, LATEST)).toEqual({
      openTimeMs: START,
      open: '2.5',
      high: '3',
      low: '2',
      close: '2.75',
      volume: '10.5',
      quoteVolume: '26.25',
      tradeCount: 4,
    });
  });

  test('keeps small prices and large volumes to the last digit', () => {
    const row = { ...ROW, open: '0.00000100', high: '0.00000101', low: '0.00000099', close: '0.00000100', volume: '123456789012.12' };
    expect(checkCandle(row, MINUTE, LATEST)).toMatchObject({
      open: '0.000001',
      high: '0.00000101',
      low: '0.00000099',
      volume: '123456789012.12',
    });
  });

  test('of an exchange that sends no trade count and no quote volume has none', () => {
    const { quoteVolume: _quote, tradeCount: _count, ...row } = ROW;
    expect(checkCandle(row, MINUTE, LATEST)).toMatchObject({ quoteVolume: null, tradeCount: null });
  });

  test('that counts no trades beside a volume has not counted them', () => {
    expect(checkCandle({ ...ROW, tradeCount: 0, quoteVolume: '0.0' }, MINUTE, LATEST)).toMatchObject({
      volume: '10.5',
      quoteVolume: null,
      tradeCount: null,
    });
  });

  test('of a minute without trades says so', () => {
    const flat = { ...ROW, open: '2', high: '2', low: '2', close: '2', volume: '0.0', quoteVolume: '0', tradeCount: 0 };
    expect(checkCandle(flat, MINUTE, LATEST)).toMatchObject({ volume: '0', quoteVolume: '0', tradeCount: 0 });
  });

  test.each<[string, Partial<RawCandle>, string]>([
    ['a time that is no number', { openTimeMs: Number.NaN }, 'open time is not a plausible time'],
    ['a time in seconds', { openTimeMs: START / 1000 }, 'open time is not a plausible time'],
    ['a time of the future', { openTimeMs: LATEST + MINUTE }, 'open time is not a plausible time'],
    ['a time in microseconds', { openTimeMs: START * 1000 }, 'open time is not a plausible time'],
    ['a time beside the grid', { openTimeMs: START + 28_000 }, 'open time is not on the grid of the timeframe'],
    ['no price', { open: null }, 'a price or the volume is not a decimal of at most 20 integer and 18 fraction digits'],
    [
      'a price that is a JSON number',
      { close: 2.75 },
      'a price or the volume is not a decimal of at most 20 integer and 18 fraction digits',
    ],
    ['a price in words', { high: 'NaN' }, 'a price or the volume is not a decimal of at most 20 integer and 18 fraction digits'],
    [
      'too many digits',
      { volume: '0.1234567890123456789' },
      'a price or the volume is not a decimal of at most 20 integer and 18 fraction digits',
    ],
    ['a price of zero', { open: '0', low: '0.00' }, 'low is not above zero'],
    ['a negative price', { low: '-1' }, 'low is not above zero'],
    ['a low above the open', { low: '2.6' }, 'low is above open or close'],
    ['a high below the close', { high: '2.7' }, 'high is below open or close'],
    ['a negative volume', { volume: '-0.1' }, 'volume is negative'],
    ['a trade count in a string', { tradeCount: '4' }, 'trade count is not a whole number'],
    ['half a trade', { tradeCount: 0.5 }, 'trade count is not a whole number'],
    ['fewer than no trades', { tradeCount: -1 }, 'trade count is not a whole number'],
    ['a quote volume that is a JSON number', { quoteVolume: 26.25 }, 'quote volume is not a decimal from zero on'],
    ['a negative quote volume', { quoteVolume: '-26.25' }, 'quote volume is not a decimal from zero on'],
  ])('with %s is refused in words', (_what, change, reason) => {
    expect(checkCandle({ ...ROW, ...change }, MINUTE, LATEST)).toBe(reason);
  });
});

describe('a page', () => {
  const request = { symbol: parseMarketSymbol('BTC/USD') as MarketSymbol, timeframe: '1m', fromMs: START, limit: 20 } as const;
  const rawOf = (row: unknown): RawCandle | null => (typeof row === 'object' ? (row as RawCandle | null) : null);
  const row = (minute: number, change: Partial<RawCandle> = {}): RawCandle => ({ ...ROW, openTimeMs: START + minute * MINUTE, ...change });
  const page = (rows: readonly unknown[]) => pageOf(rows, { request, latestOpenTimeMs: LATEST }, rawOf);
  const minutes = (rows: readonly unknown[]) => page(rows)?.candles.map(({ openTimeMs }) => (openTimeMs - START) / MINUTE);

  test('is put in order', () => {
    expect(minutes([row(2), row(0), row(1)])).toEqual([0, 1, 2]);
  });

  test('has each open time once', () => {
    expect(minutes([row(0), row(1), row(0), row(1)])).toEqual([0, 1]);
  });

  test('does not decide between two rows of one open time that differ: neither is believed', () => {
    const other = row(0, { close: '2.25' });
    expect(page([row(0), row(1), other])).toMatchObject({
      candles: [{ openTimeMs: START + MINUTE }],
      refused: [{ reason: 'another row has the same open time and other figures', row: expect.stringContaining('"close":"2.25"') }],
    });
  });

  test('begins with the asked time', () => {
    expect(minutes([row(-2), row(-1), row(0), row(1)])).toEqual([0, 1]);
  });

  test('without rows is an answer', () => {
    expect(page([])).toEqual({ candles: [], refused: [] });
  });

  test('keeps its good rows beside a bad one, and shows that', () => {
    expect(page([row(0), row(1, { volume: '-1' }), row(2)])).toMatchObject({
      candles: [{ openTimeMs: START }, { openTimeMs: START + 2 * MINUTE }],
      refused: [{ reason: 'volume is negative', row: expect.stringContaining('"volume":"-1"') }],
    });
  });

  test('shows no more of a bad row than fits a line of the log', () => {
    expect(page([{ ...row(0), open: 'x'.repeat(5000) }])?.refused[0]?.row).toHaveLength(200);
  });

  test.each<[string, unknown]>([
    ['a text', '<html>'],
    ['nothing', undefined],
    ['null', null],
  ])('with %s for a row refuses that row', (_what, bad) => {
    expect(page([row(0), bad])?.refused).toMatchObject([{ reason: 'the row has not the shape of a candle' }]);
  });

  test('with more than a tenth of bad rows is not believed at all', () => {
    const good = Array.from({ length: 18 }, (_, i) => row(i));
    const bad = (count: number) => Array.from({ length: count }, (_, i) => row(30 + i, { open: null }));
    expect(page([...good, ...bad(2)])?.refused).toHaveLength(2);
    expect(page([...good, ...bad(3)])).toBeNull();
  });
});
