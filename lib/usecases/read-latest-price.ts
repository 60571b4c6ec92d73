import { StalePriceError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { parseLatestPrice, type LatestPrice } from '#domain/trades/latest-price.ts';
import { latestPriceKey } from '#domain/trades/price-key.ts';

/** Older prices are refused unless the reader says otherwise. Below the keys' time to live, so that a dead collector is seen as that. */
const DEFAULT_MAX_AGE_MS = 120_000;

/** A price from further in the future than clocks disagree proves nothing about now. */
const MAX_SKEW_MS = 60_000;

export type LatestPriceQuestion = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  /** By the exchange's time of the trade; 120,000 when absent. */
  readonly maxAgeMs?: number;
};

/**
 * The latest price of a market, or `StalePriceError` when there is none, when what is stored is not one, or when it is too old. An error
 * of the cache itself is passed on: it is no statement about the price.
 */
export async function readLatestPrice(
  { cache, clock }: { readonly cache: Pick<CacheClient, 'readHash'>; readonly clock: Pick<Clock, 'nowMs'> },
  { exchange, symbol, maxAgeMs = DEFAULT_MAX_AGE_MS }: LatestPriceQuestion,
): Promise<LatestPrice> {
  const what = `the latest price of ${exchange} "${symbol}"`;
  const fields = await cache.readHash(latestPriceKey(exchange, symbol));
  if (fields === null)
    throw new StalePriceError(`${what} is unknown, expected one at most ${maxAgeMs} ms old; see whether the collector runs`, {
      ageMs: null,
    });
  const price = parseLatestPrice(exchange, symbol, fields);
  if (price === undefined)
    throw new StalePriceError(`${what} is stored in a form that cannot be read; see whether another release writes to this cache`, {
      ageMs: null,
    });
  const ageMs = clock.nowMs() - price.eventTimeMs;
  if (ageMs <= maxAgeMs && ageMs >= -MAX_SKEW_MS) return price;
  throw new StalePriceError(
    ageMs < 0
      ? `${what} is ${-ageMs} ms in the future, expected at most ${MAX_SKEW_MS} ms; see which clock is wrong`
      : `${what} is ${ageMs} ms old, expected at most ${maxAgeMs} ms; see whether the collector runs and the market trades`,
    { ageMs },
  );
}
