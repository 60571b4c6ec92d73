import { describe, expect, test } from 'vitest';
import { FeedLink, type LinkHandlers } from '#providers/websocket/feed-link.ts';
import type { SocketHandlers } from '#providers/websocket/open-socket.ts';
import { marketSymbol } from './feed-world.ts';
import { START_MS, virtualTime } from './virtual-time.ts';
import { WIRES } from './wires.ts';

const { kraken } = WIRES;
const END = { reason: 'closed', httpStatus: undefined, retryAfterMs: undefined };

/** A link whose socket says what the test lets it say, also when it should be silent. */
function linked() {
  const time = virtualTime();
  const heard: string[] = [];
  const note =
    (what: string) =>
    (...facts: readonly unknown[]): void =>
      void heard.push(`${what} ${facts.map((fact) => (fact as { cause?: string }).cause ?? '').join('')}`.trim());
  const handlers: LinkHandlers = {
    onTrades: note('trades'),
    onConfirmed: note('confirmed'),
    onRejected: note('rejected'),
    onUnconfirmed: note('unconfirmed'),
    onClosing: note('closing'),
    onRefused: note('refused'),
    onFrame() {},
    onEnd: note('end'),
  };
  const did: string[] = [];
  let socket!: SocketHandlers;
  const symbols = [marketSymbol('BTC/USD')];
  const counters = { openSockets: 0, messages: 0 };
  const link = new FeedLink({
    protocol: kraken.protocol,
    url: 'ws://127.0.0.1:1',
    symbols,
    wanted: symbols,
    requestSize: { current: 10 },
    openSocket(_url, told) {
      socket = told;
      return {
        send: () => void did.push('send'),
        ping: () => void did.push('ping'),
        close: () => void did.push('close'),
        terminate: () => void did.push('terminate'),
      };
    },
    clock: time.clock,
    timer: time.timer,
    counters,
    handlers,
  });
  const sayEverything = (): void => {
    socket.onOpen();
    socket.onText(kraken.trade('BTC/USD', 1, START_MS));
    socket.onText('{"half');
    socket.onBinary();
    socket.onPing();
    socket.onPong();
  };
  return { time, heard, did, link, counters, sayEverything, socket: () => socket };
}

describe('a link', () => {
  test('is heard while it lives', () => {
    const { heard, counters, sayEverything } = linked();
    sayEverything();
    expect(heard).toEqual(['confirmed', 'trades', 'refused', 'refused']);
    expect(counters).toEqual({ openSockets: 1, messages: 2 });
  });

  test('is not heard after it was closed, and has no timer left', async () => {
    const { time, heard, did, link, counters, socket, sayEverything } = linked();
    socket().onOpen();
    const closed = link.close();
    sayEverything();
    time.advance(60_000);
    socket().onEnd(END);
    await closed;
    expect([heard, did, time.pending(), counters]).toEqual([[], ['send', 'close'], 0, { openSockets: 0, messages: 0 }]);
  });

  test('is not heard after it failed, which it says once', () => {
    const { time, heard, did, counters, socket, sayEverything } = linked();
    socket().onOpen();
    time.advance(15_000);
    sayEverything();
    socket().onEnd(END);
    expect(heard).toEqual(['end stalled']);
    expect(did.at(-1)).toBe('terminate');
    expect([time.pending(), counters]).toEqual([0, { openSockets: 0, messages: 0 }]);
  });

  test('whose handshake takes longer than 10 s is given up, and does not open later', () => {
    const { time, heard, did, counters, sayEverything } = linked();
    time.advance(9999);
    expect(heard).toEqual([]);
    time.advance(1);
    sayEverything();
    expect([heard, did, counters.openSockets]).toEqual([['end handshake'], ['terminate'], 0]);
  });
});
