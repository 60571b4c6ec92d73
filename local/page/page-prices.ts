import { StalePriceError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { TradeSource } from '#core/trade.ts';
import type { Market } from '#usecases/markets-of-task.ts';
import { readLatestPrice } from '#usecases/read-latest-price.ts';

export type PagePricesOptions = {
  readonly cache: Pick<CacheClient, 'readHash'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Whose live trades are collected; empty when none are. */
  readonly markets: readonly Market[];
};

/** A price that may be used, or in words why there is none. Times UTC ms, in a replay of virtual time. */
export type PagePrice = { readonly exchange: Exchange; readonly symbol: MarketSymbol } & (
  | {
      readonly price: string;
      readonly side: 'buy' | 'sell';
      readonly source: TradeSource;
      readonly eventTimeMs: number;
      readonly refusal: null;
    }
  | { readonly price: null; readonly refusal: 'none yet' | 'stale' }
);

/** `isLive` is false when no live trades are collected: a replay as fast as the machine can, or a collector that is switched off. */
export type PagePrices = { readonly isLive: boolean; readonly nowMs: number; readonly prices: readonly PagePrice[] };

/** The latest price of every market, in the order of the markets. Rejects when the cache does not answer. */
export async function readPrices({ cache, clock, markets }: PagePricesOptions): Promise<PagePrices> {
  const prices = await Promise.all(
    markets.map(async ({ exchange, symbol }): Promise<PagePrice> => {
      try {
        const { price, side, source, eventTimeMs } = await readLatestPrice({ cache, clock }, { exchange, symbol });
        return { exchange, symbol, price, side, source, eventTimeMs, refusal: null };
      } catch (error) {
        if (!(error instanceof StalePriceError)) throw error;
        return { exchange, symbol, price: null, refusal: error.ageMs === null ? 'none yet' : 'stale' };
      }
    }),
  );
  return { isLive: markets.length > 0, nowMs: clock.nowMs(), prices };
}
