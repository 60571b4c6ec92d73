import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { FeedEvent } from '#core/trade-feed.ts';
import type { TradeGap, TradeGapCause } from '#core/trade-gap.ts';
import type { TradeLine } from '#core/trade-line.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import type { CheckedTrade, Trade, TradeSource } from '#core/trade.ts';
import type { TradeQualityChecks } from '#domain/quality/trade-quality.ts';
import type { DroppedRun } from '#domain/trades/dropped-runs.ts';
import { createMinuteWitness, type MinuteWitness } from '#domain/trades/minute-witness.ts';
import { createTradeChain } from '#domain/trades/trade-chain.ts';
import type { CollectedExchange } from './collected-exchange.ts';
import type { TradePublisher } from './publish-trades.ts';
import { createGapRepair } from './repair-trade-gaps.ts';
import { createTradeGapBook, type MarketGaps, type TradeGapCounts } from './trade-gap-book.ts';
import type { LatestPriceWriter } from './write-latest-prices.ts';

export type MarketCounts = TradeGapCounts & {
  /** New trades, those of repairs included. */
  readonly accepted: number;
  readonly repeated: number;
  readonly suspicious: number;
  /** Not trades, or trades that cannot be: never published. */
  readonly refused: number;
  readonly interruptions: number;
};

export type MarketBookPorts = Pick<CollectedExchange, 'exchange' | 'symbols' | 'api' | 'isSynthetic'> & {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
  readonly quality: TradeQualityChecks;
  readonly publisher: Pick<TradePublisher, 'offer'>;
  readonly prices: Pick<LatestPriceWriter, 'offer'>;
  readonly onGaps: (gaps: readonly TradeGap[]) => void;
  /** Where the line of a market's ids has begun, of which no earlier run knew anything. */
  readonly onLine: (line: TradeLine) => void;
};

/** The markets of one exchange: what has come of each, and what is missing. */
export type MarketBook = {
  take(event: FeedEvent): void;
  /** The newest minute that an earlier run has witnessed. */
  beginAfter(minute: TradeMinute): void;
  /** Where an earlier run began that stored no minute. Ignored when more is known. */
  beginAfterLine(line: TradeLine): void;
  /** A gap that an earlier run has left open. Its minutes are written: they are not witnessed again. */
  resume(gap: TradeGap): void;
  /** These trades were taken and then given up. */
  reopen(run: DroppedRun): void;
  takeClosedMinutes(closedBeforeMs: number): readonly TradeMinute[];
  counts(): MarketCounts;
  stop(): void;
};

const MAX_GAPS = 200;
const MAX_MINUTES = 60;

type Counted = { accepted: number; repeated: number; suspicious: number; refused: number; interruptions: number };
type Market = MarketGaps & { readonly witness: MinuteWitness; readonly liveSource: TradeSource };

export function createMarketBook(ports: MarketBookPorts, { repairTrades }: { readonly repairTrades: number }): MarketBook {
  const { exchange, clock, logger, publisher, prices } = ports;
  const markets = new Map<MarketSymbol, Market>(ports.symbols.map((symbol) => [symbol, newMarket(ports, symbol)]));
  const counted: Counted = { accepted: 0, repeated: 0, suspicious: 0, refused: 0, interruptions: 0 };
  const gaps = createTradeGapBook(ports, (symbol, firstId, count) => count <= repairTrades && repair.add(symbol, firstId));

  /** Returns how many of the trades were new. */
  const takeTrades = (trades: readonly Trade[], way: 'stream' | 'rest', isSnapshot: boolean): number => {
    const checked: CheckedTrade[] = [];
    // Only rarely is there any: it is made when it is needed.
    let changed: Set<Market> | null = null;
    const begun = isSnapshot ? beginAtSnapshot(ports, markets, trades) : null;
    for (const trade of trades) {
      const market = markets.get(trade.symbol);
      if (market === undefined || begun?.has(market) === true) continue;
      const one = takeTrade(ports, counted, market, trade, way);
      if (one === null) continue;
      checked.push(one);
      if (one.quality === 'good') prices.offer(one);
      else counted.suspicious += 1;
      if (market.rows.size > 0) (changed ??= new Set()).add(market);
      if (market.chain.hasNew()) gaps.note(market);
    }
    counted.accepted += checked.length;
    if (checked.length > 0) publisher.offer(checked);
    for (const market of changed ?? []) gaps.settleFilled(market, way);
    return checked.length;
  };

  const repair = createGapRepair({
    ...ports,
    onTrades: (trades) => takeTrades(trades, 'rest', false),
    gapOf: (symbol, firstId) =>
      markets
        .get(symbol)
        ?.chain.gaps()
        .find((gap) => gap.firstId === firstId),
    onEnd: (symbol, firstId, how) => {
      const market = markets.get(symbol);
      if (market !== undefined) gaps.end(market, firstId, 'rest', how === 'exhausted' ? 'lost' : 'open');
    },
  });

  return {
    take(event) {
      if (event.kind === 'trades') {
        takeTrades(event.trades, 'stream', event.isSnapshot);
        return;
      }
      if (event.kind === 'interrupted') counted.interruptions += 1;
      if (event.kind === 'interrupted') for (const symbol of event.symbols) setCause(markets.get(symbol), event.cause);
      if (event.kind === 'payload refused') counted.refused += 1;
      logEvent(logger, exchange, event);
    },
    beginAfter(minute) {
      const market = markets.get(minute.symbol);
      if (market === undefined) return;
      market.chain.beginAfter(Number(minute.lastId), minute.openTimeMs);
      market.witness.beginAfterMinute(minute);
      market.cause = 'restart';
    },
    beginAfterLine({ symbol, afterId, beganAtMs }) {
      const market = markets.get(symbol);
      if (market?.chain.lastId() === null) beginAfterId(market, Number(afterId), beganAtMs);
    },
    resume(gap) {
      const market = markets.get(gap.symbol);
      if (market === undefined || !resumeGap(market, gap)) return;
      gaps.note(market);
      market.cause = 'restart';
    },
    reopen({ symbol, firstId, lastId, fromMs, toMs }) {
      const market = markets.get(symbol);
      if (market === undefined) return;
      market.cause = 'buffer full';
      market.chain.reopen({ firstId: Number(firstId), lastId: Number(lastId), fromMs, toMs });
      gaps.note(market);
    },
    takeClosedMinutes: (closedBeforeMs) =>
      [...markets.values()].flatMap(({ witness }) => witness.takeClosed(closedBeforeMs, clock.nowMs())),
    counts: () => ({ ...counted, ...gaps.counts() }),
    stop: () => repair.stop(),
  };
}

/** Nothing that came later was delivered, as far as is known: what is missing begins there. */
function beginAfterId(market: Market, id: number, timeMs: number): void {
  market.chain.beginAfter(id, timeMs);
  market.witness.beginAfter(id, timeMs);
  market.cause = 'restart';
}

/** False when what is missing since then is found as a gap of its own: this one ends with it. */
function resumeGap(market: Market, gap: TradeGap): boolean {
  const [firstId, lastId] = [Number(gap.firstId), Number(gap.lastId)];
  const { fromMs, toMs, cause } = gap;
  if (market.chain.lastId() === null) beginAfterId(market, firstId - 1, fromMs);
  if (lastId > (market.chain.lastId() ?? 0)) {
    market.inherited.push(gap);
    return false;
  }
  market.cause = cause;
  market.chain.reopen({ firstId, lastId, fromMs, toMs });
  return true;
}

/** Null for what must not be published. */
function takeTrade(
  { exchange, clock, logger, quality, onLine }: MarketBookPorts,
  counted: Counted,
  market: Market,
  trade: Trade,
  way: 'stream' | 'rest',
): CheckedTrade | null {
  // Made-up trades are called so, whichever way they came.
  const source = market.liveSource === 'synthetic' || way === 'stream' ? market.liveSource : way;
  const { verdict, reason } = quality.check(trade, clock.nowMs(), way === 'rest' ? way : source);
  if (verdict === 'refused') {
    counted.refused += 1;
    logger.debug('a trade is refused', { exchange, symbol: trade.symbol, id: trade.id, reason });
    return null;
  }
  const id = Number(trade.id);
  // Without such a number nothing can be told about what is missing.
  if (!Number.isSafeInteger(id)) return { trade, source, quality: verdict, reason };
  const step = market.chain.step(id, trade.eventTimeMs);
  if (step === 'repeated') {
    counted.repeated += 1;
    return null;
  }
  if (step === 'first') onLine({ exchange, symbol: trade.symbol, afterId: BigInt(Math.max(0, id - 1)), beganAtMs: trade.eventTimeMs });
  if (step === 'next') market.cause = null;
  if (step !== 'again')
    market.witness.add({ id, price: trade.price, size: trade.size, eventTimeMs: trade.eventTimeMs }, source === 'synthetic');
  return { trade, source, quality: verdict, reason };
}

/** A first snapshot is from before the subscription: it says where the line of ids begins, and is no news. Returns the markets it began. */
function beginAtSnapshot(
  { exchange, onLine }: MarketBookPorts,
  markets: ReadonlyMap<MarketSymbol, Market>,
  trades: readonly Trade[],
): ReadonlySet<Market> {
  const newest = new Map<Market, Trade>();
  for (const trade of trades) {
    const market = markets.get(trade.symbol);
    if (market?.chain.lastId() !== null) continue;
    const held = newest.get(market);
    if (held === undefined || Number(trade.id) > Number(held.id)) newest.set(market, trade);
  }
  for (const [{ symbol, chain, witness }, { id, eventTimeMs }] of newest) {
    if (!Number.isSafeInteger(Number(id))) continue;
    chain.beginAfter(Number(id), eventTimeMs);
    witness.beginAfter(Number(id), eventTimeMs);
    onLine({ exchange, symbol, afterId: BigInt(id), beganAtMs: eventTimeMs });
  }
  return new Set(newest.keys());
}

function newMarket({ exchange, isSynthetic }: Pick<MarketBookPorts, 'exchange' | 'isSynthetic'>, symbol: MarketSymbol): Market {
  return {
    symbol,
    chain: createTradeChain(MAX_GAPS),
    witness: createMinuteWitness(exchange, symbol, MAX_MINUTES),
    liveSource: isSynthetic(symbol) ? 'synthetic' : 'stream',
    rows: new Map(),
    inherited: [],
    cause: null,
  };
}

function setCause(market: Market | undefined, cause: TradeGapCause): void {
  if (market !== undefined) market.cause ??= cause;
}

function logEvent(logger: Logger, exchange: MarketBookPorts['exchange'], event: FeedEvent): void {
  if (event.kind === 'interrupted') logger.info('a feed is interrupted', { exchange, cause: event.cause, symbols: event.symbols.length });
  else if (event.kind === 'symbol refused') logger.warn('a market is refused', { exchange, symbol: event.symbol, reason: event.reason });
  else if (event.kind === 'payload refused')
    logger.warn('something else than a trade arrived', { exchange, reason: event.reason, excerpt: event.excerpt });
}
