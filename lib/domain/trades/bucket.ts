import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';

export const BUCKETS = 64;

/**
 * Partition key of a market, `b00` to `b63`: 32-bit FNV-1a over `exchange:symbol` (ASCII), modulo 64. It must stay as it is for ever: another
 * one would let the trades of a market overtake each other while both are in use.
 */
export function bucketOf(exchange: Exchange, symbol: MarketSymbol): string {
  const text = `${exchange}:${symbol}`;
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01_00_01_93);
  return `b${String((hash >>> 0) % BUCKETS).padStart(2, '0')}`;
}
