import type { FeedProtocol } from '#core/feed-protocol.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeWebSocket } from '#core/ports/exchange-web-socket.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { FeedEvent } from '#core/trade-feed.ts';
import { createConnectBudget } from './connect-budget.ts';
import { FeedConnection, type FeedCounters } from './feed-connection.ts';
import { createFeedEvents } from './feed-events.ts';
import { createSocketOpener, type OpenSocket } from './open-socket.ts';

export type LiveFeedOptions = {
  readonly protocol: FeedProtocol;
  /** Instead of the exchange's own host. */
  readonly wsUrl?: string | undefined;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** Trades that wait for the consumer; beyond they are dropped and counted. */
  readonly queueLimit?: number | undefined;
  /** How sockets come about: of the network, unless a test brings its own. */
  readonly openSocket?: OpenSocket | undefined;
};

const QUEUE_LIMIT = 50_000;

/**
 * `ExchangeWebSocket` for an exchange whose protocol is known. Its symbols are spread evenly over as few connections as the exchange
 * allows; attempts to connect are counted over all of them.
 */
export function createLiveFeed(options: LiveFeedOptions): ExchangeWebSocket {
  const { protocol, clock, timer } = options;
  const feedEvents = createFeedEvents(options.queueLimit ?? QUEUE_LIMIT, clock);
  const budget = createConnectBudget(protocol.limits.connects, timer);
  const openSocket = options.openSocket ?? createSocketOpener(timer);
  const url = protocol.url(options.wsUrl);
  const counters: FeedCounters = {
    openSockets: 0,
    connects: 0,
    messages: 0,
    trades: 0,
    refusedPayloads: 0,
    newestMessageMs: null,
    newestTradeMs: null,
  };
  let connections: readonly FeedConnection[] = [];

  async function* events(symbols: readonly MarketSymbol[], signal: AbortSignal): AsyncGenerator<FeedEvent> {
    connections = spread([...new Set(symbols)], protocol.limits.symbolsPerConnection).map(
      (part) => new FeedConnection({ ...options, url, symbols: part, openSocket, budget, counters, emit: feedEvents.emit }),
    );
    let stopped: Promise<unknown> | undefined;
    // Sockets are closed at once; what they had brought is still handed over.
    const stop = (): void => {
      stopped ??= Promise.all(connections.map((connection) => connection.stop()));
      feedEvents.close();
    };
    signal.addEventListener('abort', stop);
    try {
      if (signal.aborted) return;
      for (const connection of connections) connection.start();
      yield* feedEvents;
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      await stopped;
    }
  }

  return {
    exchange: protocol.exchange,
    events,
    health: () => ({
      ...counters,
      hasHeartbeats: true,
      droppedEvents: feedEvents.dropped(),
      symbols: new Map(connections.flatMap((connection) => [...connection.states()])),
    }),
  };
}

/** As few parts as possible of at most `size`, as even as possible. */
function spread<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts = Math.ceil(items.length / size);
  return Array.from({ length: parts }, (_, part) => items.filter((_, index) => index % parts === part));
}
