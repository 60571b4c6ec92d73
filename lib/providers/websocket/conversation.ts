import type { FeedMessage, FeedSession } from '#core/feed-protocol.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { SendPacer } from './send-pacer.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';

type Trades = Extract<FeedMessage, { kind: 'trades' }>;

export type ConversationHandlers = {
  onTrades(message: Trades): void;
  onConfirmed(symbols: readonly MarketSymbol[]): void;
  onRejected(symbols: readonly MarketSymbol[], reason: string): void;
  onClosing(reason: string): void;
  /** A frame, or a part of one, that is worth nothing. */
  onRefused(reason: string, excerpt: string): void;
};

/** What is asked over one socket, and what the answers change. */
export type Conversation = {
  readonly subscriptions: Subscriptions;
  /** Says the greeting and asks for the symbols. */
  begin(symbols: readonly MarketSymbol[]): void;
  subscribe(symbols: readonly MarketSymbol[]): void;
  /** Ends and begins the subscription of symbols that fell silent. */
  resubscribe(symbols: readonly MarketSymbol[]): void;
  hear(text: string, receivedAtMs: number): void;
};

export type ConversationOptions = {
  readonly session: FeedSession;
  /** How many symbols a subscribe names: fewer after the exchange refused one without saying which. */
  readonly requestSize: { current: number };
  readonly pacer: SendPacer;
  readonly timer: Timer;
  send(text: string): void;
  readonly handlers: ConversationHandlers;
  onGarbage(reason: string, excerpt: string): void;
};

const RATE_LIMIT_PAUSE_MS = 2000;
const EXCERPT_LENGTH = 300;
const NO_REQUEST = -1;

export function createConversation({ session, requestSize, pacer, timer, send, handlers, onGarbage }: ConversationOptions): Conversation {
  const subscriptions = createSubscriptions();
  let lost = 0;

  const { subscribe, resubscribe } = createAsker({ session, requestSize, pacer, timer, send }, subscriptions);

  const reject = (named: readonly MarketSymbol[] | null, requestId: number | null, reason: string): void => {
    const suspects = named ?? subscriptions.pendingOf(requestId);
    if (suspects.length === 0) handlers.onRefused(`an error that belongs to no request: ${reason}`, '');
    else if (named !== null || suspects.length === 1) {
      subscriptions.drop(suspects);
      handlers.onRejected(suspects, reason);
    } else {
      // One of several is not served, and which is not said: ask for fewer at a time until it stands alone.
      requestSize.current = Math.max(1, Math.min(requestSize.current, Math.ceil(suspects.length / 2)));
      subscribe(suspects);
    }
  };
  const confirm = (found: readonly MarketSymbol[]): void => {
    if (subscriptions.pendingCount() === 0) return;
    const fresh = subscriptions.confirm(found);
    if (fresh.length > 0) handlers.onConfirmed(fresh);
  };
  const takeTrades = (message: Trades): void => {
    if (subscriptions.pendingCount() > 0) confirm(message.trades.map(({ symbol }) => symbol));
    for (const { reason, row } of message.refused) handlers.onRefused(reason, row);
    if (message.trades.length > 0) handlers.onTrades(message);
  };
  const handle = (message: FeedMessage, text: string): void => {
    switch (message.kind) {
      case 'trades':
        takeTrades(message);
        break;
      case 'acknowledged':
        confirm(message.symbols ?? subscriptions.pendingOf(message.requestId ?? NO_REQUEST));
        break;
      case 'rejected':
        reject(message.symbols, message.requestId, message.reason);
        break;
      case 'rate limited':
        handlers.onRefused(`we sent too many messages: ${message.reason}`, text.slice(0, EXCERPT_LENGTH));
        pacer.slowDown(RATE_LIMIT_PAUSE_MS);
        subscribe(subscriptions.forgetRequests());
        break;
      case 'closing':
        handlers.onClosing(message.reason);
        break;
      case 'garbage':
        onGarbage(message.reason, text.slice(0, EXCERPT_LENGTH));
        break;
      case 'several':
        for (const part of message.messages) handle(part, text);
        break;
      case 'heartbeat':
      case 'ignored':
        break;
    }
  };

  return {
    subscriptions,
    subscribe,
    resubscribe,
    begin(symbols) {
      for (const text of session.greeting) pacer.send(() => send(text));
      subscribe(symbols);
    },
    hear(text, receivedAtMs) {
      handle(session.read(text, receivedAtMs), text);
      const missing = session.lostMessages() - lost;
      if (missing === 0) return;
      lost += missing;
      handlers.onRefused(`${missing} messages of this connection are missing, by their numbers`, text.slice(0, EXCERPT_LENGTH));
    },
  };
}

type AskerOptions = Pick<ConversationOptions, 'session' | 'requestSize' | 'pacer' | 'timer' | 'send'>;

function createAsker(
  { session, requestSize, pacer, timer, send }: AskerOptions,
  subscriptions: Subscriptions,
): Pick<Conversation, 'subscribe' | 'resubscribe'> {
  const subscribe = (wanted: readonly MarketSymbol[]): void => {
    for (const part of chunks(wanted, requestSize.current)) {
      const requestId = subscriptions.request(part);
      pacer.send(() => {
        send(session.subscribe(part, requestId));
        subscriptions.requestSent(requestId, timer.monotonicMs());
      });
    }
  };
  const resubscribe = (wanted: readonly MarketSymbol[]): void => {
    for (const part of chunks(wanted, requestSize.current)) {
      // The number of a request that nobody waits for: its answer is passed over.
      const requestId = subscriptions.request([]);
      pacer.send(() => send(session.unsubscribe(part, requestId)));
    }
    subscribe(wanted);
  };
  return { subscribe, resubscribe };
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
