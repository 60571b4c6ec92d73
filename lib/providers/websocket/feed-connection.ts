import type { FeedProtocol } from '#core/feed-protocol.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { FeedEvent, SymbolState } from '#core/trade-feed.ts';
import { createBackoff, type Backoff, type Failure } from './backoff.ts';
import type { ConnectBudget } from './connect-budget.ts';
import { FeedLink, type LinkEnd, type LinkHandlers } from './feed-link.ts';
import type { OpenSocket } from './open-socket.ts';
import { createSymbolBook, type SymbolBook } from './symbol-book.ts';

export type FeedCounters = {
  openSockets: number;
  connects: number;
  messages: number;
  trades: number;
  refusedPayloads: number;
  newestMessageMs: number | null;
  newestTradeMs: number | null;
};

export type ConnectionOptions = {
  readonly protocol: FeedProtocol;
  readonly url: string;
  readonly symbols: readonly MarketSymbol[];
  readonly openSocket: OpenSocket;
  readonly budget: ConnectBudget;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  readonly counters: FeedCounters;
  emit(event: FeedEvent): void;
};

const CHECK_MS = 1000;
/** Data for that long, and the past failures are forgotten. */
const HEALTHY_MS = 60_000;
/** A replacement that has confirmed only a part by then takes over with it, one without any is given up. */
const REPLACEMENT_TIMEOUT_MS = 30_000;
/** Sockets are not replaced more often than that for silent symbols: most of them are quiet markets. */
const SILENCE_REPLACEMENT_MS = 5 * 60_000;
/** After 418, and after 429 without Retry-After. */
const BANNED_MS = 120_000;

/**
 * The symbols that share one socket. It has one link, none while it waits to connect, or two while a new one replaces the old. Each link
 * carries its generation: what a link says that is no longer part of the connection is not heard.
 */
export class FeedConnection {
  readonly #options: ConnectionOptions;
  readonly #book: SymbolBook;
  readonly #backoff: Backoff;
  readonly #replacementBackoff: Backoff;
  readonly #requestSize: { current: number };
  readonly #closing = new Set<Promise<void>>();
  #link: FeedLink | undefined;
  #replacement: FeedLink | undefined;
  #generation = 0;
  #attemptMs = 0;
  #firstTradeMs: number | undefined;
  #newestTradeMs = 0;
  /** Why the link is to be replaced, and not before when. */
  #wish: string | undefined;
  /** The replacement is to be replaced itself, as soon as it has taken over. */
  #nextWish: string | undefined;
  #replaceFromMs = 0;
  #silenceFromMs = 0;
  #cancelAttempt: (() => void) | undefined;
  #cancelCheck: (() => void) | undefined;
  #isStopped = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#book = createSymbolBook(options);
    this.#backoff = createBackoff(options.random);
    this.#replacementBackoff = createBackoff(options.random);
    this.#requestSize = { current: options.protocol.limits.symbolsPerMessage };
  }

  start(): void {
    this.#connect();
    this.#checkLater();
  }

  /** Resolves when all sockets are closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelAttempt?.();
    this.#cancelCheck?.();
    this.#retire(this.#link);
    this.#retire(this.#replacement);
    await Promise.all(this.#closing);
  }

  states(): Iterable<readonly [MarketSymbol, SymbolState]> {
    return this.#book.states();
  }

  #connect(): void {
    this.#cancelAttempt = undefined;
    const waitMs = this.#options.budget.take();
    if (waitMs > 0) {
      this.#connectAfter(waitMs);
      return;
    }
    this.#attemptMs = this.#options.timer.monotonicMs();
    this.#link = this.#openLink();
  }

  #connectAfter(delayMs: number): void {
    this.#cancelAttempt = this.#options.timer.after(delayMs, () => this.#connect());
  }

  #openLink(): FeedLink {
    const { counters, logger, protocol, url, symbols } = this.#options;
    const generation = ++this.#generation;
    counters.connects++;
    logger.debug('a feed connects', { exchange: protocol.exchange, url, symbols: symbols.length, generation });
    const link: FeedLink = new FeedLink({
      ...this.#options,
      wanted: this.#book.wanted(),
      requestSize: this.#requestSize,
      handlers: this.#handlersOf(() => link, generation),
    });
    return link;
  }

  #handlersOf(linkOf: () => FeedLink, generation: number): LinkHandlers {
    const { emit, clock, counters, timer, logger, protocol } = this.#options;
    return {
      onFrame() {
        counters.newestMessageMs = clock.nowMs();
      },
      onTrades: ({ trades, isSnapshot }) => {
        counters.trades += trades.length;
        counters.newestTradeMs = clock.nowMs();
        this.#newestTradeMs = timer.monotonicMs();
        this.#firstTradeMs ??= this.#newestTradeMs;
        for (const { symbol } of trades) this.#book.traded(symbol);
        emit({ kind: 'trades', trades, isSnapshot });
      },
      onConfirmed: (symbols) => {
        this.#book.acknowledged(symbols);
        if (linkOf() === this.#replacement) this.#promoteWhenReady();
      },
      onRejected: (symbols, reason) => {
        logger.warn('an exchange refuses symbols', { exchange: protocol.exchange, symbols, reason });
        this.#book.refused(symbols, reason);
        if (linkOf() === this.#replacement) this.#promoteWhenReady();
      },
      onUnconfirmed: (symbols) => {
        logger.error('subscriptions stay unanswered', { exchange: protocol.exchange, symbols });
        this.#book.silent(symbols);
      },
      onClosing: (reason) => {
        if (linkOf() === this.#link) this.#wishReplacement(`the exchange announced its end: ${reason}`);
        else if (linkOf() === this.#replacement) this.#nextWish = `the exchange announced the end of the new one too: ${reason}`;
      },
      onRefused(reason, excerpt) {
        counters.refusedPayloads++;
        emit({ kind: 'payload refused', reason, excerpt, atMs: clock.nowMs() });
      },
      onEnd: (end) => this.#linkEnded(linkOf(), generation, end),
    };
  }

  #linkEnded(link: FeedLink, generation: number, end: LinkEnd): void {
    const { logger, protocol, budget } = this.#options;
    const { cause, reason } = end;
    logger.warn('a feed lost its socket', { exchange: protocol.exchange, cause, reason, generation });
    const status = end.socket?.httpStatus;
    if (status === 429 || status === 418) budget.pause(end.socket?.retryAfterMs ?? BANNED_MS);
    if (status === 451 || status === 403) {
      logger.error('an exchange refuses this address; set ws_url to a host that serves it', { exchange: protocol.exchange, status });
    }
    if (link === this.#replacement) this.#abandonReplacement();
    else if (link === this.#link) this.#lostLink(end);
  }

  #lostLink(end: LinkEnd): void {
    const next = this.#replacement;
    this.#link = next;
    this.#replacement = undefined;
    this.#wish = this.#nextWish;
    this.#nextWish = undefined;
    const isCovered = (symbol: MarketSymbol): boolean => next?.subscriptions.isConfirmed(symbol) ?? false;
    const cut = this.#options.symbols.filter((symbol) => !isCovered(symbol));
    this.#book.interrupted(cut, end.socket?.httpStatus === undefined ? end.cause : 'refused');
    if (next === undefined) {
      this.#firstTradeMs = undefined;
      this.#reconnect(end);
    }
  }

  #reconnect(end: LinkEnd): void {
    const { timer } = this.#options;
    const status = end.socket?.httpStatus ?? 0;
    const failure: Failure = end.wasOpen || (status >= 400 && status < 500) ? 'dropped' : 'unreachable';
    const delayMs = this.#backoff.nextDelayMs(failure);
    // Attempts without an answer are spaced from start to start: the time that a dead handshake took was waited already.
    const spentMs = failure === 'unreachable' ? timer.monotonicMs() - this.#attemptMs : 0;
    this.#connectAfter(Math.max(0, delayMs - spentMs));
  }

  #wishReplacement(reason: string): void {
    if (this.#wish === undefined)
      this.#options.logger.info('a feed replaces its socket', { exchange: this.#options.protocol.exchange, reason });
    this.#wish = reason;
    this.#replaceIfWished();
  }

  #replaceIfWished(): void {
    const { timer, budget } = this.#options;
    if (this.#wish === undefined || this.#replacement !== undefined || this.#link?.openedMs === undefined) return;
    if (timer.monotonicMs() < this.#replaceFromMs || budget.take() > 0) return;
    this.#replacement = this.#openLink();
  }

  #abandonReplacement(): void {
    this.#replacement = undefined;
    this.#nextWish = undefined;
    this.#replaceFromMs = this.#options.timer.monotonicMs() + this.#replacementBackoff.nextDelayMs('dropped');
  }

  #promoteWhenReady(): void {
    const next = this.#replacement;
    if (next === undefined || next.subscriptions.pendingCount() > 0 || next.subscriptions.confirmedCount() === 0) return;
    this.#promote(next);
  }

  #promote(next: FeedLink): void {
    this.#retire(this.#link);
    this.#link = next;
    this.#replacement = undefined;
    this.#wish = this.#nextWish;
    this.#nextWish = undefined;
    this.#replacementBackoff.reset();
    this.#book.interrupted(
      this.#book.wanted().filter((symbol) => !next.subscriptions.isConfirmed(symbol)),
      'silent',
    );
  }

  /** Says goodbye to a link; its end is awaited by `stop`. */
  #retire(link: FeedLink | undefined): void {
    if (link === undefined) return;
    const closed: Promise<void> = link.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  #checkLater(): void {
    this.#cancelCheck = this.#options.timer.after(CHECK_MS, () => {
      if (this.#isStopped) return;
      this.#checkLater();
      this.#check();
    });
  }

  #check(): void {
    const { timer, protocol } = this.#options;
    const nowMs = timer.monotonicMs();
    this.#link?.check();
    this.#replacement?.check();
    if (this.#firstTradeMs !== undefined && nowMs - this.#firstTradeMs >= HEALTHY_MS && nowMs - this.#newestTradeMs < HEALTHY_MS) {
      this.#backoff.reset();
    }
    const openedMs = this.#link?.openedMs;
    if (openedMs === undefined) return;
    if (protocol.lifetimeMs !== null && nowMs - openedMs >= protocol.lifetimeMs) this.#wishReplacement('its lifetime is over');
    this.#checkReplacement(nowMs);
    this.#checkSymbols(nowMs);
    this.#replaceIfWished();
  }

  #checkReplacement(nowMs: number): void {
    const next = this.#replacement;
    if (next?.openedMs === undefined || nowMs - next.openedMs < REPLACEMENT_TIMEOUT_MS) return;
    if (next.subscriptions.confirmedCount() > 0) this.#promote(next);
    else {
      this.#retire(next);
      this.#abandonReplacement();
    }
  }

  #checkSymbols(nowMs: number): void {
    const link = this.#link!;
    const readmitted = this.#book.readmitted();
    if (readmitted.length > 0) link.subscribe(readmitted);
    const { resubscribe, reconnect } = this.#book.overdue();
    const silent = [...resubscribe, ...reconnect];
    if (silent.length === 0) return;
    this.#options.logger.warn('symbols fell silent', { exchange: this.#options.protocol.exchange, resubscribe, reconnect });
    this.#book.silent(silent);
    if (resubscribe.length > 0) link.resubscribe(resubscribe);
    if (reconnect.length > 0 && nowMs >= this.#silenceFromMs) {
      this.#silenceFromMs = nowMs + SILENCE_REPLACEMENT_MS;
      this.#wishReplacement(`${reconnect.length} symbols stay silent`);
    }
  }
}
