import { describe, expect, onTestFinished, test } from 'vitest';
import type { FeedEvent } from '#core/trade-feed.ts';
import type { Exchange } from '#core/exchange.ts';
import { createCcxtWebSocket } from '#providers/ccxt/ccxt-web-socket.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { handTimer } from '../../std/hand-timer.ts';
import { marketSymbol, QUIET } from '../websocket/feed-world.ts';
import { scriptedServer, type Peer } from '../websocket/scripted-server.ts';
import { settle, START_MS } from '../websocket/virtual-time.ts';
import { WIRES } from '../websocket/wires.ts';

const clock = { nowMs: () => START_MS, sleepUntil: () => Promise.reject(new Error('nothing here sleeps by the clock')) };

function listen(exchange: Exchange, symbols: readonly string[], wsUrl: string, timer = createSystemTimer()) {
  const feed = createCcxtWebSocket({ exchange, wsUrl, clock, timer, random: { next: () => 0 }, logger: QUIET });
  const abort = new AbortController();
  const iterator = feed.events(symbols.map(marketSymbol), abort.signal)[Symbol.asyncIterator]();
  onTestFinished(async () => {
    abort.abort();
    await iterator.return?.(undefined);
  });
  const next = async (): Promise<FeedEvent | undefined> => {
    const { value } = (await iterator.next()) as IteratorResult<FeedEvent, undefined>;
    return value;
  };
  return { feed, abort, next };
}

/** Answers Kraken's subscriptions as it does. */
async function answerKraken(peer: Peer): Promise<void> {
  const asked = WIRES.kraken.read(await peer.next());
  for (const text of WIRES.kraken.acks(asked, asked.ids)) peer.socket.send(text);
}

describe('live trades over ccxt', () => {
  test('T55: come over plain ws:// too, checked, exact, and by configuration alone', async () => {
    const server = await scriptedServer();
    const { feed, next } = listen('kraken', ['BTC/USD', 'ETH/EUR'], server.url);
    const first = next();
    const peer = await server.accepted();
    expect(peer.request.url).toBe('/v2');
    await answerKraken(peer);
    peer.socket.send(WIRES.kraken.trade('BTC/USD', 5001, START_MS + 5));
    expect(await first).toEqual({ kind: 'subscribed', symbol: 'BTC/USD', atMs: START_MS });
    const trade = {
      exchange: 'kraken',
      symbol: 'BTC/USD',
      id: '5001',
      price: '100.5',
      size: '0.01',
      side: 'sell',
      eventTimeMs: START_MS + 5,
      receivedAtMs: START_MS,
    };
    expect(await next()).toEqual({ kind: 'trades', trades: [trade], isSnapshot: false });
    expect(feed.health()).toMatchObject({ connects: 1, trades: 1, openSockets: 1 });
    expect([...feed.health().symbols]).toEqual([
      ['BTC/USD', 'live'],
      ['ETH/EUR', 'pending'],
    ]);
  });

  test.each([
    ['coinbase', 'BTC/USD'],
    ['binance', 'BTC/USDT'],
  ] as const)('come from %s as well', async (exchange, symbol) => {
    const server = await scriptedServer();
    const { next } = listen(exchange, [symbol], server.url);
    const first = next();
    const peer = await server.accepted();
    const wire = WIRES[exchange];
    const asked = wire.read(await peer.next());
    for (const text of wire.acks(asked, asked.ids)) peer.socket.send(text);
    peer.socket.send(wire.trade(wire.idOf(symbol), 7, START_MS + 1));
    expect(await first).toMatchObject({ kind: 'subscribed', symbol });
    expect(await next()).toMatchObject({ kind: 'trades', trades: [{ exchange, symbol, id: '7', price: '100.5', side: 'sell' }] });
  });

  test('from before the client began are a snapshot, and what is no trade is refused', async () => {
    const server = await scriptedServer();
    const { feed, next } = listen('kraken', ['BTC/USD'], server.url);
    const first = next();
    const peer = await server.accepted();
    await answerKraken(peer);
    peer.socket.send(WIRES.kraken.trade('BTC/USD', 5000, START_MS - 1000));
    await first;
    expect(await next()).toMatchObject({ kind: 'trades', isSnapshot: true });
    const refused = next();
    peer.socket.send(WIRES.kraken.trade('BTC/USD', 5001, START_MS + 5).replace('100.5', '-1'));
    expect(await refused).toMatchObject({ kind: 'payload refused', reason: 'price "-1" is not a number above 0' });
    expect(feed.health().refusedPayloads).toBe(1);
  });

  test('that stop coming are noticed, told, and asked for over a new client', async () => {
    const server = await scriptedServer();
    const timer = handTimer();
    const { feed, next } = listen('kraken', ['BTC/USD'], server.url, timer);
    const first = next();
    const peer = await server.accepted();
    await answerKraken(peer);
    peer.socket.send(WIRES.kraken.trade('BTC/USD', 5001, START_MS + 5));
    await first;
    await next();
    const told = next();
    await settle();
    timer.advance(60_000);
    expect(await told).toEqual({ kind: 'interrupted', symbols: ['BTC/USD'], cause: 'stalled', atMs: START_MS });
    const again = next();
    const second = await server.accepted();
    await answerKraken(second);
    second.socket.send(WIRES.kraken.trade('BTC/USD', 5002, START_MS + 6));
    expect(await again).toMatchObject({ kind: 'subscribed' });
    expect(feed.health().connects).toBe(2);
  });

  test('that are cut off are told as closed', async () => {
    const server = await scriptedServer();
    const { next } = listen('kraken', ['BTC/USD'], server.url);
    const first = next();
    const peer = await server.accepted();
    await answerKraken(peer);
    peer.socket.send(WIRES.kraken.trade('BTC/USD', 5001, START_MS + 5));
    await first;
    await next();
    const told = next();
    peer.socket.terminate();
    expect(await told).toMatchObject({ kind: 'interrupted', cause: 'closed' });
  });

  test('end at the signal, and close their socket', async () => {
    const server = await scriptedServer();
    const { feed, abort, next } = listen('kraken', ['BTC/USD'], server.url);
    const first = next();
    const peer = await server.accepted();
    await answerKraken(peer);
    const closed = new Promise((resolve) => {
      peer.socket.once('close', resolve);
    });
    abort.abort();
    expect(await first).toBeUndefined();
    await closed;
    expect(feed.health().openSockets).toBe(0);
  });
});
