import { describe, expect, test } from 'vitest';
import { StoreError } from '#core/errors.ts';
import type { Logger } from '#core/ports/logger.ts';
import { createPageApi, type ApiAnswer } from '#local/page/page-api.ts';
import type { Chart } from '#local/page/page-chart.ts';
import { candle, createPageWorld, MINUTE, seriesOf, START, type PageWorld } from './page-fixture.ts';

const BTC = seriesOf('kraken', 'BTC/USD', '1m');
const GOOD = 'exchange=kraken&symbol=BTC/USD&timeframe=1m';

async function worldWith(minutes: readonly number[]): Promise<PageWorld> {
  const world = createPageWorld();
  await world.add(
    BTC,
    minutes.map((minute) => candle('1m', minute)),
  );
  return world;
}

async function ask(world: Pick<PageWorld, 'db' | 'status' | 'prices'>, query: string): Promise<ApiAnswer> {
  return await createPageApi(world)('/api/chart', query);
}

async function chartOf(world: PageWorld, query = ''): Promise<Chart> {
  const { status, body } = await ask(world, `${GOOD}${query}`);
  expect(status).toBe(200);
  return body as Chart;
}

function minutes(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function minutesOf({ candles }: Chart): readonly number[] {
  return candles.map(({ t }) => (t - START) / MINUTE);
}

describe('the chart', () => {
  test('candles come as exact decimals with the series and its timeframe', async () => {
    const chart = await chartOf(await worldWith([0]));
    const { open: o, high: h, low: l, close: c, volume: v } = candle('1m', 0);
    expect(chart).toEqual({ series: BTC, timeframeMs: MINUTE, candles: [{ t: START, o, h, l, c, v, filled: false }], indicators: {} });
    expect(typeof chart.candles[0]?.o).toBe('string');
  });

  test('the newest candles come, 400 of them unless asked otherwise', async () => {
    const world = await worldWith(minutes(450));
    expect(minutesOf(await chartOf(world))).toEqual(minutes(450).slice(50));
    expect(minutesOf(await chartOf(world, '&limit=1'))).toEqual([449]);
    expect(minutesOf(await chartOf(world, '&limit=1500'))).toEqual(minutes(450));
  });

  test('with "from" nothing older comes, and the oldest first', async () => {
    const world = await worldWith(minutes(50));
    expect(minutesOf(await chartOf(world, `&from=${START + 40 * MINUTE}&limit=5`))).toEqual([40, 41, 42, 43, 44]);
    expect(minutesOf(await chartOf(world, `&from=${START + 48 * MINUTE + 1}`))).toEqual([49]);
    expect(minutesOf(await chartOf(world, `&from=${START + 50 * MINUTE}`))).toEqual([]);
  });

  test('minutes without a candle are filled flat at the close before, and say so', async () => {
    const { candles } = await chartOf(await worldWith([0, 1, 4]));
    const close = candle('1m', 1).close;
    const flat = { o: close, h: close, l: close, c: close, v: '0', filled: true };
    expect(candles.map(({ filled }) => filled)).toEqual([false, false, true, true, false]);
    expect(candles.slice(2, 4)).toEqual([
      { ...flat, t: START + 2 * MINUTE },
      { ...flat, t: START + 3 * MINUTE },
    ]);
  });

  test('nothing is filled after the newest candle, and nothing filled is stored', async () => {
    const world = await worldWith([0, 3]);
    world.say({ nowMs: START + 60 * MINUTE });
    expect(minutesOf(await chartOf(world))).toEqual([0, 1, 2, 3]);
    const [stored] = await world.db.readCandles({
      exchange: 'kraken',
      symbols: [BTC.symbol],
      windows: { '1m': { fromMs: 0, untilMs: START + 60 * MINUTE } },
    });
    expect(stored?.candles).toHaveLength(2);
  });

  test('an answer that begins within a hole has the filled minutes from there on', async () => {
    const { candles } = await chartOf(await worldWith([0, 10]), `&from=${START + 8 * MINUTE}`);
    expect(candles.map(({ t, c, filled }) => [(t - START) / MINUTE, c, filled])).toEqual([
      [8, candle('1m', 0).close, true],
      [9, candle('1m', 0).close, true],
      [10, candle('1m', 10).close, false],
    ]);
  });

  test('indicator values come by name for the same time', async () => {
    const chart = await chartOf(await worldWith(minutes(60)), `&from=${START + 58 * MINUTE}`);
    expect(Object.keys(chart.indicators).sort()).toEqual([
      'EMA_12',
      'EMA_26',
      'MACD',
      'MACD_histogram',
      'MACD_signal',
      'RSI_14',
      'SMA_20',
      'SMA_50',
      'STOCH_d',
      'STOCH_k',
    ]);
    const last20 = minutes(60)
      .slice(40)
      .map((i) => Number(candle('1m', i).close));
    expect(chart.indicators['SMA_20']).toHaveLength(2);
    expect(chart.indicators['SMA_20']?.[1]?.[0]).toBe(START + 59 * MINUTE);
    expect(chart.indicators['SMA_20']?.[1]?.[1]).toBeCloseTo(last20.reduce((a, b) => a + b) / 20, 6);
  });

  test('a series without candles is an empty chart', async () => {
    const world = createPageWorld();
    world.say({ series: [{ ...BTC, newestOpenTimeMs: null, missing: 0 }] });
    expect(await chartOf(world)).toEqual({ series: BTC, timeframeMs: MINUTE, candles: [], indicators: {} });
  });

  test('an encoded symbol is the same symbol', async () => {
    const { status } = await ask(await worldWith([0]), 'exchange=kraken&symbol=BTC%2FUSD&timeframe=1m');
    expect(status).toBe(200);
  });
});

describe('bad parameters are answered with parameter, value and expectation', () => {
  const exchanges = 'one of binance, binanceus, coinbase, kraken';
  const symbolForm = 'a symbol such as "BTC/USD"';
  const whole = 'a whole number from 1 to 1500';
  const time = 'UTC milliseconds since 1970 in digits';
  const known = 'no such parameter; known are exchange, symbol, timeframe, from, limit';
  const symbolRows = [
    "x'); DROP TABLE d.c; --",
    "' OR 1=1 --",
    '{s:String}',
    '\\',
    '`',
    '\u0000',
    '*',
    '[a-z]',
    'latest_price:*',
    'BTC\r\nFLUSHALL',
    '../../',
    '<img onerror>',
    'btc/usd',
    'BTC-USD',
    'BTC/USD ',
    '',
  ];
  test.each(symbolRows)('symbol %j', async (symbol) => {
    const query = new URLSearchParams({ exchange: 'kraken', symbol, timeframe: '1m' });
    expect(await ask(await worldWith([0]), String(query))).toEqual({
      status: 400,
      body: { error: `parameter "symbol" is ${JSON.stringify(symbol)}, expected ${symbolForm}` },
    });
  });

  test.each([
    ['', `parameter "exchange" is missing, expected ${exchanges}`],
    ['exchange=constructor&symbol=BTC/USD&timeframe=1m', `parameter "exchange" is "constructor", expected ${exchanges}`],
    ['exchange=Kraken&symbol=BTC/USD&timeframe=1m', `parameter "exchange" is "Kraken", expected ${exchanges}`],
    ['exchange=kraken&timeframe=1m', `parameter "symbol" is missing, expected ${symbolForm}`],
    ['exchange=kraken&symbol=%00&timeframe=1m', `parameter "symbol" is "\\u0000", expected ${symbolForm}`],
    ['exchange=kraken&symbol=%ff&timeframe=1m', `parameter "symbol" is "\ufffd", expected ${symbolForm}`],
    ['exchange=kraken&symbol=DOGE/USD&timeframe=1m', 'parameter "symbol" is "DOGE/USD", expected one of BTC/USD'],
    ['exchange=coinbase&symbol=BTC/USD&timeframe=1m', 'parameter "symbol" is "BTC/USD", expected a series; coinbase has none in 1m'],
    ['exchange=kraken&symbol=BTC/USD&timeframe=1m%20--', 'parameter "timeframe" is "1m --", expected one of 1m, 5m, 1h'],
    ['exchange=kraken&symbol=BTC/USD', 'parameter "timeframe" is missing, expected one of 1m, 5m, 1h'],
    [`${GOOD}&limit=-1`, `parameter "limit" is "-1", expected ${whole}`],
    [`${GOOD}&limit=0`, `parameter "limit" is "0", expected ${whole}`],
    [`${GOOD}&limit=1501`, `parameter "limit" is "1501", expected ${whole}`],
    [`${GOOD}&limit=1e9`, `parameter "limit" is "1e9", expected ${whole}`],
    [`${GOOD}&limit=1.5`, `parameter "limit" is "1.5", expected ${whole}`],
    [`${GOOD}&limit=NaN`, `parameter "limit" is "NaN", expected ${whole}`],
    [`${GOOD}&limit=5;6`, `parameter "limit" is "5;6", expected ${whole}`],
    [`${GOOD}&limit=`, `parameter "limit" is "", expected ${whole}`],
    [`${GOOD}&limit=5&limit=6`, 'parameter "limit" is "5 and 6", expected it once'],
    [`${GOOD}&limit[]=5`, `parameter "limit[]" is "5", expected ${known}`],
    [`${GOOD}&__proto__[x]=1`, `parameter "__proto__[x]" is "1", expected ${known}`],
    [`${GOOD}&from=yesterday`, `parameter "from" is "yesterday", expected ${time}`],
    [`${GOOD}&from=2023-03-11`, `parameter "from" is "2023-03-11", expected ${time}`],
    [`${GOOD}&from=-1`, `parameter "from" is "-1", expected ${time}`],
    [`${GOOD}&from=9999999999999999`, `parameter "from" is "9999999999999999", expected ${time}`],
    [`${GOOD}&from=1e12`, `parameter "from" is "1e12", expected ${time}`],
  ])('%s', async (query, error) => {
    expect(await ask(await worldWith([0]), query)).toEqual({ status: 400, body: { error } });
  });

  test('a long value is cut', async () => {
    const { body } = await ask(await worldWith([0]), `${GOOD}&limit=${'9'.repeat(5000)}`);
    expect(JSON.stringify(body).length).toBeLessThan(200);
  });

  test('a range of ten years is bounded by the limit', async () => {
    const chart = await chartOf(await worldWith(minutes(30)), `&from=${START - 10 * 365 * 1440 * MINUTE}&limit=1500`);
    expect(chart.candles).toEqual([]);
  });
});

describe('failures of others', () => {
  const failing = (error: Error, world: PageWorld) => ({ ...world.db, readCandles: async () => await Promise.reject(error) });
  const recorder = () => {
    const events: string[] = [];
    const logger: Pick<Logger, 'error'> = { error: (event, facts) => events.push(`${event}: ${String(facts?.['error'])}`) };
    return { events, logger };
  };

  test('a store that fails is said to fail, and logged', async () => {
    const world = await worldWith([0]);
    const { events, logger } = recorder();
    const api = createPageApi({ ...world, db: failing(new StoreError('it is gone', { retryable: true }), world), logger });
    expect(await api('/api/chart', GOOD)).toEqual({ status: 503, body: { error: 'the store gave no answer: it is gone' } });
    expect(events).toEqual(['the page got no answer: StoreError: it is gone']);
  });

  test('what nobody foresaw is logged and not shown', async () => {
    const world = await worldWith([0]);
    const { events, logger } = recorder();
    const api = createPageApi({ ...world, db: failing(new TypeError('secret detail'), world), logger });
    expect(await api('/api/chart', GOOD)).toEqual({ status: 500, body: { error: 'the server failed; its log says why' } });
    expect(events).toEqual(['the page got no answer: TypeError: secret detail']);
  });
});

test('the status comes as the platform says it', async () => {
  const world = await worldWith([0]);
  expect(await createPageApi(world)('/api/status', '')).toEqual({ status: 200, body: world.status() });
});
