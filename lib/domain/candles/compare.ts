import type { Candle } from '#core/candle.ts';

/** Whether two versions of a candle say the same. Decimals are canonical text, so this compares numbers exactly. */
export function sameCandle(a: Candle, b: Candle): boolean {
  return (
    a.openTimeMs === b.openTimeMs &&
    a.open === b.open &&
    a.high === b.high &&
    a.low === b.low &&
    a.close === b.close &&
    a.volume === b.volume &&
    a.quoteVolume === b.quoteVolume &&
    a.tradeCount === b.tradeCount
  );
}
