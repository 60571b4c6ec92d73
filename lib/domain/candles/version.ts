import { FINALITIES, type Finality } from '#core/candle.ts';

const FETCH_TIME_BITS = 44n;
const SEQUENCE_BITS = 14n;
const RANK_SHIFT = FETCH_TIME_BITS + SEQUENCE_BITS;
const FINALITY_SHIFT = RANK_SHIFT + 4n;
const FETCH_MASK = (1n << FINALITY_SHIFT) - 1n;
const MAX_RANK = 15;
const MAX_SEQUENCE = 16_383;

export type VersionParts = {
  readonly finality: Finality;
  /** 0 to 15: of two sources with the same finality the higher one wins. The exchange's REST API is 8. */
  readonly sourceRank: number;
  /** Time of the answer that carried the candle, UTC ms. */
  readonly fetchedAtMs: number;
  /** 0 to 16383: tells apart two fetches within one millisecond. */
  readonly sequence: number;
};

/**
 * One number that decides which whole version of a candle wins: finality first, then source, then fetch time, then sequence.
 * Fits UInt64 (2 + 4 + 44 + 14 bits; times until the year 2527). Throws `RangeError` for parts out of range.
 */
export function candleVersion({ finality, sourceRank, fetchedAtMs, sequence }: VersionParts): bigint {
  requireRange('sourceRank', sourceRank, MAX_RANK);
  requireRange('fetchedAtMs', fetchedAtMs, Number(2n ** FETCH_TIME_BITS - 1n));
  requireRange('sequence', sequence, MAX_SEQUENCE);
  return (
    (BigInt(FINALITIES.indexOf(finality)) << FINALITY_SHIFT) |
    (BigInt(sourceRank) << RANK_SHIFT) |
    (BigInt(fetchedAtMs) << SEQUENCE_BITS) |
    BigInt(sequence)
  );
}

/** Of candles that were made from an exchange's public trades, because it no longer serves its own: any candle of its own wins over them. */
export const TRADES_SOURCE_RANK = 4;

/** When the candle with this version was fetched, UTC ms. */
export function fetchedAtMs(version: bigint): number {
  return Number((version >> SEQUENCE_BITS) & (2n ** FETCH_TIME_BITS - 1n));
}

export function sourceRankOf(version: bigint): number {
  return Number((version >> RANK_SHIFT) & BigInt(MAX_RANK));
}

export function finalityOf(version: bigint): Finality {
  // Two bits, and four finalities.
  return FINALITIES[Number(version >> FINALITY_SHIFT)] ?? 'forming';
}

/** The same fetch, with another finality. */
export function withFinality(version: bigint, finality: Finality): bigint {
  return (BigInt(FINALITIES.indexOf(finality)) << FINALITY_SHIFT) | fetchOf(version);
}

/** What a version says of its fetch alone: the same for a candle that was proven later. */
export function fetchOf(version: bigint): bigint {
  return version & FETCH_MASK;
}

function requireRange(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`version part ${name} must be an integer from 0 to ${max}, got "${value}"`);
  }
}
