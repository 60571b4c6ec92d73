import type { Candle } from '#core/candle.ts';
import { sameCandle } from '#domain/candles/compare.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { fnv1a } from '#core/fnv1a.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { chanceOf } from './dice.ts';

const MINUTE = 60_000;

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
  /** Share of candles that the exchange corrects once, at most so long after they closed. */
  readonly revisedShare: number;
  readonly revisedWithinMs: number;
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
};

export type Truth = (series: Series) => SeriesTruth;

/** All that will ever be known of a closed candle. */
type Fate = {
  readonly closed: Candle | null;
  readonly revised: Candle | null;
  readonly revisedAtMs: number;
  readonly vanishedAtMs: number;
};

const NOTHING: Fate = { closed: null, revised: null, revisedAtMs: Number.POSITIVE_INFINITY, vanishedAtMs: Number.POSITIVE_INFINITY };

// What a chance is for: the third number that it belongs to.
const [EMPTY, OPEN, CLOSED, REVISED, REVISED_WHEN, REVISED_AS, VANISHED, VANISHED_WHEN] = [1, 2, 3, 4, 5, 6, 7, 8] as const;

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
      const { closed, revised, revisedAtMs, vanishedAtMs } = fateOf(openTimeMs);
      if (closed === null || atMs >= vanishedAtMs) return null;
      if (atMs < openTimeMs + stepMs) return candleOf(name, openTimeMs, 1000 + atMs - openTimeMs);
      return atMs >= revisedAtMs ? revised : closed;
    },
    wasServed(candle) {
      const { closed, revised } = fateOf(candle.openTimeMs);
      return [closed, revised].some((one) => one !== null && sameCandle(one, candle));
    },
    vanishesAtMs(openTimeMs) {
      const { vanishedAtMs } = fateOf(openTimeMs);
      return vanishedAtMs === Number.POSITIVE_INFINITY ? null : vanishedAtMs;
    },
  };
}

function makeFate(rule: TruthRule, series: Series, name: number, openTimeMs: number): Fate {
  const minute = openTimeMs / MINUTE;
  if (chanceOf(name, minute, EMPTY) < rule.emptyShare(series) || isSilent(rule, series, openTimeMs)) return NOTHING;
  const closeMs = openTimeMs + TIMEFRAME_MS[series.timeframe];
  const isRevised = chanceOf(name, minute, REVISED) < rule.revisedShare;
  const isVanished = chanceOf(name, minute, VANISHED) < rule.vanishedShare;
  const later = (what: number, withinMs: number): number => closeMs + 10_000 + chanceOf(name, minute, what) * withinMs;
  return {
    closed: candleOf(name, openTimeMs, CLOSED),
    revised: isRevised ? candleOf(name, openTimeMs, REVISED_AS) : null,
    revisedAtMs: isRevised ? later(REVISED_WHEN, rule.revisedWithinMs) : Number.POSITIVE_INFINITY,
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
