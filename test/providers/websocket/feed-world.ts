import { onTestFinished } from 'vitest';
import type { Logger } from '#core/ports/logger.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import type { FeedEvent } from '#core/trade-feed.ts';
import { createLiveFeed } from '#providers/websocket/live-feed.ts';
import { simulatedExchange } from './simulated-exchange.ts';
import { seededRandom, settle, START_MS, virtualTime } from './virtual-time.ts';
import { WIRES } from './wires.ts';

export const marketSymbol = (text: string): MarketSymbol => parseMarketSymbol(text) as MarketSymbol;

export const QUIET: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export type WorldOptions = {
  readonly seed?: number;
  readonly tradeMs?: number;
  readonly symbols?: readonly string[];
  readonly queueLimit?: number;
  readonly logger?: Logger;
};

/** A live feed on a simulated exchange, and a consumer who takes everything. */
export function feedWorld(exchange: keyof typeof WIRES, { seed = 1, tradeMs, symbols, queueLimit, logger = QUIET }: WorldOptions = {}) {
  const time = virtualTime();
  const wire = symbols === undefined ? WIRES[exchange] : { ...WIRES[exchange], symbols };
  const server = simulatedExchange(wire, time, tradeMs);
  const feed = createLiveFeed({
    protocol: wire.protocol,
    clock: time.clock,
    timer: time.timer,
    random: seededRandom(seed),
    logger,
    openSocket: server.openSocket,
    queueLimit,
  });
  const abort = new AbortController();
  const events: FeedEvent[] = [];
  let isHeld = false;
  let release: (() => void) | undefined;
  const consume = async (): Promise<void> => {
    for await (const event of feed.events(wire.symbols.map(marketSymbol), abort.signal)) {
      events.push(event);
      if (isHeld) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
    }
  };
  const consumed = consume();
  onTestFinished(async () => {
    abort.abort();
    release?.();
    isHeld = false;
    server.stop();
    time.advance(10_000);
    await consumed;
  });

  const trades = (symbol: string) =>
    events.flatMap((event) => (event.kind === 'trades' ? event.trades.filter((trade) => trade.symbol === symbol) : []));
  return {
    time,
    wire,
    server,
    feed,
    events,
    abort,
    consumed,
    /** Lets time pass; the consumer keeps up with it. */
    async run(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 30_000) {
        await settle();
        time.advance(Math.min(left, 30_000));
      }
      await settle();
    },
    hold() {
      isHeld = true;
    },
    letGo() {
      isHeld = false;
      release?.();
    },
    trades,
    idsOf: (symbol: string) => trades(symbol).map(({ id }) => Number(id)),
    of: <K extends FeedEvent['kind']>(kind: K) => events.filter((event): event is Extract<FeedEvent, { kind: K }> => event.kind === kind),
    /** Virtual ms since the start at which the symbol was told subscribed, after `fromMs`. */
    subscribedMs: (symbol: string, fromMs: number) =>
      events
        .filter((event) => event.kind === 'subscribed' && event.symbol === symbol && event.atMs - START_MS >= fromMs)
        .map((event) => ('atMs' in event ? event.atMs - START_MS : Number.NaN))[0],
  };
}
