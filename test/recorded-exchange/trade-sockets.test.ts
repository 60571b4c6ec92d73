import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Exchange } from '#core/exchange.ts';
import { startRecordedExchange, type RecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

type Json = Record<string, any>; // eslint-disable-line typescript/no-explicit-any

/** A venue in a recording's time, which the test moves; nothing is sent between two moves. */
async function venueAt(recording: string, nowText: string) {
  let now = Date.parse(nowText);
  const clock = { nowMs: () => now, sleepUntil: async () => {} };
  const exchange = await startRecordedExchange({
    recording: loadRecordingManifest(`recordings/${recording}`),
    clock,
    timer: createSystemTimer(),
  });
  open.push(exchange);
  return {
    exchange,
    passTo(text: string) {
      now = Date.parse(text);
      for (const sockets of Object.values(exchange.sockets)) sockets?.pump();
    },
  };
}

async function connect(exchange: RecordedExchange, venue: Exchange, path: string) {
  const socket = new WebSocket(`${exchange.webSocketUrls[venue]}${path}`);
  open.push({ close: () => socket.terminate() });
  const texts: string[] = [];
  const waiting: { readonly isThere: () => boolean; readonly resolve: () => void }[] = [];
  const check = (): void => {
    for (const one of waiting.filter(({ isThere }) => isThere())) waiting.splice(waiting.indexOf(one), 1)[0]?.resolve();
  };
  socket.on('message', (data: Buffer) => {
    texts.push(data.toString('utf8'));
    check();
  });
  const closed = new Promise<number>((resolve) => void socket.on('close', resolve));
  await new Promise((resolve, reject) => void socket.once('open', resolve).once('error', reject));
  const until = (isThere: (all: readonly string[]) => boolean): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ isThere: () => isThere(texts), resolve });
      check();
    });
  return {
    socket,
    texts,
    until,
    closed,
    send: (message: unknown) => socket.send(JSON.stringify(message)),
    json: () => texts.map((text) => JSON.parse(text) as Json),
  };
}

describe('Binance over the WebSocket', () => {
  const START = '2024-08-08T23:54:15Z';

  test('sends what was captured again, byte by byte, in order, when its time has come', async () => {
    const { exchange, passTo } = await venueAt('trades/binance-2024-08-08', START);
    const client = await connect(exchange, 'binance', '/stream');
    client.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'nosuch@trade'], id: 7 });
    await client.until((all) => all.length === 1);
    expect(client.json()[0]).toEqual({ result: null, id: 7 });
    passTo('2024-08-08T23:54:16Z');
    passTo('2024-08-08T23:54:20Z');
    await client.until((all) => all.length > 20);
    const trades = client.json().slice(1);
    expect(client.texts[1]).toBe(
      '{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}',
    );
    expect(trades.map(({ data }) => data.t)).toEqual(trades.map((_, index) => 3735683259 + index));
    expect(Math.max(...trades.map(({ data }) => data.E))).toBeLessThanOrEqual(Date.parse('2024-08-08T23:54:20Z'));
  });

  test('sends plain payloads at /ws, and both streams of a path', async () => {
    const { exchange, passTo } = await venueAt('trades/binance-2024-08-08', START);
    const plain = await connect(exchange, 'binance', '/ws/btcusdt@trade');
    const both = await connect(exchange, 'binance', '/stream?streams=btcusdt@trade/ethusdt@trade');
    passTo('2024-08-08T23:54:18Z');
    await plain.until((all) => all.length > 0);
    await both.until((all) => all.some((text) => text.includes('ETHUSDT')) && all.some((text) => text.includes('BTCUSDT')));
    expect(plain.json()[0]).toMatchObject({ e: 'trade', s: 'BTCUSDT', t: 3735683259, p: '61837.63000000' });
  });

  test('cuts a client that sends more than five messages in a second', async () => {
    const { exchange } = await venueAt('trades/binance-2024-08-08', START);
    const client = await connect(exchange, 'binance', '/ws');
    for (let id = 1; id <= 6; id += 1) client.send({ method: 'LIST_SUBSCRIPTIONS', id });
    expect(await client.closed).toBe(1008);
  });

  test('has no WebSocket at another path', async () => {
    const { exchange } = await venueAt('trades/binance-2024-08-08', START);
    const client = await connect(exchange, 'binance', '/v2');
    expect(await client.closed).toBe(1008);
  });

  test('serves past trades by id over REST, and none that are still to come', async () => {
    const { exchange } = await venueAt('trades/binance-2024-08-08', '2024-08-08T23:55:00Z');
    const url = `${exchange.urls.binance}/api/v3/historicalTrades?symbol=BTCUSDT`;
    const rows = (await (await fetch(`${url}&fromId=3735683300&limit=3`)).json()) as Json[];
    expect(rows.map(({ id }) => id)).toEqual([3735683300, 3735683301, 3735683302]);
    const newest = (await (await fetch(`${url}&limit=1`)).json()) as Json[];
    expect(newest[0]?.['time']).toBeLessThanOrEqual(Date.parse('2024-08-08T23:55:00Z'));
    expect((await fetch(`${url}&fromId=x`)).status).toBe(400);
  });
});

describe('Coinbase over the WebSocket', () => {
  test('sends a snapshot of older trades, newest first, then the whole set of subscriptions, then updates, all numbered', async () => {
    const { exchange, passTo } = await venueAt('trades/coinbase-2026-08-09', '2026-08-09T21:05:48.240Z');
    const client = await connect(exchange, 'coinbase', '/');
    client.send({ type: 'subscribe', channel: 'market_trades', product_ids: ['BTC-USD', 'ETH-USD', 'NO-USD'] });
    client.send({ type: 'subscribe', channel: 'heartbeats' });
    await client.until((all) => all.some((text) => text.includes('"heartbeats":["heartbeats"]')));
    passTo('2026-08-09T21:06:20Z');
    await client.until((all) => all.filter((text) => text.includes('"update"')).length >= 57);
    const numbered = client.json().filter(({ channel }) => channel !== undefined);
    expect(numbered.map(({ sequence_num }) => sequence_num)).toEqual(numbered.map((_, index) => index));
    expect(client.json().filter(({ type }) => type === 'error')).toHaveLength(1);
    const ids = (type: string, product: string): number[] =>
      numbered
        .filter(({ channel, events }) => channel === 'market_trades' && events[0].type === type)
        .flatMap(({ events }) => events[0].trades)
        .filter(({ product_id }) => product_id === product)
        .map(({ trade_id }) => Number(trade_id));
    const snapshot = ids('snapshot', 'BTC-USD');
    expect(snapshot).toHaveLength(100);
    expect(snapshot).toEqual([...snapshot].sort((a, b) => b - a));
    const updates = ids('update', 'BTC-USD').sort((a, b) => a - b);
    // The updates continue the snapshot without a hole.
    expect(updates).toEqual(updates.map((_, index) => Number(snapshot[0]) + 1 + index));
  });

  test('serves past trades of a span of seconds, newest first', async () => {
    const { exchange } = await venueAt('trades/coinbase-2026-08-09', '2026-08-09T21:06:00Z');
    const start = Date.parse('2026-08-09T21:05:50Z') / 1000;
    const answer = await fetch(
      `${exchange.urls.coinbase}/api/v3/brokerage/market/products/BTC-USD/ticker?limit=1000&start=${start}&end=${start + 5}`,
    );
    const ids = ((await answer.json()) as Json)['trades'].map(({ trade_id }: Json) => Number(trade_id)) as number[];
    expect(ids.length).toBeGreaterThan(5);
    expect(ids).toEqual(ids.map((_, index) => Number(ids[0]) - index));
  });
});

describe('Kraken over the WebSocket', () => {
  test('acknowledges each symbol, refuses an unknown one, and sends the trades of one millisecond in one message', async () => {
    const { exchange, passTo } = await venueAt('trades/kraken-2023-11', '2023-11-17T00:00:00Z');
    const client = await connect(exchange, 'kraken', '/v2');
    client.send({ method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USDT', 'NO/USD'], snapshot: false }, req_id: 3 });
    await client.until((all) => all.length === 3);
    const [status, ack, refusal] = client.json();
    expect([status?.['channel'], ack?.['success'], ack?.['result']?.symbol, refusal?.['success']]).toEqual([
      'status',
      true,
      'BTC/USDT',
      false,
    ]);
    passTo('2023-11-17T00:10:00Z');
    await client.until((all) => all.some((text) => JSON.parse(text).data?.length > 1));
    const rows = client
      .json()
      .filter(({ channel }) => channel === 'trade')
      .flatMap(({ data }) => data);
    expect(rows[0]).toEqual({
      symbol: 'BTC/USDT',
      side: 'buy',
      price: 36160.9,
      qty: 0.00039906,
      ord_type: 'limit',
      trade_id: 5504897,
      timestamp: '2023-11-17T00:00:06.662000Z',
    });
    expect(rows.map(({ trade_id }) => trade_id)).toEqual(rows.map((_, index) => 5504897 + index));
  });

  test('serves past trades from a time on', async () => {
    const { exchange } = await venueAt('trades/kraken-2023-11', '2023-11-17T01:00:00Z');
    const answer = await fetch(`${exchange.urls.kraken}/0/public/Trades?pair=XBTUSDT&since=1700179206661999999&count=2`);
    const { result } = (await answer.json()) as Json;
    expect(result.XBTUSDT.map((row: unknown[]) => row[6])).toEqual([5504897, 5504898]);
  });

  test('makes trades up where a recording has candles only', async () => {
    const { exchange, passTo } = await venueAt('.', '2023-03-11T00:00:00Z');
    const client = await connect(exchange, 'kraken', '/v2');
    client.send({ method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: true } });
    await client.until((all) => all.some((text) => text.includes('"snapshot","data"')));
    passTo('2023-03-11T00:01:00Z');
    await client.until((all) => all.filter((text) => text.includes('"update","data":[{')).length >= 4);
    expect(client.json().find(({ type, channel }) => channel === 'trade' && type === 'snapshot')?.['data']).toHaveLength(50);
  });
});

describe('on demand the WebSocket', () => {
  async function krakenClient() {
    const { exchange, passTo } = await venueAt('trades/kraken-2023-11', '2023-11-17T00:00:00Z');
    const sockets = exchange.sockets.kraken;
    if (sockets === undefined) throw new Error('no sockets');
    const client = await connect(exchange, 'kraken', '/v2');
    const subscribe = { method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USDT'] } };
    const tradeIds = (): number[] =>
      client
        .json()
        .filter(({ channel }) => channel === 'trade')
        .flatMap(({ data }) => data.map((row: Json) => row['trade_id']));
    return { exchange, passTo, sockets, client, subscribe, tradeIds };
  }

  test('leaves out trades that REST still has', async () => {
    const { passTo, sockets, client, subscribe, tradeIds } = await krakenClient();
    client.send(subscribe);
    await client.until((all) => all.length === 2);
    sockets.faults.inject({ kind: 'lose trades', symbol: symbolOf('BTC/USDT'), count: 2 });
    passTo('2023-11-17T00:05:00Z');
    await client.until(() => tradeIds().length > 3);
    expect(tradeIds()[0]).toBe(5504899);
  });

  test('goes silent for one symbol and comes back', async () => {
    const { passTo, sockets, client, subscribe, tradeIds } = await krakenClient();
    client.send(subscribe);
    await client.until((all) => all.length === 2);
    const takeBack = sockets.faults.inject({ kind: 'silent symbol', symbol: symbolOf('BTC/USDT') });
    passTo('2023-11-17T00:05:00Z');
    takeBack();
    passTo('2023-11-17T00:10:00Z');
    await client.until(() => tradeIds().length > 0);
    expect(Number(tradeIds()[0])).toBeGreaterThan(5504897);
  });

  test('repeats messages, sends frames that mean nothing, and stops reading and writing without a word', async () => {
    const { passTo, sockets, client, subscribe, tradeIds } = await krakenClient();
    client.send(subscribe);
    await client.until((all) => all.length === 2);
    passTo('2023-11-17T00:01:00Z');
    await client.until(() => tradeIds().length >= 3);
    const before = tradeIds();
    sockets.faults.inject({ kind: 'repeat messages', count: 2 });
    await client.until(() => tradeIds().length === before.length + 2);
    expect(tradeIds().slice(-2)).toEqual(before.slice(-2));
    sockets.faults.inject({ kind: 'send frames', frames: ['{"half'] });
    await client.until((all) => all.includes('{"half'));
    sockets.faults.inject({ kind: 'stall' });
    const count = client.texts.length;
    passTo('2023-11-17T01:00:00Z');
    const other = await connectAgain();
    expect([client.texts.length, client.socket.readyState, other.texts.length > 0]).toEqual([count, WebSocket.OPEN, true]);

    async function connectAgain() {
      const second = await connect(
        open.find((part): part is RecordedExchange => 'webSocketUrls' in part) as RecordedExchange,
        'kraken',
        '/v2',
      );
      await second.until((all) => all.length > 0);
      return second;
    }
  });

  test('cuts connections at the point that was asked for, as often as it was asked for', async () => {
    const { exchange, sockets, client, subscribe } = await krakenClient();
    sockets.faults.inject({ kind: 'cut', at: 'subscribe', count: 1 });
    client.send(subscribe);
    expect(await client.closed).toBe(1006);
    sockets.faults.inject({ kind: 'refuse handshake', status: 429, retryAfterSeconds: 3, count: 1 });
    await expect(connect(exchange, 'kraken', '/v2')).rejects.toThrow(/429/);
    sockets.faults.inject({ kind: 'cut', at: 'handshake', count: 1 });
    await expect(connect(exchange, 'kraken', '/v2')).rejects.toThrow(/hang up|ECONNRESET/);
    const last = await connect(exchange, 'kraken', '/v2');
    await last.until((all) => all.length > 0);
    expect(sockets.counts().open).toBe(1);
  });
});
