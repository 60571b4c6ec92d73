import type { Clock } from '#core/ports/clock.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { FeedEvent } from '#core/trade-feed.ts';
import { createBoundedQueue, type BoundedQueue } from '#std/bounded-queue.ts';

/** Between the sockets, which must not wait, and the consumer, who may be slower. */
export type FeedEvents = AsyncIterable<FeedEvent> & {
  emit(event: FeedEvent): void;
  /** Nothing more comes in; who iterates gets what is there, and then the end. */
  close(): void;
  /** Events that were dropped because the queue was full. */
  dropped(): number;
};

/** Room beyond the limit for what is not a trade: rare, and the consumer must know. */
const RESERVE = 2000;

/** Trades of several messages that wait together become one event of about so many. */
const MOST_JOINED = 1000;

/**
 * Holds about `limit` trades. Beyond, trades are dropped and counted, and as soon as there is room again the consumer is told which symbols
 * missed some: interrupted by `overflow`, and subscribed again at once, because the sockets never stopped.
 */
export function createFeedEvents(limit: number, clock: Clock): FeedEvents {
  const queue = createBoundedQueue<FeedEvent>(limit, (event) => (event.kind === 'trades' ? event.trades.length : 1));
  const subscribed = new Set<MarketSymbol>();
  const missed = new Set<MarketSymbol>();
  let dropped = 0;
  let isClosed = false;

  const follow = (event: FeedEvent): void => {
    if (event.kind === 'subscribed') subscribed.add(event.symbol);
    if (event.kind === 'interrupted') for (const symbol of event.symbols) subscribed.delete(symbol);
    if (event.kind === 'symbol refused') subscribed.delete(event.symbol);
  };
  const tell = (): void => {
    const symbols = [...missed].filter((symbol) => subscribed.has(symbol));
    missed.clear();
    if (symbols.length === 0) return;
    const atMs = clock.nowMs();
    put({ kind: 'interrupted', symbols, cause: 'overflow', atMs });
    for (const symbol of symbols) put({ kind: 'subscribed', symbol, atMs });
  };
  const put = (event: FeedEvent): void => {
    const isVital = event.kind !== 'trades' && event.kind !== 'payload refused';
    if (queue.offer(event, isVital ? RESERVE : 0)) return;
    if (isClosed) return;
    dropped++;
    if (event.kind === 'trades') for (const { symbol } of event.trades) missed.add(symbol);
  };

  return {
    emit(event) {
      if (missed.size > 0 && queue.size() <= limit / 2) tell();
      follow(event);
      put(event);
    },
    [Symbol.asyncIterator]: () => ({
      async next() {
        if (missed.size > 0 && queue.size() <= limit / 2) tell();
        const value = await queue.take();
        return value === undefined ? { done: true, value } : { done: false, value: joined(value, queue) };
      },
    }),
    close() {
      isClosed = true;
      queue.close();
    },
    dropped: () => dropped,
  };
}

/** Waiting trades of several messages as one event: in a burst the way of an event costs more than what is done with its trade. */
function joined(event: FeedEvent, queue: BoundedQueue<FeedEvent>): FeedEvent {
  if (event.kind !== 'trades' || event.isSnapshot) return event;
  const isNews = (next: FeedEvent): boolean => next.kind === 'trades' && !next.isSnapshot;
  const trades = [...event.trades];
  for (let next = queue.takeIf(isNews); next?.kind === 'trades'; next = trades.length < MOST_JOINED ? queue.takeIf(isNews) : undefined)
    for (const trade of next.trades) trades.push(trade);
  return { kind: 'trades', trades, isSnapshot: false };
}
