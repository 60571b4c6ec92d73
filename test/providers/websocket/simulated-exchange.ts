import type { OpenSocket, SocketEnd, SocketHandlers } from '#providers/websocket/open-socket.ts';
import { START_MS, type VirtualTime } from './virtual-time.ts';
import type { Asked, Wire } from './wires.ts';

const LATENCY_MS = 20;
const END: SocketEnd = { reason: 'closed', httpStatus: undefined, retryAfterMs: undefined };

/** How the exchange behaves from now on; a test changes it at will. */
type Behaviour = {
  /** `hang`: packets are lost. */
  handshake: 'accept' | 'refuse' | 'hang' | { readonly status: number; readonly retryAfterMs?: number };
  /** `drop`: closes. `silent`: no answer, no data. `lost answer`: data without an answer. `dead`: an answer without data. */
  subscribe: 'answer' | 'drop' | 'silent' | 'lost answer' | 'dead';
  /** Closes that long after a socket opened. */
  closeAfterMs: number | null;
  /** Closes after the first trade on a socket. */
  closeAfterTrade: boolean;
  readonly silentIds: Set<string>;
  readonly rejectedIds: Set<string>;
};

type SimulatedSocket = {
  readonly openedMs: number;
  readonly sent: { readonly atMs: number; readonly text: string }[];
  readonly ids: Set<string>;
  isOpen: boolean;
  /** Nothing goes through any more, in either direction, and nobody says so. */
  isCut: boolean;
  say(text: string): void;
  sayBinary(): void;
  close(): void;
};

export type SimulatedExchange = {
  readonly behaviour: Behaviour;
  readonly attemptsMs: number[];
  readonly sockets: SimulatedSocket[];
  readonly openSocket: OpenSocket;
  open(): readonly SimulatedSocket[];
  newest(): SimulatedSocket;
  maxOpen(): number;
  /** Ids of the trades that happened, whoever heard of them. */
  newestTradeId(symbol: string): number;
  /** These many trades happen and nobody is told. */
  skip(symbol: string, count: number): void;
  stop(): void;
};

/** An exchange without a network, in virtual time: it speaks the real texts, and fails as it is told. Trades happen every `tradeMs`. */
export function simulatedExchange(wire: Wire, time: VirtualTime, tradeMs = 500): SimulatedExchange {
  const behaviour: Behaviour = {
    handshake: 'accept',
    subscribe: 'answer',
    closeAfterMs: null,
    closeAfterTrade: false,
    silentIds: new Set(),
    rejectedIds: new Set(),
  };
  const sockets: SimulatedSocket[] = [];
  const attemptsMs: number[] = [];
  const tradeIds = new Map(wire.symbols.map((symbol) => [symbol, 1000]));
  let most = 0;
  let isStopped = false;
  const open = (): readonly SimulatedSocket[] => sockets.filter(({ isOpen }) => isOpen);

  const repeat = (everyMs: number, action: () => void): void => {
    time.timer.after(everyMs, () => {
      if (isStopped) return;
      action();
      repeat(everyMs, action);
    });
  };
  repeat(tradeMs, () => {
    for (const symbol of wire.symbols) {
      const tradeId = tradeIds.get(symbol)! + 1;
      tradeIds.set(symbol, tradeId);
      const id = wire.idOf(symbol);
      for (const socket of open()) {
        if (!socket.ids.has(id) || behaviour.silentIds.has(id) || behaviour.subscribe === 'dead') continue;
        socket.say(wire.trade(id, tradeId, START_MS + time.nowMs()));
        if (behaviour.closeAfterTrade) socket.close();
      }
    }
  });
  const { heartbeat } = wire;
  if (heartbeat !== null) repeat(1000, () => open().forEach((socket) => socket.say(heartbeat)));

  const answer = (socket: SimulatedSocket, asked: Asked): void => {
    if (asked.method === 'unsubscribe') for (const id of asked.ids) socket.ids.delete(id);
    if (asked.method !== 'subscribe') return;
    if (behaviour.subscribe === 'drop') socket.close();
    if (behaviour.subscribe === 'drop' || behaviour.subscribe === 'silent') return;
    const bad = asked.ids.filter((id) => behaviour.rejectedIds.has(id));
    const good = bad.length > 0 && wire.protocol.exchange !== 'kraken' ? [] : asked.ids.filter((id) => !bad.includes(id));
    for (const id of good) socket.ids.add(id);
    if (behaviour.subscribe === 'lost answer') return;
    for (const id of bad.slice(0, wire.protocol.exchange === 'kraken' ? bad.length : 1)) socket.say(wire.rejection(asked, id));
    if (good.length > 0) for (const text of wire.acks({ ...asked, ids: good }, [...socket.ids])) socket.say(text);
  };

  const accept = (handlers: SocketHandlers): SimulatedSocket => {
    const deliver = (action: () => void): void => {
      time.timer.after(LATENCY_MS, () => {
        if (!socket.isCut) action();
      });
    };
    const socket: SimulatedSocket = {
      openedMs: time.nowMs(),
      sent: [],
      ids: new Set(),
      isOpen: true,
      isCut: false,
      say: (text) => deliver(() => socket.isOpen && handlers.onText(text)),
      sayBinary: () => deliver(() => socket.isOpen && handlers.onBinary()),
      close() {
        if (!socket.isOpen) return;
        socket.isOpen = false;
        deliver(() => handlers.onEnd(END));
      },
    };
    sockets.push(socket);
    most = Math.max(most, open().length);
    if (behaviour.closeAfterMs !== null) time.timer.after(behaviour.closeAfterMs, () => !socket.isCut && socket.close());
    return socket;
  };

  const openSocket: OpenSocket = (_url, handlers) => {
    attemptsMs.push(time.nowMs());
    let socket: SimulatedSocket | undefined;
    let isGone = false;
    const end = (facts: Partial<SocketEnd>): void => {
      if (!isGone) handlers.onEnd({ ...END, ...facts });
      isGone = true;
    };
    time.timer.after(LATENCY_MS, () => {
      const { handshake } = behaviour;
      if (isGone || handshake === 'hang') return;
      if (handshake === 'accept') {
        socket = accept(handlers);
        handlers.onOpen();
      } else if (handshake === 'refuse') end({ reason: 'connect ECONNREFUSED' });
      else end({ reason: `HTTP ${handshake.status}`, httpStatus: handshake.status, retryAfterMs: handshake.retryAfterMs });
    });
    const leave = (): void => {
      if (socket === undefined) end({ reason: 'given up in the handshake' });
      else if (socket.isOpen) {
        socket.isOpen = false;
        handlers.onEnd(END);
      }
    };
    return {
      send(text) {
        if (socket?.isOpen !== true) return;
        const peer = socket;
        peer.sent.push({ atMs: time.nowMs(), text });
        time.timer.after(LATENCY_MS, () => peer.isOpen && !peer.isCut && answer(peer, wire.read(text)));
      },
      ping() {
        if (socket?.isOpen !== true) return;
        const peer = socket;
        peer.sent.push({ atMs: time.nowMs(), text: 'ping' });
        time.timer.after(2 * LATENCY_MS, () => peer.isOpen && !peer.isCut && handlers.onPong());
      },
      close: leave,
      terminate: leave,
    };
  };

  return {
    behaviour,
    attemptsMs,
    sockets,
    openSocket,
    open,
    newest: () => sockets.at(-1)!,
    maxOpen: () => most,
    newestTradeId: (symbol) => tradeIds.get(symbol)!,
    skip: (symbol, count) => void tradeIds.set(symbol, tradeIds.get(symbol)! + count),
    stop() {
      isStopped = true;
    },
  };
}
