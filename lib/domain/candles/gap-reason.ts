import type { GapReason } from '#core/candle-gap.ts';

/** What the exchange's other series of this timeframe did while the gap lasted, and how often this one is silent otherwise. */
export type GapEvidence = {
  readonly candles: number;
  /** Whether the exchange sends a flat row where nothing was traded. */
  readonly servesEmptyCandles: boolean;
  /** Candles of the gap for which at least one other series of the exchange has a row. */
  readonly candlesOfOthers: number;
  /** Per silent series, this one among them: how many of its candles before the gap were looked at, and how many of them were missing. */
  readonly silent: readonly { readonly seen: number; readonly missing: number }[];
};

export type Explanation = { readonly reason: GapReason; readonly evidence: string };

/** Silence that chance brings about less often than once in a billion is none of the markets. */
const LEAST_CHANCE_LOG10 = -9;

/** While others trade in more of the gap than this, the exchange works. */
const SHARE_OF_OTHERS = 0.1;

/**
 * Why an exchange that answers does not send these candles. Concluded from what was seen, never from a calendar: an exchange that fills
 * empty minutes left none out by itself, and markets that trade in nearly every minute do not all fall silent by chance.
 */
export function explainSilence({ candles, servesEmptyCandles, candlesOfOthers, silent }: GapEvidence): Explanation {
  const isWide = candlesOfOthers <= candles * SHARE_OF_OTHERS;
  const others =
    candlesOfOthers === 0 ? 'no other series has a row there' : `other series have rows for ${candlesOfOthers} of ${candles} candles`;
  if (servesEmptyCandles) {
    const evidence = `the exchange sends rows without trades too, and sent none; ${others}`;
    return { reason: isWide ? 'exchange_outage' : 'unknown', evidence };
  }
  const log10 = chanceLog10(candles, isWide ? silent : silent.slice(0, 1));
  if (log10 > LEAST_CHANCE_LOG10) return { reason: 'no_trades', evidence: `as silent as before (chance 1e${log10.toFixed(1)}); ${others}` };
  const evidence = `too silent for chance (1e${log10.toFixed(0)}, ${silent.length} series); ${others}`;
  return { reason: isWide ? 'exchange_outage' : 'unknown', evidence };
}

/** Logarithm of the chance that all these series have no trade in so many candles, had they been as busy as before. */
function chanceLog10(candles: number, silent: GapEvidence['silent']): number {
  return silent.reduce((sum, { seen, missing }) => sum + candles * Math.log10((missing + 0.5) / (seen + 1)), 0);
}
