import type { MarketSymbol } from '#core/symbol.ts';

/** What one socket was asked for and what came of it. Pure bookkeeping: times are monotonic ms and come from outside. */
export type Subscriptions = {
  /** A request is about to go out. `requestSent` starts its deadline: before, it may wait for its turn. */
  request(symbols: readonly MarketSymbol[]): number;
  requestSent(requestId: number, nowMs: number): void;
  /** By acknowledgement or by a first trade. Returns those that were not confirmed before. */
  confirm(symbols: readonly MarketSymbol[]): readonly MarketSymbol[];
  /** The unconfirmed symbols of a request; of the oldest one that has any for null, as errors without a name come in order. */
  pendingOf(requestId: number | null): readonly MarketSymbol[];
  /** Forgets symbols that are refused. */
  drop(symbols: readonly MarketSymbol[]): void;
  /** Unconfirmed for too long: those to ask for again, and those asked for often enough, which are forgotten. */
  overdue(nowMs: number): { readonly again: readonly MarketSymbol[]; readonly givenUp: readonly MarketSymbol[] };
  /** Everything unconfirmed counts as not asked for: the exchange says that it lost messages. */
  forgetRequests(): readonly MarketSymbol[];
  isConfirmed(symbol: MarketSymbol): boolean;
  confirmedCount(): number;
  pendingCount(): number;
};

export const CONFIRM_TIMEOUT_MS = 10_000;
const MAX_REPEATS = 3;

type Pending = { requestId: number; sentMs: number | undefined; repeats: number };

export function createSubscriptions(): Subscriptions {
  const pending = new Map<MarketSymbol, Pending>();
  const confirmed = new Set<MarketSymbol>();
  let newestRequest = 0;

  return {
    request(symbols) {
      const requestId = ++newestRequest;
      for (const symbol of symbols) {
        confirmed.delete(symbol);
        pending.set(symbol, { requestId, sentMs: undefined, repeats: pending.get(symbol)?.repeats ?? 0 });
      }
      return requestId;
    },
    requestSent(requestId, nowMs) {
      for (const entry of pending.values()) if (entry.requestId === requestId) entry.sentMs = nowMs;
    },
    confirm(symbols) {
      const fresh = symbols.filter((symbol) => pending.delete(symbol));
      for (const symbol of fresh) confirmed.add(symbol);
      return fresh;
    },
    pendingOf(requestId) {
      const sent = [...pending].filter(([, { sentMs }]) => sentMs !== undefined);
      const wanted = requestId ?? Math.min(...sent.map(([, entry]) => entry.requestId));
      return sent.filter(([, entry]) => entry.requestId === wanted).map(([symbol]) => symbol);
    },
    drop(symbols) {
      for (const symbol of symbols) {
        pending.delete(symbol);
        confirmed.delete(symbol);
      }
    },
    overdue(nowMs) {
      const late = [...pending].filter(([, { sentMs }]) => sentMs !== undefined && nowMs - sentMs >= CONFIRM_TIMEOUT_MS);
      const givenUp = late.filter(([, { repeats }]) => repeats >= MAX_REPEATS).map(([symbol]) => symbol);
      for (const symbol of givenUp) pending.delete(symbol);
      const again = late.filter(([, { repeats }]) => repeats < MAX_REPEATS);
      for (const [, entry] of again) entry.repeats++;
      return { again: again.map(([symbol]) => symbol), givenUp };
    },
    forgetRequests() {
      for (const entry of pending.values()) entry.sentMs = undefined;
      return [...pending.keys()];
    },
    isConfirmed: (symbol) => confirmed.has(symbol),
    confirmedCount: () => confirmed.size,
    pendingCount: () => pending.size,
  };
}
