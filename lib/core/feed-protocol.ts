import type { Exchange } from './exchange.ts';
import type { RefusedRow } from './ports/exchange-rest-api.ts';
import type { MarketSymbol } from './symbol.ts';
import type { Trade } from './trade.ts';

/** One text frame of an exchange, in our words. */
export type FeedMessage =
  /** Each symbol's trades in ascending order of ids. A snapshot holds trades from before the subscription. */
  | { readonly kind: 'trades'; readonly trades: readonly Trade[]; readonly refused: readonly RefusedRow[]; readonly isSnapshot: boolean }
  /** These symbols are subscribed now; `symbols` is null when the message only names its request. */
  | { readonly kind: 'acknowledged'; readonly symbols: readonly MarketSymbol[] | null; readonly requestId: number | null }
  /** The exchange does not serve these; both null when the message does not say what it is about. */
  | {
      readonly kind: 'rejected';
      readonly symbols: readonly MarketSymbol[] | null;
      readonly requestId: number | null;
      readonly reason: string;
    }
  /** We sent more messages than allowed: what was asked may be lost. */
  | { readonly kind: 'rate limited'; readonly reason: string }
  /** Proof of life without data. */
  | { readonly kind: 'heartbeat' }
  /** The exchange is about to close this connection. */
  | { readonly kind: 'closing'; readonly reason: string }
  /** Well-formed, and nothing for us: another channel, a type that did not exist when this was written. */
  | { readonly kind: 'ignored' }
  /** Not what this exchange may send. */
  | { readonly kind: 'garbage'; readonly reason: string }
  | { readonly kind: 'several'; readonly messages: readonly FeedMessage[] };

/** The talk over one socket: what is said, and what the answers mean. Made anew for each socket. */
export type FeedSession = {
  /** Sent once, as soon as the socket is open. */
  readonly greeting: readonly string[];
  /** One message; at most `symbolsPerMessage` symbols. */
  subscribe(symbols: readonly MarketSymbol[], requestId: number): string;
  unsubscribe(symbols: readonly MarketSymbol[], requestId: number): string;
  /** Never throws, whatever the frame holds. */
  read(frame: string, receivedAtMs: number): FeedMessage;
  /** Messages that were numbered by the exchange and did not arrive on this socket. Only grows; stays 0 where messages have no numbers. */
  lostMessages(): number;
};

export type FeedLimits = {
  /** Client messages, WebSocket pings among them, and how many symbols one subscribe may name. */
  readonly messagesPerSecond: number;
  readonly symbolsPerMessage: number;
  readonly symbolsPerConnection: number;
  /** Attempts to connect that the exchange takes from one address. */
  readonly connects: { readonly count: number; readonly windowMs: number };
};

/** What an exchange's provider knows about its WebSocket. Everything that is hard about staying connected lives elsewhere, once. */
export type FeedProtocol = {
  readonly exchange: Exchange;
  /** Where to connect; `baseUrl` replaces scheme and host, and the path too when it has one. */
  url(baseUrl: string | undefined): string;
  /** For the trades of these symbols; rows of other symbols are refused. */
  openSession(symbols: readonly MarketSymbol[]): FeedSession;
  readonly limits: FeedLimits;
  /** With a confirmed subscription some text frame comes at least this often (heartbeats); null where the exchange sends none without trades. */
  readonly heartbeatTimeoutMs: number | null;
  /** A socket is replaced at this age, before the exchange closes it; null where it does not. */
  readonly lifetimeMs: number | null;
};
