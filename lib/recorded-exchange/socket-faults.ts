import type { MarketSymbol } from '#core/symbol.ts';

/** What a venue's WebSocket does wrong on demand. It lasts until it is taken back, or as often as `count` says. */
export type SocketFault =
  /** Open connections are neither read nor written any more and never closed: half-open. New ones work. */
  | { readonly kind: 'stall' }
  /** The market is acknowledged, but its trades do not come. */
  | { readonly kind: 'silent symbol'; readonly symbol: MarketSymbol }
  /** The next `count` trades of the market are left out; the venue's REST still has them. */
  | { readonly kind: 'lose trades'; readonly symbol: MarketSymbol; readonly count: number }
  /** The newest `count` messages of each market are sent again. */
  | { readonly kind: 'repeat messages'; readonly count: number }
  /** The connection is cut at this point of its life; `now` cuts those that are open. */
  | { readonly kind: 'cut'; readonly at: 'handshake' | 'open' | 'subscribe' | 'first trade' | 'now'; readonly count: number }
  /** Handshakes are refused with a status of HTTP. */
  | { readonly kind: 'refuse handshake'; readonly status: number; readonly retryAfterSeconds?: number; readonly count: number }
  /** The market is refused in the venue's own words (Binance, which has none, acknowledges it). */
  | { readonly kind: 'refuse symbol'; readonly symbol: MarketSymbol }
  /** Subscriptions are not answered. */
  | { readonly kind: 'no ack' }
  /** These texts are sent to every open connection, once. */
  | { readonly kind: 'send frames'; readonly frames: readonly string[] }
  /** Every open connection is told that it will be closed. */
  | { readonly kind: 'announce shutdown' };

type FaultKind = SocketFault['kind'];
type FaultOf<K extends FaultKind> = Extract<SocketFault, { readonly kind: K }>;

export type SocketFaults = {
  /** Adds a fault. The returned function takes it back. */
  inject(fault: SocketFault): () => void;
  all<K extends FaultKind>(kind: K): readonly FaultOf<K>[];
  /** Uses a fault up that has a `count`: true, and one less is left, when there is one. */
  use<K extends 'lose trades' | 'cut' | 'refuse handshake'>(kind: K, isMeant: (fault: FaultOf<K>) => boolean): FaultOf<K> | undefined;
};

/** `onInject` hears of each new fault, for those that act at once. */
export function createSocketFaults(onInject: (fault: SocketFault) => void): SocketFaults {
  const active = new Map<SocketFault, number>();
  const all = <K extends FaultKind>(kind: K): FaultOf<K>[] =>
    [...active.keys()].filter((fault): fault is FaultOf<K> => fault.kind === kind);
  return {
    inject(fault) {
      active.set(fault, 'count' in fault ? fault.count : Number.POSITIVE_INFINITY);
      onInject(fault);
      return () => void active.delete(fault);
    },
    all,
    use(kind, isMeant) {
      const found = all(kind).find(isMeant);
      if (found === undefined) return undefined;
      const left = (active.get(found) ?? 0) - 1;
      if (left <= 0) active.delete(found);
      else active.set(found, left);
      return found;
    },
  };
}
