import type { Decimal } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { CheckedTrade, Trade } from '#core/trade.ts';

export const NOON = Date.UTC(2023, 10, 17, 12);

type Made = Partial<Omit<Trade, 'symbol' | 'price' | 'size'>> & {
  readonly exchange?: Exchange;
  readonly symbol?: string;
  readonly price?: string;
  readonly size?: string;
} & Partial<Omit<CheckedTrade, 'trade'>>;

/** A trade with everything that a test does not name. */
export function checkedTrade({
  source = 'stream',
  quality = 'good',
  reason = '',
  symbol = 'BTC/USD',
  price = '36160.9',
  size = '0.00039906',
  ...made
}: Made = {}): CheckedTrade {
  const trade: Trade = {
    exchange: 'kraken',
    id: '5504897',
    side: 'buy',
    eventTimeMs: NOON,
    receivedAtMs: NOON + 40,
    ...made,
    symbol: symbol as MarketSymbol,
    price: price as Decimal,
    size: size as Decimal,
  };
  return { trade, source, quality, reason };
}

/** Trades of one market with ids from `firstId` on, so many milliseconds apart. */
export function tradesFrom(firstId: number, count: number, made: Made = {}, stepMs = 10): readonly CheckedTrade[] {
  return Array.from({ length: count }, (_, i) => checkedTrade({ eventTimeMs: NOON + i * stepMs, ...made, id: String(firstId + i) }));
}
