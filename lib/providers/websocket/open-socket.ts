import { WebSocket } from 'ws';
import type { Timer } from '#core/ports/timer.ts';

/** Why a socket is no more. `httpStatus` is set when the exchange answered the handshake with something else than 101. */
export type SocketEnd = {
  readonly reason: string;
  readonly httpStatus: number | undefined;
  readonly retryAfterMs: number | undefined;
};

export type SocketHandlers = {
  onOpen(): void;
  onText(text: string): void;
  /** A frame that is no text: no exchange sends one here. */
  onBinary(): void;
  /** A WebSocket ping or pong of the other side. */
  onPing(): void;
  onPong(): void;
  /** Once, last. */
  onEnd(end: SocketEnd): void;
};

export type Socket = {
  send(text: string): void;
  ping(): void;
  /** Says goodbye, and cuts the connection when the other side does not answer. */
  close(): void;
  /** Cuts the connection now: a dead peer answers no goodbye. */
  terminate(): void;
};

export type OpenSocket = (url: string, handlers: SocketHandlers) => Socket;

export const HANDSHAKE_TIMEOUT_MS = 10_000;
const GOODBYE_TIMEOUT_MS = 2000;

/** Far more than any message of trades; `ws` itself would take 100 MiB. */
const MAX_MESSAGE_BYTES = 1 << 20;

/**
 * So many texts, and the socket is not read for a moment. One read after the other would keep everything else from its turn while a burst
 * lasts, the sinks' answers and deadlines among it; the rest of the burst waits in the network.
 */
const TEXTS_A_TURN = 500;

/** Sockets of the `ws` package. Compression is off: it costs more time than the few bytes are worth. */
export function createSocketOpener(timer: Timer): OpenSocket {
  return (url, handlers) => {
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      followRedirects: false,
      headers: { 'User-Agent': 'tidemark/0.1 (market data)' },
    });
    let problem: string | undefined;
    let refusal: Pick<SocketEnd, 'httpStatus' | 'retryAfterMs'> = { httpStatus: undefined, retryAfterMs: undefined };

    socket.on('open', handlers.onOpen);
    let texts = 0;
    const restAfterMany = (): void => {
      texts = (texts + 1) % TEXTS_A_TURN;
      if (texts > 0) return;
      socket.pause();
      timer.after(0, () => socket.resume());
    };

    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return handlers.onBinary();
      restAfterMany();
      return handlers.onText(data.toString());
    });
    socket.on('ping', handlers.onPing);
    socket.on('pong', handlers.onPong);
    socket.on('unexpected-response', (request, response) => {
      problem = `the handshake was answered with HTTP status ${response.statusCode ?? 'unknown'}`;
      refusal = { httpStatus: response.statusCode, retryAfterMs: retryAfterMs(response.headers['retry-after']) };
      request.destroy();
      socket.terminate();
    });
    // Without a listener an error ends the process. `close` always follows.
    socket.on('error', (error) => {
      problem ??= error.message;
    });
    socket.on('close', (code, reason) => {
      const words = reason.length === 0 ? '' : ` "${reason.toString().slice(0, 100)}"`;
      handlers.onEnd({ reason: problem ?? `closed with code ${code}${words}`, ...refusal });
    });

    return {
      send(text) {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      ping() {
        if (socket.readyState === WebSocket.OPEN) socket.ping();
      },
      close() {
        socket.close(1000);
        const cancel = timer.after(GOODBYE_TIMEOUT_MS, () => socket.terminate());
        socket.once('close', cancel);
      },
      terminate: () => socket.terminate(),
    };
  };
}

/** Seconds, as exchanges send it; a date is not understood and the default is taken. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
