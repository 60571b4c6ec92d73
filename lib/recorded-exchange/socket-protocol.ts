import type { VenueMarket } from './venue-market.ts';
import type { SocketFaults } from './socket-faults.ts';
import type { TapeMessage, TapeTrade } from './trade-tape.ts';

/** The client at the other end of a WebSocket. */
type SocketPeer = {
  send(text: string): void;
  close(code: number, reason: string): void;
};

type SocketContext = {
  readonly peer: SocketPeer;
  /** Markets that have trades. */
  readonly markets: readonly TradedMarket[];
  readonly nowMs: () => number;
  /** Monotonic, of this machine: for limits and heartbeats. */
  readonly monotonicMs: () => number;
  readonly faults: SocketFaults;
};

export type TradedMarket = VenueMarket & { readonly tape: NonNullable<VenueMarket['tape']> };

/** One connection as its venue sees it. */
export type SocketClient = {
  /** A text message of the client. */
  receive(text: string): void;
  isSubscribed(market: TradedMarket): boolean;
  /** Sends trades of a subscribed market in one message. */
  sendTrades(market: TradedMarket, message: TapeMessage): void;
  /** Called about once a second of the machine's time. */
  beat(): void;
  /** Tells that the venue will close the connection, where it has a word for that. */
  announceShutdown(): void;
};

/** Undefined when the venue has no WebSocket at this path (with its query). */
export type SocketProtocol = (target: string, context: SocketContext) => SocketClient | undefined;

/** A JSON object, or undefined for everything else. */
export function jsonObjectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Counts what a client sends; true when it is more than `limit` within a second. */
export function createRateLimit(limit: number, monotonicMs: () => number): () => boolean {
  let recent: number[] = [];
  return () => {
    const now = monotonicMs();
    recent = [...recent.filter((timeMs) => timeMs > now - 1000), now];
    return recent.length > limit;
  };
}

/** `2023-11-17T00:00:06.662000Z`, or the recorded text. */
export function rfc3339(trade: Pick<TapeTrade, 'timeMs' | 'timeText'>): string {
  return trade.timeText ?? new Date(trade.timeMs).toISOString().replace('Z', '000Z');
}
