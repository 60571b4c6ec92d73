import { describe, expect, test } from 'vitest';
import type { Logger } from '#core/ports/logger.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { createLiveFeed } from '#providers/websocket/live-feed.ts';
import { feedWorld, marketSymbol, QUIET } from './feed-world.ts';
import { scriptedServer } from './scripted-server.ts';
import { seededRandom, settle, START_MS } from './virtual-time.ts';
import { WIRES } from './wires.ts';

// The traps of section 5 of the exchange study that concern the client, by their numbers. Times are virtual.

const EXCHANGES = ['binance', 'coinbase', 'kraken'] as const;
const MINUTE_MS = 60_000;

/** Most messages that a socket sent within any second. */
function mostInASecond(sent: readonly { readonly atMs: number }[]): number {
  return Math.max(...sent.map(({ atMs }) => sent.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1000).length));
}

function logged(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const note = (event: string): void => void lines.push(event);
  return { lines, debug: note, info: note, warn: note, error: note };
}

describe.each(EXCHANGES)('a feed of %s', (exchange) => {
  test('delivers every trade from its subscription on, each once, and tells each symbol once', async () => {
    const world = feedWorld(exchange);
    await world.run(5 * MINUTE_MS);
    for (const symbol of world.wire.symbols) {
      const ids = world.idsOf(symbol);
      expect(ids.length).toBeGreaterThan(590);
      expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => ids[0]! + index));
    }
    expect(
      world
        .of('subscribed')
        .map(({ symbol }) => symbol)
        .sort(),
    ).toEqual(world.wire.symbols.toSorted());
    expect(world.feed.health()).toMatchObject({ openSockets: 1, connects: 1, refusedPayloads: 0, droppedEvents: 0 });
  });

  test('T29: notices a symbol that is confirmed and never trades', async () => {
    const logger = logged();
    const world = feedWorld(exchange, { logger });
    const [ghost] = world.wire.symbols;
    world.server.behaviour.silentIds.add(world.wire.idOf(ghost!));
    await world.run(90_000);
    expect(world.of('interrupted').map(({ symbols, cause }) => [symbols, cause])).toEqual([[[ghost], 'silent']]);
    expect(world.feed.health().symbols.get(marketSymbol(ghost!))).toBe('silent');
    expect(logger.lines).toContain('symbols fell silent');
  });

  test('T30: is not fooled by answers and heartbeats without data: subscribes again, then takes another socket, then has patience', async () => {
    const world = feedWorld(exchange);
    world.server.behaviour.subscribe = 'dead';
    await world.run(MINUTE_MS + 5000);
    expect(world.server.attemptsMs).toHaveLength(1);
    const subscribes = world.server.newest().sent.filter(({ text }) => text !== 'ping' && world.wire.read(text).method === 'subscribe');
    expect(subscribes).toHaveLength(2);
    await world.run(3 * MINUTE_MS);
    expect(world.server.attemptsMs).toHaveLength(2);
    await world.run(60 * MINUTE_MS);
    expect(world.server.attemptsMs.length).toBeLessThanOrEqual(5);
    expect([...world.feed.health().symbols.values()]).toEqual(['silent', 'silent', 'silent']);
    world.server.behaviour.subscribe = 'answer';
    await world.run(60 * MINUTE_MS);
    expect([...world.feed.health().symbols.values()]).toEqual(['live', 'live', 'live']);
  });

  test('T31: cuts a half-open socket off within 15 s, with heartbeats or without', async () => {
    const world = feedWorld(exchange);
    await world.run(20_000);
    world.server.newest().isCut = true;
    await world.run(15_000);
    expect(world.of('interrupted').map(({ cause }) => cause)).toEqual(['stalled']);
    expect(world.server.sockets[0]!.isOpen).toBe(false);
  });

  test.each([1, 2, 3, 4, 5])(
    'T32: is closed right after each connect, and tries 20 times in 10 minutes at most (seed %i)',
    async (seed) => {
      const world = feedWorld(exchange, { seed });
      world.server.behaviour.closeAfterMs = 5;
      await world.run(10 * MINUTE_MS);
      expect(world.server.attemptsMs.length).toBeLessThanOrEqual(20);
      expect(world.server.attemptsMs.length).toBeGreaterThan(8);
    },
  );

  test('T33: does not take an answer, or 50 s of data, for health: the delays go on growing', async () => {
    const world = feedWorld(exchange);
    world.server.behaviour.closeAfterMs = 50_000;
    await world.run(20 * MINUTE_MS);
    const gaps = world.server.attemptsMs.slice(1).map((ms, index) => ms - world.server.attemptsMs[index]! - 50_000);
    expect(gaps.at(-1)).toBeGreaterThan(30_000);
    expect(gaps.length).toBeLessThan(18);
  });

  test('forgets past failures after a minute of data', async () => {
    const world = feedWorld(exchange);
    world.server.behaviour.closeAfterMs = 90_000;
    await world.run(30 * MINUTE_MS);
    const gaps = world.server.attemptsMs.slice(1).map((ms, index) => ms - world.server.attemptsMs[index]! - 90_000);
    expect(gaps.length).toBeGreaterThan(15);
    expect(Math.max(...gaps)).toBeLessThan(1200);
  });

  test('T35, T36: sends no more messages than allowed, for 60 symbols, pings and all', async () => {
    const [, quote] = WIRES[exchange].symbols[0]!.split('/');
    const symbols = Array.from({ length: 60 }, (_, index) => `A${index}/${quote}`);
    const world = feedWorld(exchange, { symbols, tradeMs: 2000 });
    await world.run(2 * MINUTE_MS);
    for (const { sent } of world.server.sockets) expect(mostInASecond(sent)).toBeLessThanOrEqual(4);
    expect(new Set(world.feed.health().symbols.values())).toEqual(new Set(['live']));
  });

  test('T44: reports one bad symbol among 20, and has the 19 others', async () => {
    const [, quote] = WIRES[exchange].symbols[0]!.split('/');
    const symbols = Array.from({ length: 20 }, (_, index) => `A${index}/${quote}`);
    const world = feedWorld(exchange, { symbols });
    world.server.behaviour.rejectedIds.add(world.wire.idOf(`A7/${quote}`));
    await world.run(30_000);
    expect(world.of('symbol refused').map(({ symbol }) => symbol)).toEqual([`A7/${quote}`]);
    expect([...world.feed.health().symbols].filter(([, state]) => state !== 'live')).toEqual([[`A7/${quote}`, 'refused']]);
    expect(world.server.attemptsMs).toHaveLength(1);

    world.server.behaviour.rejectedIds.clear();
    await world.run(12 * MINUTE_MS);
    expect(world.feed.health().symbols.get(marketSymbol(`A7/${quote}`))).toBe('live');
    expect(world.server.attemptsMs).toHaveLength(1);
  });

  test('asks four times for a subscription that is not answered, then gives the socket up', async () => {
    const world = feedWorld(exchange);
    world.server.behaviour.subscribe = 'silent';
    await world.run(44_500);
    const asked = world.server.sockets[0]!.sent.filter(({ text }) => text !== 'ping' && world.wire.read(text).method === 'subscribe');
    expect(asked).toHaveLength(4);
    expect(world.of('interrupted').map(({ cause }) => cause)).toEqual(['stalled']);
  });

  test('C20: lets an answer to another request, an error after an answer, and heartbeats alone change nothing', async () => {
    const world = feedWorld(exchange);
    await world.run(10_000);
    const socket = world.server.newest();
    for (const text of world.wire.acks({ method: 'subscribe', ids: [], request: 999 }, [])) socket.say(text);
    socket.say(world.wire.rejection({ method: 'subscribe', ids: [], request: 999 }, 'NOSUCH'));
    await world.run(10_000);
    expect([...world.feed.health().symbols.values()]).toEqual(['live', 'live', 'live']);
    expect([world.of('interrupted'), world.of('symbol refused'), world.server.attemptsMs.length]).toEqual([[], [], 1]);
  });

  test('T50: drops and counts what a blocked consumer does not take, keeps its socket, and tells what was missed', async () => {
    const world = feedWorld(exchange, { tradeMs: 10, queueLimit: 1000 });
    await world.run(1000);
    world.hold();
    await settle();
    for (let second = 0; second < 60; second++) world.time.advance(1000);
    expect(world.feed.health().droppedEvents).toBeGreaterThan(15_000);
    expect([world.feed.health().openSockets, world.server.attemptsMs.length]).toEqual([1, 1]);
    world.letGo();
    for (let step = 0; step < 20; step++) await world.run(100);
    const overflow = world.of('interrupted').filter(({ cause }) => cause === 'overflow');
    expect(overflow.map(({ symbols }) => symbols.toSorted())).toEqual([world.wire.symbols.toSorted()]);
    expect(world.of('subscribed')).toHaveLength(6);
    for (const symbol of world.wire.symbols) expect(world.idsOf(symbol).at(-1)).toBeGreaterThan(world.server.newestTradeId(symbol) - 10);
  });

  test('T54: ends at the signal, with its timers called off and its socket closed', async () => {
    const world = feedWorld(exchange);
    await world.run(10_000);
    world.abort.abort();
    await world.consumed;
    expect([world.server.open(), world.feed.health().openSockets]).toEqual([[], 0]);
    const attempts = world.server.attemptsMs.length;
    await world.run(5 * MINUTE_MS);
    expect(world.server.attemptsMs).toHaveLength(attempts);
  });

  test('T54: ends while it waits to connect', async () => {
    const world = feedWorld(exchange);
    world.server.behaviour.handshake = 'refuse';
    await world.run(20_000);
    world.abort.abort();
    await world.consumed;
    const attempts = world.server.attemptsMs.length;
    await world.run(MINUTE_MS);
    expect(world.server.attemptsMs).toHaveLength(attempts);
  });

  test('T54: ends over a real socket, whose server sees it go', async () => {
    const wire = WIRES[exchange];
    const server = await scriptedServer();
    const timer = createSystemTimer();
    const clock = { nowMs: () => START_MS, sleepUntil: () => Promise.reject(new Error('nothing here sleeps by the clock')) };
    const feed = createLiveFeed({ protocol: wire.protocol, wsUrl: server.url, clock, timer, random: seededRandom(1), logger: QUIET });
    const abort = new AbortController();
    const [symbol] = wire.symbols;
    const iterator = feed.events([marketSymbol(symbol!)], abort.signal)[Symbol.asyncIterator]();
    const first = iterator.next();
    const peer = await server.accepted();
    expect(peer.request.url).toBe({ binance: '/stream', coinbase: '/', kraken: '/v2' }[exchange]);
    let asked = wire.read(await peer.next());
    if (asked.method === 'other') asked = wire.read(await peer.next());
    expect(asked).toMatchObject({ method: 'subscribe', ids: [wire.idOf(symbol!)] });
    peer.socket.send(wire.trade(wire.idOf(symbol!), 5001, START_MS));
    expect(await first).toEqual({ done: false, value: { kind: 'subscribed', symbol, atMs: START_MS } });
    expect((await iterator.next()).value).toMatchObject({ kind: 'trades', trades: [{ symbol, id: '5001', price: '100.5', side: 'sell' }] });
    const closed = new Promise((resolve) => {
      peer.socket.once('close', resolve);
    });
    abort.abort();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await closed).toBe(1000);
  });

  test('is not begun by a signal that is over already', async () => {
    const world = feedWorld(exchange);
    world.abort.abort();
    await world.consumed;
    expect(world.events).toEqual([]);
  });
});

describe('an exchange that bans', () => {
  test.each([
    [{ status: 429, retryAfterMs: 17_000 }, 17_000],
    [{ status: 429 }, 120_000],
    [{ status: 418 }, 120_000],
  ])('by %o in the handshake is left alone as long as it says, or two minutes', async (handshake, pauseMs) => {
    const world = feedWorld('binance');
    world.server.behaviour.handshake = handshake;
    await world.run(1000);
    world.server.behaviour.handshake = 'accept';
    await world.run(pauseMs - 2000);
    expect(world.server.attemptsMs).toHaveLength(1);
    expect(world.of('interrupted').map(({ cause }) => cause)).toEqual(['refused']);
    await world.run(4000);
    expect(world.server.attemptsMs).toHaveLength(2);
  });

  test.each([403, 451])('by status %i is named in the log with a cure', async (status) => {
    const logger = logged();
    const world = feedWorld('binance', { logger });
    world.server.behaviour.handshake = { status };
    await world.run(1000);
    expect(logger.lines).toContain('an exchange refuses this address; set ws_url to a host that serves it');
  });
});

describe('a replacement', () => {
  test('that is refused leaves the old socket as it is, and is tried again later, with growing delays', async () => {
    const world = feedWorld('binance');
    await world.run(10_000);
    world.server.behaviour.handshake = 'refuse';
    world.server.newest().say(world.wire.shutdown!);
    await world.run(MINUTE_MS);
    expect([world.server.open().length, world.of('interrupted')]).toEqual([1, []]);
    expect(world.server.attemptsMs.length).toBeLessThan(12);
    world.server.behaviour.handshake = 'accept';
    await world.run(MINUTE_MS);
    expect([world.server.open().length, world.server.sockets.length, world.of('interrupted')]).toEqual([1, 2, []]);
  });

  test('takes over at once when the old socket ends first, and only what it has not confirmed counts as interrupted', async () => {
    const world = feedWorld('binance');
    await world.run(10_000);
    const old = world.server.newest();
    world.server.behaviour.subscribe = 'silent';
    old.say(world.wire.shutdown!);
    await world.run(1000);
    old.close();
    await world.run(1000);
    expect(world.of('interrupted').map(({ symbols }) => symbols)).toEqual([world.wire.symbols]);
    world.server.behaviour.subscribe = 'answer';
    await world.run(12_000);
    expect([world.server.sockets.length, [...world.feed.health().symbols.values()]]).toEqual([2, ['live', 'live', 'live']]);
  });

  test('that is told to end before it took over takes over, and is replaced in its turn', async () => {
    const world = feedWorld('binance');
    await world.run(10_000);
    world.server.newest().say(world.wire.shutdown!);
    world.time.advance(60);
    expect(world.server.sockets).toHaveLength(2);
    world.server.newest().say(world.wire.shutdown!);
    await world.run(10_000);
    expect([world.server.sockets.length, world.server.maxOpen(), world.server.open().length, world.of('interrupted')]).toEqual([
      3,
      2,
      1,
      [],
    ]);
  });

  test('without any answer is given up after 30 s', async () => {
    const world = feedWorld('binance');
    await world.run(10_000);
    world.server.behaviour.subscribe = 'silent';
    world.server.newest().say(world.wire.shutdown!);
    await world.run(35_000);
    expect([world.server.maxOpen(), world.server.sockets[0]!.isOpen, world.server.sockets[1]!.isOpen]).toEqual([2, true, false]);
    expect(world.of('interrupted')).toEqual([]);
  });
});

describe('Kraken', () => {
  test('T36: is asked again, and slower, for what it lost when it says that messages came too fast', async () => {
    const world = feedWorld('kraken');
    world.server.behaviour.subscribe = 'silent';
    await world.run(500);
    world.server.behaviour.subscribe = 'answer';
    world.server.newest().say('{"Error":"Exceeded msg rate"}');
    await world.run(3000);
    expect([...world.feed.health().symbols.values()]).toEqual(['live', 'live', 'live']);
    expect(world.of('payload refused').map(({ reason }) => reason)).toEqual(['we sent too many messages: Exceeded msg rate']);
    const [first, second] = world.server.newest().sent;
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(2400);
  });
});

describe('Coinbase', () => {
  test('T37, T38: is sent the heartbeats and the markets as soon as the socket is open', async () => {
    const world = feedWorld('coinbase');
    await world.run(2000);
    const { sent, openedMs } = world.server.newest();
    expect(sent.map(({ text }) => (JSON.parse(text) as { channel: string }).channel)).toEqual(['heartbeats', 'market_trades']);
    expect(sent[0]!.atMs).toBe(openedMs);
    expect(sent[1]!.atMs - openedMs).toBeLessThan(500);
  });

  test('has its lost messages counted, by their numbers', async () => {
    const world = feedWorld('coinbase');
    await world.run(2000);
    for (const sequence of [7, 8, 12]) world.server.newest().say(`{"channel":"heartbeats","sequence_num":${sequence},"events":[]}`);
    await world.run(1000);
    expect(world.of('payload refused').map(({ reason }) => reason)).toEqual([
      '3 messages of this connection are missing, by their numbers',
    ]);
  });

  test('T42: has its snapshots marked as such', async () => {
    const world = feedWorld('coinbase');
    await world.run(2000);
    world.server.newest().say(world.wire.trade('BTC-USD', 7, START_MS).replace('"update"', '"snapshot"'));
    await world.run(100);
    expect(
      world
        .of('trades')
        .filter(({ isSnapshot }) => isSnapshot)
        .map(({ trades }) => trades.map(({ id }) => id)),
    ).toEqual([['7']]);
  });
});

test('more symbols than one connection takes are spread evenly over several', async () => {
  const symbols = Array.from({ length: 130 }, (_, index) => `A${index}/USD`);
  const world = feedWorld('coinbase', { symbols, tradeMs: 5000 });
  await world.run(20_000);
  expect(world.server.open().map(({ ids }) => ids.size)).toEqual([44, 43, 43]);
  expect(world.feed.health().symbols.size).toBe(130);
});

test('a quiet market is left alone: its usual gaps are learned', async () => {
  const world = feedWorld('kraken', { tradeMs: 55_000 });
  await world.run(4 * 60 * MINUTE_MS);
  expect([world.of('interrupted'), world.server.attemptsMs.length]).toEqual([[], 1]);
});
