import type { Server } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Timer } from '#core/ports/timer.ts';
import { createSocketFaults, type SocketFault, type SocketFaults } from './socket-faults.ts';
import type { SocketClient, SocketProtocol, TradedMarket } from './socket-protocol.ts';
import type { VenueMarket } from './venue-market.ts';

const PUMP_MS = 25;
const BEAT_MS = 1000;
const PING_EVERY_BEATS = 20;
const MAX_PAYLOAD_BYTES = 1 << 20;

export type TradeSocketsOptions = {
  readonly server: Server;
  readonly protocol: SocketProtocol;
  readonly markets: readonly VenueMarket[];
  readonly nowMs: () => number;
  readonly timer: Timer;
};

/** The WebSocket of one venue. */
export type TradeSockets = {
  readonly faults: SocketFaults;
  /** Open connections now, all since the start, and all messages that clients have sent. */
  counts(): { readonly open: number; readonly accepted: number; readonly received: number };
  /** Sends what has happened since the last time. Happens by itself; tests call it at a time of their choice. */
  pump(): void;
  close(): void;
};

type Connection = { readonly socket: WebSocket; readonly raw: Duplex; client: SocketClient | undefined; isStalled: boolean; beats: number };

/** Sends the trades of the markets' tapes to whoever has subscribed, as the clock passes them. Trades of a time nobody listened in are not sent. */
export function createTradeSockets({ server, protocol, markets, nowMs, timer }: TradeSocketsOptions): TradeSockets {
  const traded = markets.filter((market): market is TradedMarket => market.tape !== undefined);
  const connections = new Set<Connection>();
  const count = { accepted: 0, received: 0 };
  const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_PAYLOAD_BYTES });
  let isOpen = true;

  const write = (connection: Connection, text: string): void => {
    if (!connection.isStalled && connection.socket.readyState === connection.socket.OPEN) connection.socket.send(text);
  };
  const act = (fault: SocketFault): void => {
    for (const connection of connections) {
      if (fault.kind === 'stall') stall(connection);
      else if (fault.kind === 'send frames') for (const frame of fault.frames) write(connection, frame);
      else if (fault.kind === 'announce shutdown') connection.client?.announceShutdown();
      else if (fault.kind === 'cut' && fault.at === 'now') cut(connection);
    }
    if (fault.kind === 'repeat messages') news.repeat(fault.count);
  };
  const faults = createSocketFaults(act);
  const news = createNews(traded, connections, faults, nowMs);

  const accept = (request: IncomingMessage, raw: Duplex, head: Buffer): void => {
    const refused = faults.use('refuse handshake', () => true);
    if (refused !== undefined) return refuse(raw, refused.status, refused.retryAfterSeconds);
    if (faults.use('cut', ({ at }) => at === 'handshake') !== undefined) return void raw.destroy();
    return acceptor.handleUpgrade(request, raw, head, (socket) => open(socket, raw, request.url ?? '/'));
  };
  const open = (socket: WebSocket, raw: Duplex, target: string): void => {
    count.accepted += 1;
    const connection: Connection = { socket, raw, client: undefined, isStalled: false, beats: 0 };
    socket.on('error', () => cut(connection));
    socket.on('close', () => connections.delete(connection));
    if (faults.use('cut', ({ at }) => at === 'open') !== undefined) return socket.close(1000);
    const peer = { send: (text: string) => write(connection, text), close: (code: number, reason: string) => socket.close(code, reason) };
    connection.client = protocol(target, { peer, markets: traded, nowMs, monotonicMs: () => timer.monotonicMs(), faults });
    if (connection.client === undefined) return socket.close(1008, 'no such path');
    connections.add(connection);
    // Whoever subscribes gets what happens from then on.
    socket.on('message', (data) => {
      count.received += 1;
      if (faults.use('cut', ({ at }) => at === 'subscribe') !== undefined) return cut(connection);
      news.pump();
      // One buffer, the way `ws` hands messages over unless it is told otherwise.
      return connection.client?.receive((data as Buffer).toString('utf8'));
    });
    return undefined;
  };

  const beat = (): void => {
    for (const connection of connections) {
      if (connection.isStalled) continue;
      connection.beats += 1;
      connection.client?.beat();
      if (connection.beats % PING_EVERY_BEATS === 0 && connection.socket.readyState === connection.socket.OPEN) connection.socket.ping();
    }
  };
  const repeatEvery = (delayMs: number, action: () => void): void => {
    timer.after(delayMs, () => {
      if (!isOpen) return;
      action();
      repeatEvery(delayMs, action);
    });
  };
  server.on('upgrade', accept);
  repeatEvery(PUMP_MS, news.pump);
  repeatEvery(BEAT_MS, beat);

  return {
    faults,
    counts: () => ({ open: connections.size, ...count }),
    pump: news.pump,
    close() {
      isOpen = false;
      for (const connection of connections) cut(connection);
      acceptor.close();
    },
  };
}

/** Brings the trades of the tapes to the subscribers as the clock passes them. */
function createNews(
  traded: readonly TradedMarket[],
  connections: ReadonlySet<Connection>,
  faults: SocketFaults,
  nowMs: () => number,
): { readonly pump: () => void; readonly repeat: (newest: number) => void } {
  let sentUntilMs = nowMs();
  const repeat = (newest: number): void => {
    for (const market of traded) {
      const messages = market.tape.messages(0, sentUntilMs).slice(-newest);
      for (const connection of subscribersOf(market)) for (const message of messages) connection.client?.sendTrades(market, message);
    }
  };
  const subscribersOf = (market: TradedMarket): Connection[] =>
    [...connections].filter(({ client }) => client?.isSubscribed(market) === true);

  const pump = (): void => {
    const now = nowMs();
    if (now <= sentUntilMs) return;
    for (const market of traded) {
      const subscribers = subscribersOf(market);
      if (subscribers.length > 0) sendNews(market, subscribers, now);
    }
    sentUntilMs = now;
  };
  const sendNews = (market: TradedMarket, subscribers: readonly Connection[], now: number): void => {
    const isSilent = faults.all('silent symbol').some(({ symbol }) => symbol === market.symbol);
    for (const message of market.tape.messages(sentUntilMs, now)) {
      const isLost = faults.use('lose trades', ({ symbol }) => symbol === market.symbol) !== undefined;
      if (isSilent || isLost) continue;
      for (const connection of subscribers) {
        connection.client?.sendTrades(market, message);
        if (faults.use('cut', ({ at }) => at === 'first trade') !== undefined) cut(connection);
      }
    }
  };
  return { pump, repeat };
}

function cut({ raw }: Connection): void {
  raw.destroy();
}

/** Neither reads nor writes any more, and does not say so. */
function stall(connection: Connection): void {
  connection.isStalled = true;
  connection.raw.pause();
}

function refuse(raw: Duplex, status: number, retryAfterSeconds: number | undefined): void {
  const retryAfter = retryAfterSeconds === undefined ? '' : `Retry-After: ${retryAfterSeconds}\r\n`;
  raw.end(`HTTP/1.1 ${status} Refused\r\n${retryAfter}Content-Length: 0\r\nConnection: close\r\n\r\n`);
}
