import type { Decimal } from './decimal.ts';

/**
 * One OHLCV candle as the exchange served it.
 * `openTimeMs` is UTC and inclusive; the candle ends (exclusive) one timeframe later. `volume` is in the base asset,
 * `quoteVolume` in the quote asset. `quoteVolume` and `tradeCount` are null where the exchange does not send them.
 */
export type Candle = {
  readonly openTimeMs: number;
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
  readonly volume: Decimal;
  readonly quoteVolume: Decimal | null;
  readonly tradeCount: number | null;
};

/** `forming` is never stored; a later finality always wins over an earlier one. */
export const FINALITIES = ['forming', 'closed', 'verified', 'revised'] as const;

export type Finality = (typeof FINALITIES)[number];

/** A candle in the store, with what decides which version of it wins. */
export type StoredCandle = Candle & {
  readonly version: bigint;
};
