import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HEADER, RECORDINGS, replay, seconds, smallFolder, type Answer } from './replay.ts';

type Row = [number, string, string, string, string, string, string, number];
type Ohlc = { error: string[]; result: Record<string, Row[]> & { last: number } };

const OUTAGE = join(RECORDINGS, 'outages/kraken-2023-03-16');
const ohlc = (query: string): string => `/0/public/OHLC?${query}`;
const rowsOf = (answer: Answer, pair: string): Row[] => answer.json<Ohlc>().result[pair] ?? [];
const timesOf = (rows: readonly Row[]): string[] => rows.map(([time]) => new Date(time * 1000).toISOString().slice(11, 16));

describe('the recorded Kraken', () => {
  it('pads prices to the decimals of the pair and volumes to eight, and ends with the open candle', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:04:30Z');
    const answer = await get('kraken', ohlc(`pair=XXBTZUSD&interval=1&since=${seconds('2023-03-11T00:02:00Z')}`));
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      '{"error":[],"result":{"XXBTZUSD":[' +
        '[1678492980,"20247.2","20255.0","20247.2","20252.1","0.0","0.21258772",15],' +
        '[1678493040,"20260.2","20260.2","20256.6","20256.6","0.0","0.36256923",12]],"last":1678492980}}',
    );
  });

  it.each(['XXBTZUSD', 'XBTUSD', 'XBT/USD'])('knows the pair as %s and answers under its id', async (name) => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:04:30Z');
    expect(rowsOf(await get('kraken', ohlc(`pair=${encodeURIComponent(name)}`)), 'XXBTZUSD')).not.toHaveLength(0);
  });

  it('fills a minute without trades with the close before', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-10T00:10:00Z');
    const rows = rowsOf(await get('kraken', ohlc(`pair=XBTUSDT&since=${seconds('2023-03-10T00:00:00Z')}`)), 'XBTUSDT');
    expect(timesOf(rows)).toEqual(['00:01', '00:02', '00:03', '00:04', '00:05', '00:06', '00:07', '00:08', '00:09', '00:10']);
    expect(rows[1]).toEqual([seconds('2023-03-10T00:02:00Z'), '20357.6', '20357.6', '20357.6', '20357.6', '0.0', '0.00000000', 0]);
  });

  it('serves the newest 720 closed candles and the open one, whatever since says', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-12T12:00:30Z');
    for (const query of ['', '&since=0', `&since=${seconds('2023-03-11T00:00:00Z')}`]) {
      const rows = rowsOf(await get('kraken', ohlc(`pair=XBTUSDC${query}`)), 'XBTUSDC');
      expect(rows).toHaveLength(721);
      expect(rows[0]?.[0]).toBe(seconds('2023-03-12T00:00:00Z'));
      expect(rows.at(-1)?.[0]).toBe(seconds('2023-03-12T12:00:00Z'));
    }
  });

  it('serves what opened after since, and the open candle even when since is in the future', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-12T12:00:30Z');
    const times = async (since: string): Promise<string[]> =>
      timesOf(rowsOf(await get('kraken', ohlc(`pair=XBTUSD&since=${seconds(since)}`)), 'XXBTZUSD'));
    expect(await times('2023-03-12T11:58:00Z')).toEqual(['11:59', '12:00']);
    expect(await times('2023-03-12T11:57:59Z')).toEqual(['11:58', '11:59', '12:00']);
    expect(await times('2023-03-13T00:00:00Z')).toEqual(['12:00']);
  });

  it('repeats the close before in an open candle in which nothing traded yet', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:04:00Z');
    const rows = rowsOf(await get('kraken', ohlc(`pair=XBTUSD&since=${seconds('2023-03-11T00:03:00Z')}`)), 'XXBTZUSD');
    expect(rows).toEqual([[seconds('2023-03-11T00:04:00Z'), '20252.1', '20252.1', '20252.1', '20252.1', '0.0', '0.00000000', 0]]);
  });

  it('rolls the open hour up from its minutes', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:02:00Z');
    const rows = rowsOf(await get('kraken', ohlc(`pair=XBTUSD&interval=60&since=${seconds('2023-03-11T00:00:00Z')}`)), 'XXBTZUSD');
    expect(rows).toEqual([[seconds('2023-03-11T00:00:00Z'), '20224.7', '20233.8', '20218.2', '20231.3', '0.0', '0.49410731', 38]]);
  });

  it('has nothing between 22:01 and 22:13 of the outage of 2023-03-16, where it would fill otherwise', async () => {
    const { get, at } = await replay(OUTAGE, '2023-03-16T22:15:30Z');
    const times = async (query: string, since: string): Promise<string[]> =>
      timesOf(rowsOf(await get('kraken', ohlc(`pair=XBTUSD&${query}&since=${seconds(since)}`)), 'XXBTZUSD'));
    expect(await times('interval=1', '2023-03-16T21:59:00Z')).toEqual(['22:00', '22:13', '22:14', '22:15']);
    expect(await times('interval=5', '2023-03-16T21:55:00Z')).toEqual(['22:00', '22:10', '22:15']);
    at('2023-03-16T22:07:30Z');
    expect(await times('interval=1', '2023-03-16T21:59:00Z')).toEqual(['22:00']);
    expect(await times('interval=5', '2023-03-16T21:55:00Z')).toEqual(['22:00']);
    expect((await get('kraken', ohlc('pair=XBTUSD'))).json<Ohlc>().result.last).toBe(seconds('2023-03-16T22:00:00Z'));
  });

  it('adds nothing after the last recorded row', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-14T00:00:30Z');
    const { result } = (await get('kraken', ohlc('pair=XBTUSD'))).json<Ohlc>();
    expect(result['XXBTZUSD']?.at(-1)?.[0]).toBe(seconds('2023-03-12T23:59:00Z'));
    expect(result.last).toBe(seconds('2023-03-12T23:59:00Z'));
  });

  it('has no candle before the first recorded row', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-01T00:00:00Z');
    expect((await get('kraken', ohlc('pair=XBTUSD'))).text).toBe('{"error":[],"result":{"XXBTZUSD":[],"last":0}}');
  });

  it('lists pairs and assets', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:00:00Z');
    const keys = async (path: string): Promise<string[]> =>
      Object.keys((await get('kraken', path)).json<{ result: object }>().result).sort();
    expect(await keys('/0/public/AssetPairs')).toEqual(['USDCUSD', 'USDTZUSD', 'XBTUSDC', 'XBTUSDT', 'XXBTZUSD']);
    expect(await keys('/0/public/AssetPairs?pair=XBTUSD,USDTUSD')).toEqual(['USDTZUSD', 'XXBTZUSD']);
    expect(await keys('/0/public/Assets')).toEqual(['USDC', 'USDT', 'XXBT', 'ZUSD']);
    expect(await keys('/0/public/Assets?asset=XBT,ZUSD')).toEqual(['XXBT', 'ZUSD']);
  });

  it('builds pairs and assets that were not recorded', async () => {
    const { get } = await replay(
      smallFolder('kraken', 'BTC/EUR', { '1m': `${HEADER}\n1678492860000,10.25,12,9,11,1\n` }),
      '2023-03-11T00:02:00Z',
    );
    expect((await get('kraken', '/0/public/AssetPairs')).json()).toMatchObject({
      result: { XBTEUR: { wsname: 'XBT/EUR', base: 'XXBT', quote: 'ZEUR', pair_decimals: 2 } },
    });
    expect((await get('kraken', '/0/public/Assets')).json()).toMatchObject({
      result: { XXBT: { altname: 'XBT' }, ZEUR: { altname: 'EUR' } },
    });
    expect(rowsOf(await get('kraken', ohlc('pair=XBTEUR')), 'XBTEUR')).toEqual([
      [1678492860, '10.25', '12.00', '9.00', '11.00', '0.0', '1.00000000', 0],
    ]);
  });

  it('tells its time and that it is up', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:00:00Z');
    expect((await get('kraken', '/0/public/Time')).json()).toEqual({
      error: [],
      result: { unixtime: 1678492800, rfc1123: 'Sat, 11 Mar 23 00:00:00 +0000' },
    });
    expect((await get('kraken', '/0/public/SystemStatus')).json()).toEqual({
      error: [],
      result: { status: 'online', timestamp: '2023-03-11T00:00:00Z' },
    });
  });

  it.each([
    [ohlc('pair=NOPE'), 200, 'EQuery:Unknown asset pair'],
    [ohlc('interval=1'), 200, 'EGeneral:Invalid arguments'],
    [ohlc('pair=XBTUSD&interval=7'), 200, 'EGeneral:Invalid arguments:interval'],
    [ohlc('pair=XBTUSD&since=yesterday'), 200, 'EGeneral:Invalid arguments:since'],
    ['/0/public/AssetPairs?pair=XBTUSD,NOPE', 200, 'EQuery:Unknown asset pair'],
    ['/0/public/Assets?asset=NOPE', 200, 'EQuery:Unknown asset'],
    ['/0/public/Nope', 404, 'EGeneral:Unknown method'],
  ])('refuses %s', async (path, status, error) => {
    const { get } = await replay(
      smallFolder('kraken', 'BTC/USD', { '1m': `${HEADER}\n1678492860000,10,12,9,11,1\n` }),
      '2023-03-11T00:00:00Z',
    );
    const answer = await get('kraken', path);
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({ error: [error] });
  });
});
