import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Exchange } from '#core/exchange.ts';
import type { FaultMode, FaultPlan } from '#core/fault-plan.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { RecordingManifest } from '#core/recording.ts';
import { createFaultDesk, type FaultDesk } from './fault-desk.ts';
import { faultyAnswer } from './faulty-answer.ts';
import { requestTarget } from './request-target.ts';
import { sendAnswer } from './send-answer.ts';
import { scheduleSocketFaults, type SocketSchedule } from './socket-fault-schedule.ts';
import { createTradeSockets, type TradeSockets } from './trade-sockets.ts';
import { openVenue, type OpenedVenue } from './venue.ts';
import type { VenueAnswer, VenueProtocol } from './venue-protocol.ts';

const HOST = '127.0.0.1';
/** Longer than the ticks of a live run are apart, so that clients keep their connections. */
const KEEP_ALIVE_MS = 90_000;

const NO_FAULTS: FaultPlan = { seed: 0, rules: [] };

export type RecordedExchangeOptions = {
  readonly recording: RecordingManifest;
  /** The only time that is known here: it decides what has happened yet, and stamps the answers. */
  readonly clock: Clock;
  /** Paces the WebSockets; without it there are none. */
  readonly timer?: Timer | undefined;
  /** Everything happens so much later than it was recorded: a whole number of hours, so that candles stay on their grids. */
  readonly shiftMs?: number;
  /** Port of a venue; a free one is taken where none is given. */
  readonly ports?: Readonly<Partial<Record<Exchange, number>>>;
  /** What goes wrong, and the timer that paces bodies that drip. */
  readonly faults?: { readonly plan: FaultPlan; readonly timer: Timer } | undefined;
};

type RequestCount = {
  readonly all: number;
  /** Answered with a status of 400 or above. */
  readonly refused: number;
};

export type RecordedExchange = {
  /** Origin of each venue of the recording, such as `http://127.0.0.1:43210`. */
  readonly urls: Readonly<Partial<Record<Exchange, string>>>;
  /** Of each venue's WebSocket, such as `ws://127.0.0.1:43210`, without a path; empty without a timer. */
  readonly webSocketUrls: Readonly<Partial<Record<Exchange, string>>>;
  /** Each venue's WebSocket, for faults and counts. */
  readonly sockets: Readonly<Partial<Record<Exchange, TradeSockets>>>;
  /** Requests of each venue since the start. */
  readonly requests: () => Readonly<Partial<Record<Exchange, RequestCount>>>;
  /** How often each kind of fault of the plan was really done. */
  readonly injected: () => Readonly<Partial<Record<FaultMode, number>>>;
  /** Ends the servers and every open connection. */
  readonly close: () => Promise<void>;
};

type Venue = {
  readonly exchange: Exchange;
  readonly server: Server;
  readonly sockets: TradeSockets | undefined;
  readonly schedule: SocketSchedule | undefined;
  readonly count: { all: number; refused: number };
};

/**
 * Starts one HTTP server a venue on 127.0.0.1 that answers in the venue's own protocol what it would have answered at the
 * clock's time. Reads the whole recording first. Throws `ConfigError` for bad files; rejects when a port is taken.
 */
export async function startRecordedExchange(options: RecordedExchangeOptions): Promise<RecordedExchange> {
  const { recording, timer, shiftMs = 0, ports = {} } = options;
  const desk = createFaultDesk(options.faults?.plan ?? NO_FAULTS);
  const exchanges = [...new Set([...recording.series, ...recording.trades].map(({ exchange }) => exchange))];
  const venues = exchanges.map((exchange) => createVenue(exchange, openVenue(recording, exchange, shiftMs), { ...options, desk }));
  const close = async (): Promise<void> => {
    for (const { sockets, schedule } of venues) {
      schedule?.close();
      sockets?.close();
    }
    await Promise.all(venues.map(({ server }) => closed(server)));
  };
  try {
    await Promise.all(venues.map(({ exchange, server }) => listening(server, ports[exchange] ?? 0)));
  } catch (cause) {
    await close();
    throw cause;
  }
  return {
    urls: Object.fromEntries(venues.map(({ exchange, server }) => [exchange, `http://${HOST}:${portOf(server)}`])),
    webSocketUrls: Object.fromEntries(
      timer === undefined ? [] : venues.map(({ exchange, server }) => [exchange, `ws://${HOST}:${portOf(server)}`]),
    ),
    sockets: Object.fromEntries(venues.flatMap(({ exchange, sockets }) => (sockets === undefined ? [] : [[exchange, sockets]]))),
    requests: () => Object.fromEntries(venues.map(({ exchange, count }) => [exchange, { ...count }])),
    injected: desk.injected,
    close,
  };
}

type VenueParts = Pick<RecordedExchangeOptions, 'clock' | 'timer' | 'faults'> & { readonly desk: FaultDesk };

function createVenue(exchange: Exchange, { protocol, socket, markets }: OpenedVenue, parts: VenueParts): Venue {
  const { clock, timer, faults, desk } = parts;
  const count = { all: 0, refused: 0 };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const nowMs = clock.nowMs();
    const { path, query } = targetOf(request);
    const own = answerTo(protocol, request.method, path, query, nowMs);
    const target = requestTarget(path, query, markets);
    const drawn = desk.drawFor(exchange, target, nowMs);
    const { answer, connection } = faultyAnswer(own, drawn, { exchange, target, query, markets, nowMs }, desk);
    count.all += 1;
    if (answer.status >= 400) count.refused += 1;
    const sending = { isHead: request.method === 'HEAD', isRefusedMethod: own.status === 405, nowMs, timer: faults?.timer };
    sendAnswer(response, answer, connection, sending);
  });
  if (timer === undefined) return { exchange, server, sockets: undefined, schedule: undefined, count };
  const nowMs = (): number => clock.nowMs();
  const sockets = createTradeSockets({ server, protocol: socket, markets, nowMs, timer });
  const schedule =
    faults === undefined
      ? undefined
      : scheduleSocketFaults({
          exchange,
          plan: faults.plan,
          faults: sockets.faults,
          symbols: markets.map(({ symbol }) => symbol),
          nowMs,
          timer,
          onInject: desk.count,
        });
  return { exchange, server, sockets, schedule, count };
}

function targetOf(request: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  return {
    path: mark === -1 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)),
  };
}

function answerTo(protocol: VenueProtocol, method: string | undefined, path: string, query: URLSearchParams, nowMs: number): VenueAnswer {
  if (method !== 'GET' && method !== 'HEAD') return protocol.refusal(405, path);
  return protocol.answer({ path, query, nowMs }) ?? protocol.refusal(404, path);
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The only error is "not running", which is what is wanted.
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
