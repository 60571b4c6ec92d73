import type { MarketSymbol } from './symbol.ts';
import type { Trade } from './trade.ts';

/** Why trades of a feed may be missing from now on. */
export type Interruption = 'closed' | 'stalled' | 'silent' | 'handshake' | 'refused' | 'garbage' | 'overflow';

/** What a live feed tells, in the order in which it happened. */
export type FeedEvent =
  /** The trades of one message, each symbol's in ascending order of ids, or of several in their order. A `snapshot` holds trades from before the subscription. */
  | { readonly kind: 'trades'; readonly trades: readonly Trade[]; readonly isSnapshot: boolean }
  /** The exchange sends this symbol now: its acknowledgement came, or its first trade. */
  | { readonly kind: 'subscribed'; readonly symbol: MarketSymbol; readonly atMs: number }
  /** Trades of these symbols may be missing until they are subscribed again. */
  | { readonly kind: 'interrupted'; readonly symbols: readonly MarketSymbol[]; readonly cause: Interruption; readonly atMs: number }
  /** The exchange does not serve this symbol. It is asked for again from time to time; the others go on. */
  | { readonly kind: 'symbol refused'; readonly symbol: MarketSymbol; readonly reason: string; readonly atMs: number }
  /** Something in a message was not a trade: counted, never published. `excerpt` is short and untrusted. */
  | { readonly kind: 'payload refused'; readonly reason: string; readonly excerpt: string; readonly atMs: number };

export type SymbolState = 'pending' | 'live' | 'silent' | 'refused';

/** What a feed has seen since it began. Counters only grow. */
export type FeedHealth = {
  /** Sockets open now; 2 while one replaces the other. */
  readonly openSockets: number;
  /** Attempts to open a socket. */
  readonly connects: number;
  readonly messages: number;
  readonly trades: number;
  readonly refusedPayloads: number;
  /** Events dropped because the consumer was slower than the exchange for too long. */
  readonly droppedEvents: number;
  /** Receive time of the newest message of any kind, and of the newest trade, UTC ms; null before the first. */
  readonly newestMessageMs: number | null;
  readonly newestTradeMs: number | null;
  readonly symbols: ReadonlyMap<MarketSymbol, SymbolState>;
};
