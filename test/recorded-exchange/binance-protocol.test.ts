import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HEADER, RECORDINGS, replay, smallFolder } from './replay.ts';

type Row = [number, string, string, string, string, string, number, string, number, string, string, string];

const OUTAGE = join(RECORDINGS, 'outages/binance-2023-03-24');
const klines = (query: string): string => `/api/v3/klines?${query}`;
const opens = (rows: readonly Row[]): string[] => rows.map(([openTimeMs]) => new Date(openTimeMs).toISOString().slice(11, 16));

describe('the recorded Binance.US', () => {
  it('writes twelve columns with eight decimals, oldest first, the open candle last', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:03:15Z');
    const answer = await get('binanceus', klines('symbol=BTCUSDC&interval=1m&limit=3'));
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      '[[1678492860000,"20225.74000000","20226.86000000","20225.74000000","20226.86000000","0.03301000",1678492919999,"667.68863740",2,"0.00000000","0.00000000","0"],' +
        '[1678492920000,"20246.05000000","20248.46000000","20246.05000000","20248.46000000","0.09595000",1678492979999,"1942.78028230",4,"0.00000000","0.00000000","0"],' +
        '[1678492980000,"20248.46000000","20248.46000000","20248.46000000","20248.46000000","0.00000000",1678493039999,"0.00000000",0,"0.00000000","0.00000000","0"]]',
    );
  });

  it('shows the open candle grow: flat, open, high, low, then closed with its final figures', async () => {
    const { get, at } = await replay(RECORDINGS, '2023-03-11T00:05:00Z');
    const last = async (time: string): Promise<Row | undefined> => {
      at(time);
      return (await get('binanceus', klines('symbol=BTCUSDC&interval=1m&startTime=1678493100000'))).json<Row[]>()[0];
    };
    // Final: open 20271.2, high 20280.56, low 20271.2, close 20280.56, volume 0.0808, 5 trades. The close before is 20250.49.
    expect((await last('2023-03-11T00:05:00Z'))?.slice(1, 6)).toEqual([
      '20250.49000000',
      '20250.49000000',
      '20250.49000000',
      '20250.49000000',
      '0.00000000',
    ]);
    expect((await last('2023-03-11T00:05:06Z'))?.slice(1, 9)).toEqual([
      '20271.20000000',
      '20271.20000000',
      '20271.20000000',
      '20271.20000000',
      '0.00800000',
      1678493159999,
      '163.80027220',
      1,
    ]);
    expect((await last('2023-03-11T00:05:15Z'))?.slice(2, 6)).toEqual(['20280.56000000', '20271.20000000', '20280.56000000', '0.02020000']);
    expect((await last('2023-03-11T00:05:30Z'))?.slice(2, 6)).toEqual(['20280.56000000', '20271.20000000', '20271.20000000', '0.04040000']);
    expect((await last('2023-03-11T00:06:00Z'))?.slice(1, 9)).toEqual([
      '20271.20000000',
      '20280.56000000',
      '20271.20000000',
      '20280.56000000',
      '0.08080000',
      1678493159999,
      '1638.00272240',
      5,
    ]);
  });

  it('rolls an open 5m candle up from the closed minutes and the open one', async () => {
    const { get, at } = await replay(RECORDINGS, '2023-03-11T00:04:59.999Z');
    const five = async (): Promise<Row | undefined> =>
      (await get('binanceus', klines('symbol=BTCUSDC&interval=5m&startTime=1678492800000&limit=1'))).json<Row[]>()[0];
    // Minutes 00:01 and 00:02 are closed, 00:03 has no volume, of 00:04 (volume 0.0049) one
    // millisecond is missing: 0.0048 of it.
    expect((await five())?.slice(1, 6)).toEqual(['20225.74000000', '20250.49000000', '20225.74000000', '20250.49000000', '0.13376000']);
    at('2023-03-11T00:02:30Z');
    // 00:01 whole; half of 00:02: high and low reached, volume 0.09595 / 2 truncated to five decimals.
    expect((await five())?.slice(1, 9)).toEqual([
      '20225.74000000',
      '20248.46000000',
      '20225.74000000',
      '20246.05000000',
      '0.08098000',
      1678493099999,
      '1639.07877850',
      4,
    ]);
    at('2023-03-11T00:05:00Z');
    expect((await five())?.slice(1, 9)).toEqual([
      '20225.74000000',
      '20250.49000000',
      '20225.74000000',
      '20250.49000000',
      '0.13386000',
      1678493099999,
      '2709.69630040',
      8,
    ]);
  });

  it('cuts an open 5m candle in quarters where its minutes were not recorded', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-05T00:01:15Z');
    const [open] = (await get('binanceus', klines('symbol=BTCUSDT&interval=5m&limit=1'))).json<Row[]>();
    // Final 5m row of that time; a quarter of it has passed.
    expect(open?.[0]).toBe(Date.parse('2023-03-05T00:00:00Z'));
    expect(open?.[2]).toBe(open?.[4]);
    expect(open?.[1]).toBe(open?.[3]);
  });

  it('takes the oldest rows from startTime on, the newest without it, none after endTime', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T12:00:30Z');
    const rows = async (query: string): Promise<string[]> =>
      opens((await get('binanceus', klines(`symbol=BTCUSDT&interval=1m&${query}`))).json<Row[]>());
    const start = Date.parse('2023-03-11T10:00:00Z');
    expect(await rows(`startTime=${start}&limit=2`)).toEqual(['10:00', '10:01']);
    expect(await rows(`startTime=${start + 1}&limit=2`)).toEqual(['10:01', '10:02']);
    expect(await rows('limit=2')).toEqual(['11:59', '12:00']);
    expect(await rows(`endTime=${start}&limit=2`)).toEqual(['09:59', '10:00']);
    expect(await rows(`startTime=${start}&endTime=${start + 60_000}`)).toEqual(['10:00', '10:01']);
    expect(await rows(`startTime=${start + 1e9}`)).toEqual([]);
    expect(await rows('')).toHaveLength(500);
    expect(await rows('limit=5000')).toHaveLength(1000);
  });

  it('counts the weight of a minute of its clock', async () => {
    const { get, at } = await replay(RECORDINGS, '2023-03-11T00:00:00Z');
    const used = async (path: string): Promise<string | null> => (await get('binanceus', path)).headers.get('x-mbx-used-weight-1m');
    expect(await used(klines('symbol=BTCUSDT&interval=1m&limit=1'))).toBe('2');
    expect(await used('/api/v3/exchangeInfo')).toBe('22');
    expect(await used('/api/v3/ping')).toBe('23');
    at('2023-03-11T00:00:59.999Z');
    expect(await used(klines('symbol=BTCUSDT&interval=1m&limit=1'))).toBe('25');
    at('2023-03-11T00:01:00Z');
    expect(await used(klines('symbol=BTCUSDT&interval=1m&limit=1'))).toBe('2');
  });

  it('lists its markets, all or the ones that are asked for', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:00:00Z');
    const listed = async (query: string): Promise<string[]> => {
      const body = (await get('binanceus', `/api/v3/exchangeInfo${query}`)).json<{ serverTime: number; symbols: { symbol: string }[] }>();
      expect(body.serverTime).toBe(Date.parse('2023-03-11T00:00:00Z'));
      return body.symbols.map(({ symbol }) => symbol);
    };
    expect(await listed('')).toEqual(['BTCUSDT', 'BTCUSDC', 'USDCUSDT']);
    expect(await listed('?symbol=BTCUSDC')).toEqual(['BTCUSDC']);
    expect(await listed(`?symbols=${encodeURIComponent('["USDCUSDT","BTCUSDT"]')}`)).toEqual(['USDCUSDT', 'BTCUSDT']);
  });

  it('builds the price step of a market from its recorded prices', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:00:00Z');
    const body = (await get('binanceus', '/api/v3/exchangeInfo?symbol=USDCUSDT')).json<{ symbols: unknown[] }>();
    expect(body.symbols[0]).toMatchObject({
      status: 'TRADING',
      baseAsset: 'USDC',
      quoteAsset: 'USDT',
      filters: [{ filterType: 'PRICE_FILTER', tickSize: '0.0001' }],
    });
  });

  it('tells its own time', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:00:00.123Z');
    expect((await get('binanceus', '/api/v3/time')).json()).toEqual({ serverTime: Date.parse('2023-03-11T00:00:00.123Z') });
    expect((await get('binanceus', '/api/v3/ping')).json()).toEqual({});
  });

  it.each([
    [klines('symbol=NOPE&interval=1m'), 400, { code: -1121, msg: 'Invalid symbol.' }],
    [klines('symbol=BTCUSDT&interval=7m'), 400, { code: -1120, msg: 'Invalid interval.' }],
    [klines('interval=1m'), 400, { code: -1102, msg: "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed." }],
    [klines('symbol=BTCUSDT'), 400, { code: -1102 }],
    [klines('symbol=BTCUSDT&interval=1m&startTime=-1'), 400, { code: -1100 }],
    [klines('symbol=BTCUSDT&interval=1m&limit=ten'), 400, { code: -1100 }],
    [klines('symbol=BTCUSDT&interval=1m&limit=0'), 400, { code: -1130 }],
    ['/api/v3/exchangeInfo?symbol=NOPE', 400, { code: -1121, msg: 'Invalid symbol.' }],
    [`/api/v3/exchangeInfo?symbols=${encodeURIComponent('["BTCUSDT","NOPE"]')}`, 400, { code: -1121, msg: 'Invalid symbol.' }],
    ['/api/v3/exchangeInfo?symbols=BTCUSDT', 400, { code: -1100 }],
    ['/api/v4/klines', 404, { code: 0 }],
  ])('refuses %s', async (path, status, body) => {
    const { get } = await replay(
      smallFolder('binanceus', 'BTC/USDT', { '1m': `${HEADER}\n1678492860000,10,12,9,11,1\n` }),
      '2023-03-11T00:00:00Z',
    );
    const answer = await get('binanceus', path);
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject(body);
  });
});

describe('the recorded Binance', () => {
  it('serves flat candles, then none during the outage of 2023-03-24, then trades again', async () => {
    const { get, at } = await replay(OUTAGE, '2023-03-24T15:00:00Z');
    const rows = async (startTime: string): Promise<Row[]> =>
      (await get('binance', klines(`symbol=BTCUSDT&interval=5m&startTime=${Date.parse(startTime)}&limit=4`))).json<Row[]>();
    expect(opens(await rows('2023-03-24T12:30:00Z'))).toEqual(['12:30', '12:35', '14:00', '14:05']);
    expect((await rows('2023-03-24T11:30:00Z'))[0]?.slice(1, 6)).toEqual([
      '28080.00000000',
      '28080.00000000',
      '28080.00000000',
      '28080.00000000',
      '0.00000000',
    ]);
    at('2023-03-24T13:02:00Z');
    expect(opens(await rows('2023-03-24T12:30:00Z'))).toEqual(['12:30', '12:35']);
    at('2023-03-24T14:01:00Z');
    expect(opens(await rows('2023-03-24T12:30:00Z'))).toEqual(['12:30', '12:35', '14:00']);
  });

  it('serves no 1h candle that lies inside the outage', async () => {
    const { get, at } = await replay(OUTAGE, '2023-03-24T16:00:00Z');
    const hours = async (): Promise<string[]> =>
      opens((await get('binance', klines(`symbol=BTCUSDT&interval=1h&startTime=${Date.parse('2023-03-24T11:00:00Z')}`))).json<Row[]>());
    expect(await hours()).toEqual(['11:00', '12:00', '14:00', '15:00', '16:00']);
    at('2023-03-24T13:30:00Z');
    expect(await hours()).toEqual(['11:00', '12:00']);
  });

  it('answers with no rows for a known market whose timeframe was not recorded', async () => {
    const { get } = await replay(OUTAGE, '2023-03-24T15:00:00Z');
    expect((await get('binance', klines('symbol=ETHUSDT&interval=1h'))).text).toBe('[]');
  });

  it('writes count 0 beside a volume where the count was not recorded', async () => {
    const { get } = await replay(OUTAGE, '2023-03-24T15:00:00Z');
    const [row] = (await get('binance', klines(`symbol=BTCUSDT&interval=5m&startTime=${Date.parse('2023-03-24T14:00:00Z')}&limit=1`))).json<
      Row[]
    >();
    expect(row?.slice(5)).toEqual(['1209.62045000', 1679666699999, '0.00000000', 0, '0.00000000', '0.00000000', '0']);
  });

  it('fills a minute without a row flat, between the first and the last row', async () => {
    const { get } = await replay(
      smallFolder('binance', 'BTC/USDT', { '1m': `${HEADER}\n1678492860000,10,12,9,11,1\n1678493040000,13,13,13,13,1\n` }),
      '2023-03-11T01:00:00Z',
    );
    const rows = (await get('binance', klines('symbol=BTCUSDT&interval=1m'))).json<Row[]>();
    expect(opens(rows)).toEqual(['00:01', '00:02', '00:03', '00:04']);
    expect(rows[2]?.slice(1, 6)).toEqual(['11.00000000', '11.00000000', '11.00000000', '11.00000000', '0.00000000']);
  });

  it('has no candle before the first row and shows that one at its own open while nothing traded', async () => {
    const { get, at } = await replay(
      smallFolder('binance', 'BTC/USDT', { '1m': `${HEADER}\n1678492860000,10,12,9,11,1\n` }),
      '2023-03-11T00:00:59Z',
    );
    expect((await get('binance', klines('symbol=BTCUSDT&interval=1m'))).text).toBe('[]');
    at('2023-03-11T00:01:00Z');
    expect((await get('binance', klines('symbol=BTCUSDT&interval=1m'))).json<Row[]>()[0]?.slice(1, 6)).toEqual([
      '10.00000000',
      '10.00000000',
      '10.00000000',
      '10.00000000',
      '0.00000000',
    ]);
  });
});
