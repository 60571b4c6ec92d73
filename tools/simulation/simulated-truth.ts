import type { Candle } from '#core/candle.ts';
import { sameCandle } from '#domain/candles/compare.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { fnv1a } from '#core/fnv1a.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { chanceOf } from './dice.ts';

const MINUTE = 60_000;

/** Neither does an exchange correct a candle that closed less than so long ago, nor does one vanish. */
export const NO_CORRECTION_WITHIN_MS = 10_000;

/** No rows then: open times, exclusive end; of every market of the exchange when no symbol is named. */
export type Silence = {
  readonly exchange: Series['exchange'];
  readonly symbol: MarketSymbol | null;
  readonly fromMs: number;
  readonly untilMs: number;
};

export type TruthRule = {
  readonly seed: number;
  /** Share of steps without a trade, where the exchange then has no row. */
  readonly emptyShare: (series: Series) => number;
  /** Share of candles that the exchange corrects, at most so long after the first ten seconds of a closed candle; none that opens at `revisedUntilMs` or later. */
  readonly revisedShare: number;
  readonly revisedWithinMs: (series: Series) => number;
  readonly revisedUntilMs: number;
  /** Share of those that it corrects a second time, within as long. */
  readonly revisedTwiceShare: number;
  /** Share of candles that the exchange no longer sends some time after they closed, at most so long. */
  readonly vanishedShare: number;
  readonly vanishedWithinMs: number;
  readonly silences: readonly Silence[];
};

/** What an exchange has of a series' candles, and when. */
export type SeriesTruth = {
  /** As it serves it at a time: null for no row. A candle that has not closed by then has other figures than in the end. */
  at(openTimeMs: number, atMs: number): Candle | null;
  /** Whether it was ever served like this once it had closed. */
  wasServed(candle: Candle): boolean;
  /** From when on a candle that there was is no longer sent; null for one that is kept, or that there never was. */
  vanishesAtMs(openTimeMs: number): number | null;
  /** When the exchange corrects a candle after it closed, the first time first; UTC ms. */
  correctedAtMs(openTimeMs: number): readonly number[];
};

export type Truth = (series: Series) => SeriesTruth;

/** All that will ever be known of a closed candle. */
type Fate = {
  /** Its figures and from when on they hold, in order of time; none for a candle that there never was. */
  readonly figures: readonly { readonly fromMs: number; readonly candle: Candle }[];
  readonly vanishedAtMs: number;
};

const NOTHING: Fate = { figures: [], vanishedAtMs: Number.POSITIVE_INFINITY };

// What a chance is for: the third number that it belongs to.
const [EMPTY, OPEN, CLOSED, REVISED, REVISED_WHEN, REVISED_AS, VANISHED, VANISHED_WHEN] = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const [REVISED_TWICE, REVISED_TWICE_WHEN, REVISED_TWICE_AS] = [9, 10, 11] as const;

export function createTruth(rule: TruthRule): Truth {
  const known = new Map<string, SeriesTruth>();
  return (series) => {
    const key = seriesKey(series);
    const truth = known.get(key) ?? truthOf(rule, series, fnv1a(`${rule.seed} ${key}`));
    known.set(key, truth);
    return truth;
  };
}

function truthOf(rule: TruthRule, series: Series, name: number): SeriesTruth {
  const stepMs = TIMEFRAME_MS[series.timeframe];
  const fates = new Map<number, Fate>();
  const fateOf = (openTimeMs: number): Fate => {
    const known = fates.get(openTimeMs);
    if (known !== undefined) return known;
    const fate = makeFate(rule, series, name, openTimeMs);
    fates.set(openTimeMs, fate);
    return fate;
  };
  return {
    at(openTimeMs, atMs) {
      if (openTimeMs > atMs) return null;
      const { figures, vanishedAtMs } = fateOf(openTimeMs);
      if (figures.length === 0 || atMs >= vanishedAtMs) return null;
      if (atMs < openTimeMs + stepMs) return candleOf(name, openTimeMs, 1000 + atMs - openTimeMs);
      return figures.findLast(({ fromMs }) => fromMs <= atMs)?.candle ?? null;
    },
    wasServed(candle) {
      return fateOf(candle.openTimeMs).figures.some((one) => sameCandle(one.candle, candle));
    },
    vanishesAtMs(openTimeMs) {
      const { vanishedAtMs } = fateOf(openTimeMs);
      return vanishedAtMs === Number.POSITIVE_INFINITY ? null : vanishedAtMs;
    },
    correctedAtMs: (openTimeMs) =>
      fateOf(openTimeMs)
        .figures.slice(1)
        .map(({ fromMs }) => fromMs),
  };
}

function makeFate(rule: TruthRule, series: Series, name: number, openTimeMs: number): Fate {
  const minute = openTimeMs / MINUTE;
  if (chanceOf(name, minute, EMPTY) < rule.emptyShare(series) || isSilent(rule, series, openTimeMs)) return NOTHING;
  const closeMs = openTimeMs + TIMEFRAME_MS[series.timeframe];
  const isRevised = openTimeMs < rule.revisedUntilMs && chanceOf(name, minute, REVISED) < rule.revisedShare;
  const isTwice = isRevised && chanceOf(name, minute, REVISED_TWICE) < rule.revisedTwiceShare;
  const isVanished = chanceOf(name, minute, VANISHED) < rule.vanishedShare;
  const later = (what: number, withinMs: number): number => closeMs + NO_CORRECTION_WITHIN_MS + chanceOf(name, minute, what) * withinMs;
  const corrected = (when: number, as: number) => ({
    fromMs: later(when, rule.revisedWithinMs(series)),
    candle: candleOf(name, openTimeMs, as),
  });
  const corrections = [
    ...(isRevised ? [corrected(REVISED_WHEN, REVISED_AS)] : []),
    ...(isTwice ? [corrected(REVISED_TWICE_WHEN, REVISED_TWICE_AS)] : []),
  ];
  return {
    figures: [{ fromMs: closeMs, candle: candleOf(name, openTimeMs, CLOSED) }, ...corrections.toSorted((a, b) => a.fromMs - b.fromMs)],
    vanishedAtMs: isVanished ? later(VANISHED_WHEN, rule.vanishedWithinMs) : Number.POSITIVE_INFINITY,
  };
}

function isSilent({ silences }: TruthRule, { exchange, symbol }: Series, openTimeMs: number): boolean {
  return silences.some(
    (one) => one.exchange === exchange && (one.symbol ?? symbol) === symbol && openTimeMs >= one.fromMs && openTimeMs < one.untilMs,
  );
}

/** Prices belong to the time, the volume also to the state that it is seen in. */
function candleOf(name: number, openTimeMs: number, state: number): Candle {
  const minute = openTimeMs / MINUTE;
  const open = 100 + Math.floor(chanceOf(name, minute, OPEN) * 900);
  return {
    openTimeMs,
    open: decimal(open),
    high: decimal(open + 2),
    low: decimal(open - 2),
    close: decimal(open + 1),
    volume: decimal((1 + Math.floor(chanceOf(name, minute, state) * 1e6)) / 1000),
    quoteVolume: null,
    tradeCount: null,
  };
}

function decimal(value: number): Decimal {
  const parsed = parseDecimal(value);
  if (parsed === undefined) throw new RangeError(`"${value}" is not a decimal`);
  return parsed;
}
