import { parseDecimal, type Decimal } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import type { OrderedCacheEntry } from '#core/ports/cache-client.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TRADE_QUALITIES, TRADE_SOURCES, type CheckedTrade, type Trade, type TradeQuality, type TradeSource } from '#core/trade.ts';
import { latestPriceKey } from './price-key.ts';

/** The newest trade of a market as readers of the cache see it. Price in quote units, size in base units, times UTC ms. */
export type LatestPrice = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly price: Decimal;
  readonly size: Decimal;
  readonly side: Trade['side'];
  readonly eventTimeMs: number;
  readonly receivedAtMs: number;
  readonly source: TradeSource;
  readonly quality: TradeQuality;
  readonly tradeId: string;
};

/** The hash of a trade under `latest_price:{exchange}:{symbol}`, ordered by event time and then trade id. */
export function latestPriceEntry({ trade, source, quality }: CheckedTrade): OrderedCacheEntry {
  return {
    key: latestPriceKey(trade.exchange, trade.symbol),
    orderMs: trade.eventTimeMs,
    orderId: trade.id,
    fields: {
      price: trade.price,
      size: trade.size,
      side: trade.side,
      event_time: String(trade.eventTimeMs),
      received_at: String(trade.receivedAtMs),
      source,
      quality,
      trade_id: trade.id,
    },
  };
}

/** Reads such a hash; `undefined` when a field is missing or is not what `latestPriceEntry` writes. Further fields are left alone. */
export function parseLatestPrice(
  exchange: Exchange,
  symbol: MarketSymbol,
  fields: Readonly<Record<string, string>>,
): LatestPrice | undefined {
  const price = parseDecimal(fields['price']);
  const size = parseDecimal(fields['size']);
  const side = oneOf(['buy', 'sell'], fields['side']);
  const eventTimeMs = parseTimeMs(fields['event_time']);
  const receivedAtMs = parseTimeMs(fields['received_at']);
  const source = oneOf(TRADE_SOURCES, fields['source']);
  const quality = oneOf(TRADE_QUALITIES, fields['quality']);
  const tradeId = fields['trade_id'];
  if (price === undefined || size === undefined || side === undefined || source === undefined || quality === undefined) return undefined;
  if (eventTimeMs === undefined || receivedAtMs === undefined || tradeId === undefined || tradeId === '') return undefined;
  if (!isPositive(price) || !isPositive(size)) return undefined;
  return { exchange, symbol, price, size, side, eventTimeMs, receivedAtMs, source, quality, tradeId };
}

function isPositive(value: Decimal): boolean {
  return value !== '0' && !value.startsWith('-');
}

function oneOf<const T extends string>(values: readonly T[], text: string | undefined): T | undefined {
  return values.find((value) => value === text);
}

/** Digits alone, within the range of times that a `Date` can hold. */
function parseTimeMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const timeMs = Number(text);
  return timeMs <= 8.64e15 ? timeMs : undefined;
}
