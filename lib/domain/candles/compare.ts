import type { Candle } from '#core/candle.ts';

const FIGURES = ['open', 'high', 'low', 'close', 'volume'] as const;

/** What every source of a candle says: the exchange, its trades, its minutes. */
export type CandleFigures = Pick<Candle, (typeof FIGURES)[number]>;

/** Which prices, or the volume, two sources say differently. Exact, as decimals are canonical text. */
export function differingFigures(a: CandleFigures, b: CandleFigures): readonly (keyof CandleFigures)[] {
  return FIGURES.filter((figure) => a[figure] !== b[figure]);
}

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
