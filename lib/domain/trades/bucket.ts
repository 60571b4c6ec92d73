import type { Exchange } from '#core/exchange.ts';
import { fnv1a } from '#core/fnv1a.ts';
import type { MarketSymbol } from '#core/symbol.ts';

export const BUCKETS = 64;

/**
 * Partition key of a market, `b00` to `b63`: 32-bit FNV-1a over `exchange:symbol` (ASCII), modulo 64. It must stay as it is for ever: another
 * one would let the trades of a market overtake each other while both are in use.
 */
export function bucketOf(exchange: Exchange, symbol: MarketSymbol): string {
  return `b${String(fnv1a(`${exchange}:${symbol}`) % BUCKETS).padStart(2, '0')}`;
}
