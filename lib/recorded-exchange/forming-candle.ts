import type { Candle } from '#core/candle.ts';
import { compareDecimals, fromScaled, MAX_FRACTION_DIGITS, toScaled, ZERO, type Decimal } from '#core/decimal.ts';

/**
 * What a candle looked like while it was open, from its final figures alone: in the first quarter of its time only the open is
 * known, then the high is reached, then the low, then the close. Volume, quote volume and count grow evenly; they are truncated
 * to the decimals of their final value, the count is at least 1. Undefined while the truncated volume is 0: nothing traded yet.
 */
export function formingCandle(final: Candle, elapsedMs: number, timeframeMs: number): Candle | undefined {
  const volume = shareOf(final.volume, elapsedMs, timeframeMs);
  if (volume === ZERO) return undefined;
  const quarter = Math.floor((4 * elapsedMs) / timeframeMs);
  return {
    openTimeMs: final.openTimeMs,
    ...pricesAt(final, quarter),
    volume,
    quoteVolume: final.quoteVolume === null ? null : shareOf(final.quoteVolume, elapsedMs, timeframeMs),
    tradeCount: final.tradeCount === null ? null : Math.max(1, Math.floor((final.tradeCount * elapsedMs) / timeframeMs)),
  };
}

function pricesAt({ open, high, low, close }: Candle, quarter: number): Pick<Candle, 'open' | 'high' | 'low' | 'close'> {
  if (quarter <= 0) return { open, high: open, low: open, close: open };
  if (quarter === 1) return { open, high, low: open, close: high };
  if (quarter === 2) return { open, high, low, close: low };
  return { open, high, low, close };
}

function shareOf(final: Decimal, elapsedMs: number, timeframeMs: number): Decimal {
  const point = final.indexOf('.');
  const decimals = point === -1 ? 0 : final.length - point - 1;
  const unit = 10n ** BigInt(MAX_FRACTION_DIGITS - decimals);
  const share = (toScaled(final) * BigInt(elapsedMs)) / BigInt(timeframeMs);
  return fromScaled(share - (share % unit));
}

/**
 * Exact roll-up of candles in order of time. Candles without volume repeat an old price, so they decide nothing while another
 * candle has volume. Quote volume and count are null when one of the parts does not know them. Undefined when nothing traded.
 */
export function rolledUpCandle(openTimeMs: number, parts: readonly Candle[]): Candle | undefined {
  const traded = parts.filter((part) => part.volume !== ZERO);
  const [first] = traded;
  if (first === undefined) return undefined;
  return traded.slice(1).reduce<Candle>(
    (sum, part) => ({
      ...sum,
      high: compareDecimals(part.high, sum.high) > 0 ? part.high : sum.high,
      low: compareDecimals(part.low, sum.low) < 0 ? part.low : sum.low,
      close: part.close,
      volume: added(sum.volume, part.volume),
      quoteVolume: sum.quoteVolume === null || part.quoteVolume === null ? null : added(sum.quoteVolume, part.quoteVolume),
      tradeCount: sum.tradeCount === null || part.tradeCount === null ? null : sum.tradeCount + part.tradeCount,
    }),
    { ...first, openTimeMs },
  );
}

function added(a: Decimal, b: Decimal): Decimal {
  return fromScaled(toScaled(a) + toScaled(b));
}

/** A candle without a trade: the price stays where it was. */
export function flatCandle(openTimeMs: number, price: Decimal, like: Candle): Candle {
  return {
    openTimeMs,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: ZERO,
    quoteVolume: like.quoteVolume === null ? null : ZERO,
    tradeCount: like.tradeCount === null ? null : 0,
  };
}
