import type { Candle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { chanceOf } from './dice.ts';

const MINUTE = 60_000;

export type TruthRule = {
  readonly seed: number;
  /** Share of steps without a trade, where the exchange then has no row. */
  readonly emptyShare: (series: Series) => number;
  /** Share of candles that the exchange corrects once, at most so long after they closed. */
  readonly revisedShare: number;
  readonly revisedWithinMs: number;
  /** No market of the exchange trades then, and it has no rows. Open times, exclusive end. */
  readonly outages: readonly { readonly exchange: Series['exchange']; readonly fromMs: number; readonly untilMs: number }[];
};

/** What an exchange has of a candle at a time: null for no row. A candle that has not closed by then has other figures than in the end. */
export type Truth = (series: Series, openTimeMs: number, atMs: number) => Candle | null;

export function createTruth(rule: TruthRule): Truth {
  return (series, openTimeMs, atMs) => {
    const stepMs = TIMEFRAME_MS[series.timeframe];
    const name = `${rule.seed} ${seriesKey(series)} ${openTimeMs / MINUTE}`;
    if (openTimeMs > atMs || chanceOf(`${name} empty`) < rule.emptyShare(series)) return null;
    if (rule.outages.some((one) => one.exchange === series.exchange && openTimeMs >= one.fromMs && openTimeMs < one.untilMs)) return null;
    const closeMs = openTimeMs + stepMs;
    if (atMs < closeMs) return candleOf(openTimeMs, name, `${atMs - openTimeMs}`);
    const isRevised =
      chanceOf(`${name} revised`) < rule.revisedShare && atMs >= closeMs + 10_000 + chanceOf(`${name} when`) * rule.revisedWithinMs;
    return candleOf(openTimeMs, name, isRevised ? 'revised' : 'closed');
  };
}

function candleOf(openTimeMs: number, name: string, state: string): Candle {
  const open = 100 + Math.floor(chanceOf(name) * 900);
  return {
    openTimeMs,
    open: decimal(open),
    high: decimal(open + 2),
    low: decimal(open - 2),
    close: decimal(open + 1),
    volume: decimal((1 + Math.floor(chanceOf(`${name} ${state}`) * 1e6)) / 1000),
    quoteVolume: null,
    tradeCount: null,
  };
}

function decimal(value: number): Decimal {
  const parsed = parseDecimal(value);
  if (parsed === undefined) throw new RangeError(`"${value}" is not a decimal`);
  return parsed;
}
