import type { FeedProtocol } from '#core/feed-protocol.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Interruption } from '#core/trade-feed.ts';
import { createConversation, type Conversation, type ConversationHandlers } from './conversation.ts';
import { HANDSHAKE_TIMEOUT_MS, type OpenSocket, type Socket, type SocketEnd } from './open-socket.ts';
import { createSendPacer, type SendPacer } from './send-pacer.ts';
import type { Subscriptions } from './subscriptions.ts';
import { createVitalSigns, type VitalSigns } from './vital-signs.ts';

/** The end of a link. `wasOpen`: the exchange had taken the connection. `socket`: what it said, when it was the one who ended it. */
export type LinkEnd = {
  readonly cause: Interruption;
  readonly reason: string;
  readonly wasOpen: boolean;
  readonly socket: SocketEnd | undefined;
};

export type LinkHandlers = ConversationHandlers & {
  /** Asked for four times without an answer. */
  onUnconfirmed(symbols: readonly MarketSymbol[]): void;
  onFrame(): void;
  /** Once, last; not after `close`. */
  onEnd(end: LinkEnd): void;
};

export type LinkOptions = {
  readonly protocol: FeedProtocol;
  readonly url: string;
  /** What the session knows, and what of it is asked for at once. */
  readonly symbols: readonly MarketSymbol[];
  readonly wanted: readonly MarketSymbol[];
  readonly requestSize: { current: number };
  readonly openSocket: OpenSocket;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly counters: { openSockets: number; messages: number };
  readonly handlers: LinkHandlers;
};

/** One socket from its handshake to its end, with the talk over it. It never opens another one, and is not heard after its end. */
export class FeedLink {
  readonly #options: LinkOptions;
  readonly #socket: Socket;
  readonly #pacer: SendPacer;
  readonly #vitals: VitalSigns;
  readonly #conversation: Conversation;
  readonly #cancelHandshake: () => void;
  readonly #closed = Promise.withResolvers<void>();
  #isOver = false;
  #openedMs: number | undefined;

  constructor(options: LinkOptions) {
    const { protocol, timer, symbols, requestSize, handlers } = options;
    this.#options = options;
    this.#pacer = createSendPacer(protocol.limits.messagesPerSecond, timer);
    this.#vitals = createVitalSigns({
      timer,
      heartbeatTimeoutMs: protocol.heartbeatTimeoutMs,
      ping: (onSent) =>
        this.#pacer.send(() => {
          this.#socket.ping();
          onSent();
        }),
      onDead: (cause, reason) => this.#fail(cause, reason),
    });
    this.#conversation = createConversation({
      session: protocol.openSession(symbols),
      requestSize,
      pacer: this.#pacer,
      timer,
      send: (text) => this.#socket.send(text),
      handlers,
      onGarbage: (reason, excerpt) => this.#refuse(reason, excerpt),
    });
    this.#cancelHandshake = timer.after(HANDSHAKE_TIMEOUT_MS, () => {
      if (this.#openedMs === undefined) this.#fail('handshake', `the handshake took longer than ${HANDSHAKE_TIMEOUT_MS} ms`);
    });
    this.#socket = this.#open();
  }

  get subscriptions(): Subscriptions {
    return this.#conversation.subscriptions;
  }

  /** Monotonic; undefined until the handshake is over. */
  get openedMs(): number | undefined {
    return this.#openedMs;
  }

  subscribe(symbols: readonly MarketSymbol[]): void {
    this.#conversation.subscribe(symbols);
  }

  resubscribe(symbols: readonly MarketSymbol[]): void {
    this.#conversation.resubscribe(symbols);
  }

  /** Looks at deadlines; called every second. */
  check(): void {
    if (this.#openedMs === undefined) return;
    const { subscriptions } = this;
    this.#vitals.check(subscriptions.confirmedCount() > 0);
    if (this.#isOver) return;
    const { again, givenUp } = subscriptions.overdue(this.#options.timer.monotonicMs());
    if (again.length > 0) this.subscribe(again);
    if (givenUp.length === 0) return;
    if (subscriptions.confirmedCount() === 0) this.#fail('stalled', 'no subscription was answered');
    else this.#options.handlers.onUnconfirmed(givenUp);
  }

  /** Ends it on our side; resolves when the socket is closed. */
  async close(): Promise<void> {
    if (!this.#isOver) {
      this.#silence();
      this.#socket.close();
    }
    await this.#closed.promise;
  }

  #open(): Socket {
    const { openSocket, url, timer, clock, counters, wanted } = this.#options;
    return openSocket(url, {
      onOpen: () => {
        if (this.#isOver) return;
        this.#openedMs = timer.monotonicMs();
        counters.openSockets++;
        this.#vitals.begin();
        this.#conversation.begin(wanted);
      },
      onText: (text) => {
        if (!this.#hear('sawText')) return;
        counters.messages++;
        this.#conversation.hear(text, clock.nowMs());
      },
      onBinary: () => {
        if (this.#hear('sawFrame')) this.#refuse('a frame is binary', '');
      },
      onPing: () => this.#hear('sawFrame'),
      onPong: () => this.#hear('sawFrame'),
      onEnd: (end) => {
        const wasOpen = this.#openedMs !== undefined;
        if (wasOpen) counters.openSockets--;
        this.#closed.resolve();
        this.#fail(wasOpen ? 'closed' : 'handshake', end.reason, end);
      },
    });
  }

  #hear(sign: 'sawFrame' | 'sawText'): boolean {
    if (this.#isOver) return false;
    this.#vitals[sign]();
    this.#options.handlers.onFrame();
    return true;
  }

  #refuse(reason: string, excerpt: string): void {
    this.#options.handlers.onRefused(reason, excerpt);
    this.#vitals.sawGarbage();
  }

  #fail(cause: Interruption, reason: string, socketEnd?: SocketEnd): void {
    if (this.#isOver) return;
    this.#silence();
    if (socketEnd === undefined) this.#socket.terminate();
    this.#options.handlers.onEnd({ cause, reason, wasOpen: this.#openedMs !== undefined, socket: socketEnd });
  }

  /** From here on nothing that the socket still says is heard. */
  #silence(): void {
    this.#isOver = true;
    this.#pacer.stop();
    this.#vitals.stop();
    this.#cancelHandshake();
  }
}
