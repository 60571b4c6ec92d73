import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HEADER, RECORDINGS, replay, seconds, smallFolder } from './replay.ts';

type Candle = { start: string; low: string; high: string; open: string; close: string; volume: string };

const OUTAGE = join(RECORDINGS, 'outages/coinbase-2023-03-04');
const PRODUCTS = '/api/v3/brokerage/market/products';

function candles(id: string, granularity: string, start: string | number, end: string | number, more = ''): string {
  const [from, to] = [start, end].map((time) => (typeof time === 'number' ? time : seconds(time)));
  return `${PRODUCTS}/${id}/candles?start=${from}&end=${to}&granularity=${granularity}${more}`;
}

const startsOf = (answer: { json<T>(): T }): string[] =>
  answer.json<{ candles: Candle[] }>().candles.map(({ start }) => new Date(Number(start) * 1000).toISOString().slice(11, 16));

describe('the recorded Coinbase', () => {
  it('writes exact texts, newest first, start and end inclusive', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T12:00:00Z');
    const answer = await get('coinbase', candles('BTC-USDT', 'ONE_MINUTE', 1678498980, 1678499040));
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      '{"candles":[{"start":"1678499040","low":"20590.87","high":"20630.36","open":"20627.35","close":"20597.09","volume":"3.48241513"},' +
        '{"start":"1678498980","low":"20585.61","high":"20662.22","open":"20585.61","close":"20629.02","volume":"2.43786318"}]}',
    );
  });

  it('leaves minutes without trades out, and the newest rows within the limit', async () => {
    const folder = smallFolder('coinbase', 'BTC/USD', {
      '1m': `${HEADER}\n1678492800000,10,12,9,11,1\n1678492980000,13,13,13,13,1\n1678493040000,14,14,14,14,1\n`,
    });
    const { get } = await replay(folder, '2023-03-11T01:00:00Z');
    const rows = async (more: string): Promise<string[]> =>
      startsOf(await get('coinbase', candles('BTC-USD', 'ONE_MINUTE', '2023-03-11T00:00:00Z', '2023-03-11T00:04:59Z', more)));
    expect(await rows('')).toEqual(['00:04', '00:03', '00:00']);
    expect(await rows('&limit=2')).toEqual(['00:04', '00:03']);
  });

  it('shows the open candle from its first trade on', async () => {
    const folder = smallFolder('coinbase', 'BTC/USD', { '1m': `${HEADER}\n1678492800000,10,12,9,11,1\n1678492860000,13,15,12,14,0.11\n` });
    const { get, at } = await replay(folder, '2023-03-11T00:01:00Z');
    const newest = async (): Promise<Candle | undefined> =>
      (await get('coinbase', candles('BTC-USD', 'ONE_MINUTE', '2023-03-11T00:00:00Z', '2023-03-11T00:01:59Z'))).json<{
        candles: Candle[];
      }>().candles[0];
    expect(await newest()).toMatchObject({ start: '1678492800' });
    at('2023-03-11T00:01:05Z');
    expect(await newest()).toMatchObject({ start: '1678492800' });
    at('2023-03-11T00:01:06Z');
    expect(await newest()).toEqual({ start: '1678492860', low: '13', high: '13', open: '13', close: '13', volume: '0.01' });
    at('2023-03-11T00:01:59.999Z');
    expect(await newest()).toEqual({ start: '1678492860', low: '12', high: '15', open: '13', close: '14', volume: '0.1' });
  });

  it('refuses more than 350 candles in its own words and serves 350', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T12:00:00Z');
    const many = (buckets: number): string =>
      candles('BTC-USD', 'ONE_MINUTE', seconds('2023-03-11T05:00:00Z'), seconds('2023-03-11T05:00:00Z') + (buckets - 1) * 60);
    expect(startsOf(await get('coinbase', many(350)))).toHaveLength(350);
    const refused = await get('coinbase', many(351));
    expect(refused.status).toBe(400);
    expect(refused.json()).toMatchObject({ error: 'INVALID_ARGUMENT', message: 'number of candles requested should be less than 350' });
  });

  it('has nothing between 17:00 and 21:37 of the outage of 2023-03-04, in no timeframe', async () => {
    const { get, at } = await replay(OUTAGE, '2023-03-04T23:00:00Z');
    const rows = async (granularity: string, start: string, end: string): Promise<string[]> =>
      startsOf(await get('coinbase', candles('BTC-USD', granularity, start, end)));
    expect(await rows('ONE_MINUTE', '2023-03-04T16:58:00Z', '2023-03-04T21:00:00Z')).toEqual(['16:59', '16:58']);
    expect(await rows('ONE_MINUTE', '2023-03-04T21:00:00Z', '2023-03-04T21:38:00Z')).toEqual(['21:38', '21:37']);
    expect(await rows('FIVE_MINUTE', '2023-03-04T16:55:00Z', '2023-03-04T21:40:00Z')).toEqual(['21:40', '21:35', '16:55']);
    expect(await rows('ONE_HOUR', '2023-03-04T16:00:00Z', '2023-03-04T22:00:00Z')).toEqual(['22:00', '21:00', '16:00']);
    at('2023-03-04T19:30:00Z');
    expect(await rows('ONE_HOUR', '2023-03-04T16:00:00Z', '2023-03-04T22:00:00Z')).toEqual(['16:00']);
  });

  it('lists its products, and none of the kinds that were not recorded', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:00:00Z');
    const ids = async (query: string): Promise<string[]> =>
      (await get('coinbase', `${PRODUCTS}${query}`)).json<{ products: { product_id: string }[] }>().products.map((one) => one.product_id);
    expect((await ids('')).sort()).toEqual(['BTC-USD', 'BTC-USDT', 'USDT-USD']);
    expect(await ids('?product_type=FUTURE')).toEqual([]);
    expect(await ids('?product_type=FUTURE&contract_expiry_type=PERPETUAL')).toEqual([]);
    expect((await get('coinbase', `${PRODUCTS}/USDT-USD`)).json()).toMatchObject({ product_id: 'USDT-USD', quote_increment: '0.00001' });
  });

  it('answers what clients ask besides', async () => {
    const { get } = await replay(RECORDINGS, '2023-03-11T00:00:00.500Z');
    expect((await get('coinbase', '/v2/currencies')).json()).toEqual({ data: [] });
    expect((await get('coinbase', '/v2/currencies/crypto')).json()).toEqual({ data: [] });
    expect((await get('coinbase', '/v2/exchange-rates')).json()).toMatchObject({ data: { rates: {} } });
    expect((await get('coinbase', '/api/v3/brokerage/time')).json()).toEqual({
      iso: '2023-03-11T00:00:00Z',
      epochSeconds: '1678492800',
      epochMillis: '1678492800500',
    });
  });

  it.each([
    [candles('NOPE-USD', 'ONE_MINUTE', 0, 60), 404, 'NOT_FOUND'],
    [`${PRODUCTS}/NOPE-USD`, 404, 'NOT_FOUND'],
    [`${PRODUCTS}/BTC-USD/book`, 404, 'NOT_FOUND'],
    ['/api/v4/time', 404, 'NOT_FOUND'],
    [candles('BTC-USD', 'FOUR_HOURS', 0, 60), 400, 'INVALID_ARGUMENT'],
    [`${PRODUCTS}/BTC-USD/candles?granularity=ONE_MINUTE`, 400, 'INVALID_ARGUMENT'],
    [`${PRODUCTS}/BTC-USD/candles?granularity=ONE_MINUTE&start=a&end=60`, 400, 'INVALID_ARGUMENT'],
    [candles('BTC-USD', 'ONE_MINUTE', 0, 60, '&limit=0'), 400, 'INVALID_ARGUMENT'],
    [candles('BTC-USD', 'ONE_MINUTE', 0, 60, '&limit=351'), 400, 'INVALID_ARGUMENT'],
  ])('refuses %s', async (path, status, error) => {
    const { get } = await replay(
      smallFolder('coinbase', 'BTC/USD', { '1m': `${HEADER}\n1678492860000,10,12,9,11,1\n` }),
      '2023-03-11T00:00:00Z',
    );
    const answer = await get('coinbase', path);
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ error });
  });
});
