import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { RecordingManifest } from '#core/recording.ts';
import { createTradeSockets, type TradeSockets } from './trade-sockets.ts';
import { openVenue, type OpenedVenue } from './venue.ts';
import type { VenueAnswer, VenueProtocol } from './venue-protocol.ts';

const HOST = '127.0.0.1';
/** Longer than the ticks of a live run are apart, so that clients keep their connections. */
const KEEP_ALIVE_MS = 90_000;

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
  /** Ends the servers and every open connection. */
  readonly close: () => Promise<void>;
};

type Venue = {
  readonly exchange: Exchange;
  readonly server: Server;
  readonly sockets: TradeSockets | undefined;
  readonly count: { all: number; refused: number };
};

/**
 * Starts one HTTP server a venue on 127.0.0.1 that answers in the venue's own protocol what it would have answered at the
 * clock's time. Reads the whole recording first. Throws `ConfigError` for bad files; rejects when a port is taken.
 */
export async function startRecordedExchange({
  recording,
  clock,
  timer,
  shiftMs = 0,
  ports = {},
}: RecordedExchangeOptions): Promise<RecordedExchange> {
  const exchanges = [...new Set([...recording.series, ...recording.trades].map(({ exchange }) => exchange))];
  const venues = exchanges.map((exchange) => createVenue(exchange, openVenue(recording, exchange, shiftMs), clock, timer));
  const close = async (): Promise<void> => {
    for (const { sockets } of venues) sockets?.close();
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
    close,
  };
}

function createVenue(exchange: Exchange, { protocol, socket, markets }: OpenedVenue, clock: Clock, timer: Timer | undefined): Venue {
  const count = { all: 0, refused: 0 };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const nowMs = clock.nowMs();
    const answer = answerTo(protocol, request, nowMs);
    count.all += 1;
    if (answer.status >= 400) count.refused += 1;
    send(response, request.method === 'HEAD', answer, nowMs);
  });
  const sockets =
    timer === undefined ? undefined : createTradeSockets({ server, protocol: socket, markets, nowMs: () => clock.nowMs(), timer });
  return { exchange, server, sockets, count };
}

function answerTo(protocol: VenueProtocol, request: IncomingMessage, nowMs: number): VenueAnswer {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  if (request.method !== 'GET' && request.method !== 'HEAD') return protocol.refusal(405, path);
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1));
  return protocol.answer({ path, query, nowMs }) ?? protocol.refusal(404, path);
}

function send(response: ServerResponse, isHead: boolean, answer: VenueAnswer, nowMs: number): void {
  // Node would stamp the machine's time.
  response.sendDate = false;
  response.writeHead(answer.status, {
    ...answer.headers,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(answer.body),
    Date: new Date(nowMs).toUTCString(),
    ...(answer.status === 405 ? { Allow: 'GET, HEAD' } : {}),
  });
  response.end(isHead ? undefined : answer.body);
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
