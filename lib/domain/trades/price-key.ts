import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';

/** What would make one key look like another, change its slot in a cluster, or match as a pattern. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const REFUSED = /[\u0000-\u0020\u007F:{}*?[\]\\^"']/;
const MAX_LENGTH = 64;

/** Cache key of the latest price of a market. Throws `RangeError` for a part that would spoil the key. */
export function latestPriceKey(exchange: Exchange, symbol: MarketSymbol): string {
  return `latest_price:${checked('exchange', exchange)}:${checked('symbol', symbol)}`;
}

function checked(what: string, part: string): string {
  if (part !== '' && part.length <= MAX_LENGTH && !REFUSED.test(part)) return part;
  throw new RangeError(
    `${what} ${JSON.stringify(part.slice(0, MAX_LENGTH))} cannot be part of a cache key, expected 1 to ${MAX_LENGTH} characters without spaces, control characters and : { } * ? [ ] \\ ^ quotes; correct the configuration`,
  );
}
