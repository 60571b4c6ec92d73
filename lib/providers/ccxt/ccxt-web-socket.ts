import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeWebSocket } from '#core/ports/exchange-web-socket.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Trade } from '#core/trade.ts';
import type { FeedEvent, Interruption, SymbolState } from '#core/trade-feed.ts';
import { compareTradeIds } from '#core/trade-id.ts';
import { readTradeRow } from '#core/trade-row.ts';
import { DeadlineError, withDeadline } from '#std/deadline.ts';
import { jsonExcerpt } from '#std/json-object.ts';
import { openCcxtWatcher, type CcxtTrade, type CcxtWatcher } from './ccxt-watcher.ts';

export type CcxtWebSocketOptions = {
  readonly exchange: Exchange;
  /** Instead of the exchange's own host. */
  readonly wsUrl?: string | undefined;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** No trade of any symbol for that long, and the client is begun anew. */
  readonly stallMs?: number | undefined;
};

const STALL_MS = 60_000;
const CLOSE_DEADLINE_MS = 2000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/**
 * `ExchangeWebSocket` over ccxt's `watchTrades`, for exchanges without a client of our own. Reconnecting and subscribing are ccxt's; around
 * it are the checks of every trade and a guard against silence. What it cannot do: see one symbol of many fall silent, or replace a socket
 * before it is closed.
 */
export function createCcxtWebSocket(options: CcxtWebSocketOptions): ExchangeWebSocket {
  const counters = { connects: 0, messages: 0, trades: 0, refusedPayloads: 0 };
  let newestMs: number | null = null;
  let session: CcxtSession | undefined;

  return {
    exchange: options.exchange,
    async *events(symbols, signal) {
      session = new CcxtSession(options, symbols, signal, {
        onConnect: () => counters.connects++,
        onEvents(events) {
          counters.messages++;
          newestMs = options.clock.nowMs();
          for (const event of events) {
            if (event.kind === 'trades') counters.trades += event.trades.length;
            if (event.kind === 'payload refused') counters.refusedPayloads++;
          }
        },
      });
      try {
        for await (const events of session) yield* events;
      } finally {
        await session.close();
      }
    },
    health: () => ({
      ...counters,
      hasHeartbeats: false,
      openSockets: session?.isOpen() === true ? 1 : 0,
      droppedEvents: 0,
      newestMessageMs: newestMs,
      newestTradeMs: newestMs,
      symbols: session?.states ?? new Map<MarketSymbol, SymbolState>(),
    }),
  };
}

type SessionHandlers = { onConnect(): void; onEvents(events: readonly FeedEvent[]): void };

/** One run over all its clients. Each step is a batch of trades, or a failure and what to say about it. */
class CcxtSession implements AsyncIterable<readonly FeedEvent[]> {
  readonly states: Map<MarketSymbol, SymbolState>;
  readonly #options: CcxtWebSocketOptions;
  readonly #signal: AbortSignal;
  readonly #handlers: SessionHandlers;
  #watcher: CcxtWatcher | undefined;
  #openedMs = 0;
  #failures = 0;
  #waitMs = 0;

  constructor(options: CcxtWebSocketOptions, symbols: readonly MarketSymbol[], signal: AbortSignal, handlers: SessionHandlers) {
    this.#options = options;
    this.#signal = signal;
    this.#handlers = handlers;
    this.states = new Map(symbols.map((symbol) => [symbol, 'pending']));
    // Ends the call that is waited for.
    signal.addEventListener('abort', () => void this.close());
  }

  isOpen(): boolean {
    return this.#watcher !== undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly FeedEvent[]> {
    return {
      next: async () => {
        const value = this.#signal.aborted ? undefined : await this.#step();
        return value === undefined || this.#signal.aborted ? { done: true, value: undefined } : { done: false, value };
      },
    };
  }

  async close(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    if (watcher === undefined) return;
    const { timer, logger, exchange } = this.#options;
    try {
      await withDeadline({ timer, deadlineMs: CLOSE_DEADLINE_MS, what: `closing ccxt's client of ${exchange}` }, () => watcher.close());
    } catch (error) {
      logger.warn('a client of ccxt does not close cleanly', { exchange, reason: reasonOf(error) });
    }
  }

  async #step(): Promise<readonly FeedEvent[]> {
    const { timer, exchange, stallMs = STALL_MS } = this.#options;
    await pause(timer, this.#waitMs, this.#signal);
    this.#waitMs = 0;
    try {
      const rows = await withDeadline({ timer, deadlineMs: stallMs, what: `a trade of ${exchange} over ccxt` }, () => this.#watch());
      this.#failures = 0;
      const events = this.#eventsOf(rows);
      this.#handlers.onEvents(events);
      return events;
    } catch (error) {
      return await this.#failed(error);
    }
  }

  async #watch(): Promise<readonly CcxtTrade[]> {
    if (this.#watcher === undefined) {
      const { exchange, wsUrl, clock } = this.#options;
      this.#handlers.onConnect();
      this.#openedMs = clock.nowMs();
      this.#watcher = await openCcxtWatcher(exchange, [...this.states.keys()], wsUrl);
    }
    return this.#signal.aborted ? [] : await this.#watcher.watch();
  }

  async #failed(error: unknown): Promise<readonly FeedEvent[]> {
    await this.close();
    if (this.#signal.aborted) return [];
    const { random, logger, exchange, clock } = this.#options;
    const cause: Interruption = error instanceof DeadlineError ? 'stalled' : 'closed';
    logger.warn('a feed over ccxt failed', { exchange, cause, reason: reasonOf(error) });
    this.#waitMs = random.next() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
    const symbols = [...this.states].filter(([, state]) => state === 'live').map(([symbol]) => symbol);
    for (const symbol of symbols) this.states.set(symbol, 'pending');
    return symbols.length === 0 ? [] : [{ kind: 'interrupted', symbols, cause, atMs: clock.nowMs() }];
  }

  #eventsOf(rows: readonly CcxtTrade[]): readonly FeedEvent[] {
    const atMs = this.#options.clock.nowMs();
    const read = rows.map((row) => ({ row, trade: this.#read(row, atMs) }));
    const trades = read.map(({ trade }) => trade).filter((trade) => typeof trade !== 'string');
    trades.sort((a, b) => compareTradeIds(a.id, b.id));
    const refused = read.flatMap(({ row, trade }): readonly FeedEvent[] =>
      typeof trade === 'string' ? [{ kind: 'payload refused', reason: trade, excerpt: jsonExcerpt(row.info, 300), atMs }] : [],
    );
    const revived = [...new Set(trades.map(({ symbol }) => symbol))].filter((symbol) => this.states.get(symbol) !== 'live');
    for (const symbol of revived) this.states.set(symbol, 'live');
    return [
      ...refused,
      ...revived.map((symbol): FeedEvent => ({ kind: 'subscribed', symbol, atMs })),
      // ccxt does not say which trades an exchange sent as a snapshot: they are those from before the client began.
      ...[true, false].flatMap((isSnapshot): readonly FeedEvent[] => {
        const part = trades.filter(({ eventTimeMs }) => eventTimeMs < this.#openedMs === isSnapshot);
        return part.length === 0 ? [] : [{ kind: 'trades', trades: part, isSnapshot }];
      }),
    ];
  }

  #read(row: CcxtTrade, receivedAtMs: number): Trade | string {
    const symbol = this.#watcher?.symbolOf(row);
    if (symbol === undefined) return 'its market is not subscribed';
    return readTradeRow({
      exchange: this.#options.exchange,
      symbol,
      id: row.id,
      price: row.price,
      size: row.amount,
      side: this.#watcher?.sideOf(row),
      eventTimeMs: typeof row.timestamp === 'number' ? row.timestamp : undefined,
      receivedAtMs,
    });
  }
}

async function pause(timer: Timer, delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs <= 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = timer.after(delayMs, done);
    signal.addEventListener('abort', done);
  });
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 300);
}
