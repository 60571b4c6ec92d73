import { describe, expect, test } from 'vitest';
import { fingerprints, settingsNumber } from '#domain/indicators/fingerprint.ts';

const MINUTE = 60_000;
const CLOSED = 1n << 62n;
const VERIFIED = 2n << 62n;

describe('fingerprints of candles', () => {
  const minutes = [0, 1, 2, 3, 4, 5, 6];

  test('are the same for the same candles, whether older ones outside the window are given or not', () => {
    const all = prints(minutes.map((minute) => [minute, CLOSED + BigInt(minute)]));
    const newest = prints(minutes.slice(1).map((minute) => [minute, CLOSED + BigInt(minute)]));
    expect(newest.slice(3)).toEqual(all.slice(4));
  });

  test('change for every candle whose window holds a replaced one, and only for those', () => {
    const before = prints(minutes.map((minute) => [minute, CLOSED]));
    const after = prints(minutes.map((minute) => [minute, minute === 2 ? CLOSED + 5n : CLOSED]));
    expect(changed(before, after)).toEqual([2, 3, 4, 5]);
  });

  test('change when a closed candle arrives late, although a verified one has the higher version', () => {
    const before = new Map([0, 2, 3].map((minute) => [minute, minute === 0 ? VERIFIED : CLOSED]));
    const after = new Map([...before, [1, CLOSED + 1n] as const]);
    const old = prints([...before]);
    const fresh = prints([...after].sort(([a], [b]) => a - b));
    expect(fresh[2]).not.toBe(old[1]);
    expect(fresh[3]).not.toBe(old[2]);
  });

  test('stay as they are when a candle is proven, since no figure of it changes', () => {
    const closed = minutes.map((minute): [number, bigint] => [minute, CLOSED + 77n]);
    expect(prints(closed.map(([minute]) => [minute, VERIFIED + 77n]))).toEqual(prints(closed));
  });

  test('change with the settings', () => {
    const candles = minutes.map((minute): [number, bigint] => [minute, CLOSED]);
    expect(changed(prints(candles, settingsNumber('a')), prints(candles, settingsNumber('b')))).toEqual(minutes);
  });

  test('are never 0, which means "no values stored"', () => {
    expect([...prints([[0, CLOSED + 5n]], 2n ** 64n - 5n)]).toEqual([1n]);
  });
});

test('settings numbers are 64-bit FNV-1a: the published values for "" and "a"', () => {
  expect(settingsNumber('')).toBe(0xcbf29ce484222325n);
  expect(settingsNumber('a')).toBe(0xaf63dc4c8601ec8cn);
});

function prints(candles: readonly (readonly [minute: number, version: bigint])[], settings = 1n): BigUint64Array {
  const openTimesMs = Float64Array.from(candles, ([minute]) => minute * MINUTE);
  return fingerprints({ openTimesMs, versions: BigUint64Array.from(candles, ([, version]) => version) }, 3 * MINUTE, settings);
}

function changed(before: BigUint64Array, after: BigUint64Array): readonly number[] {
  return [...before.keys()].filter((i) => before[i] !== after[i]);
}
