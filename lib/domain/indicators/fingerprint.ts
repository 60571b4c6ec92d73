import { fetchOf } from '../candles/version.ts';

/** What the candles of one series are, as far as fingerprints know them; same length, oldest first. */
export type VersionedCandles = { readonly openTimesMs: Float64Array; readonly versions: BigUint64Array };

/**
 * Per candle a positive 64-bit number that changes whenever a stored candle of the `windowMs` up to and including it is added or
 * replaced, or when `settings` changes. Equal fingerprints therefore mean: nothing to compute again.
 *
 * It is the sum of the candles' versions in the window without their finality, plus a number for the settings, modulo 2^64. Stored candles
 * are only ever added, replaced by later fetches, or proven, which changes no figure of them; so the sum can only grow, and it would take
 * growth by a whole multiple of 2^64 to go unseen.
 * A candle that lies less than `windowMs` behind the first one given may get another fingerprint when older candles are given too.
 */
export function fingerprints({ openTimesMs, versions }: VersionedCandles, windowMs: number, settings: bigint): BigUint64Array {
  const result = new BigUint64Array(versions.length);
  let sum = settings;
  let oldest = 0;
  for (let i = 0; i < versions.length; i++) {
    sum += fetchOf(versions[i]!);
    while (openTimesMs[oldest]! < openTimesMs[i]! - windowMs) sum -= fetchOf(versions[oldest++]!);
    result[i] = sum;
    if (result[i] === 0n) result[i] = 1n;
  }
  return result;
}

/** 64-bit FNV-1a hash of the text's UTF-16 code units (Fowler, Noll, Vo), for telling settings apart. */
export function settingsNumber(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return hash;
}
