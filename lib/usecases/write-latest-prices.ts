import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { compareTradeIds } from '#core/trade-id.ts';
import type { CheckedTrade, Trade } from '#core/trade.ts';
import { latestPriceEntry } from '#domain/trades/latest-price.ts';

export type LatestPricePorts = { readonly cache: Pick<CacheClient, 'advanceHashes'>; readonly timer: Timer; readonly logger: Logger };

export type LatestPriceSettings = { readonly coalesceMs: number; readonly priceTtlSeconds: number };

export type LatestPriceCounts = {
  /** Prices that became the latest in the cache. */
  readonly written: number;
  /** Trades that were overtaken by a newer one before their turn came. */
  readonly coalesced: number;
  readonly failedWrites: number;
  /** Markets whose newest price waits for its turn. */
  readonly waiting: number;
};

export type LatestPriceWriter = {
  /** Takes a trade whose price is good. Never waits and never throws. */
  offer(checked: CheckedTrade): void;
  counts(): LatestPriceCounts;
  /** Writes what waits, now. Resolves when the cache has answered, well or not; nothing is written on its own afterwards. */
  finish(): Promise<void>;
};

/**
 * Brings the newest price of each market to the cache, all of them with one call each `coalesceMs`. What the cache does not take waits for
 * the next turn, where a newer price replaces it: memory is bounded by the number of markets, however long the cache is away.
 */
export function createLatestPriceWriter({ cache, timer, logger }: LatestPricePorts, settings: LatestPriceSettings): LatestPriceWriter {
  let waiting = createNewest();
  const counted = { written: 0, coalesced: 0, failedWrites: 0 };
  let isWriting = false;
  let isFailing = false;
  let isFinished = false;
  let writing = Promise.resolve();
  let cancel: (() => void) | null = null;

  const keep = (checked: CheckedTrade): void => {
    if (waiting.keep(checked) === 'one of two') counted.coalesced += 1;
  };

  const write = async (): Promise<void> => {
    const taken = waiting.all();
    if (taken.length === 0) return;
    waiting = createNewest();
    isWriting = true;
    try {
      counted.written += await cache.advanceHashes(taken.map(latestPriceEntry), settings.priceTtlSeconds);
      if (isFailing) logger.info('the cache takes the latest prices again');
      isFailing = false;
    } catch (error) {
      counted.failedWrites += 1;
      // Once an outage, not four times a second.
      if (!isFailing) logger.warn('the cache does not take the latest prices; the newest of each market is tried again', { error });
      isFailing = true;
      for (const checked of taken) keep(checked);
    }
    isWriting = false;
  };

  const schedule = (): void => {
    if (isFinished) return;
    cancel ??= timer.after(settings.coalesceMs, () => {
      cancel = null;
      // A write that is slower than its turn delays the next one.
      if (isWriting) return schedule();
      writing = write().then(() => (waiting.all().length > 0 ? schedule() : undefined));
      return undefined;
    });
  };

  return {
    offer(checked) {
      keep(checked);
      schedule();
    },
    counts: () => ({ ...counted, waiting: waiting.all().length }),
    async finish() {
      isFinished = true;
      cancel?.();
      await writing;
      await write();
    },
  };
}

/** The newest trade of each market. By exchange and then symbol: a key made of both would be a new text for each trade. */
function createNewest() {
  const exchanges = new Map<Exchange, Map<MarketSymbol, CheckedTrade>>();
  return {
    keep(checked: CheckedTrade): 'the only one' | 'one of two' {
      const { exchange, symbol } = checked.trade;
      const markets = exchanges.get(exchange) ?? new Map<MarketSymbol, CheckedTrade>();
      if (markets.size === 0) exchanges.set(exchange, markets);
      const held = markets.get(symbol);
      if (held === undefined || isNewer(checked.trade, held.trade)) markets.set(symbol, checked);
      return held === undefined ? 'the only one' : 'one of two';
    },
    all: () => [...exchanges.values()].flatMap((markets) => [...markets.values()]),
  };
}

function isNewer(trade: Trade, than: Trade): boolean {
  return trade.eventTimeMs === than.eventTimeMs ? compareTradeIds(trade.id, than.id) > 0 : trade.eventTimeMs > than.eventTimeMs;
}
