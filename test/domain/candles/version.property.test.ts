import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FINALITIES } from '#core/candle.ts';
import { candleVersion, fetchedAtMs, fetchOf, finalityOf, withFinality, type VersionParts } from '#domain/candles/version.ts';

const small = <T>(arbitrary: fc.Arbitrary<T>, ...edges: T[]) => fc.oneof(arbitrary, fc.constantFrom(...edges));

const parts: fc.Arbitrary<VersionParts> = fc.record({
  finality: fc.constantFrom(...FINALITIES),
  sourceRank: small(fc.integer({ min: 0, max: 15 }), 0, 8, 15),
  fetchedAtMs: small(fc.integer({ min: 0, max: 2 ** 44 - 1 }), 0, 1_678_406_400_000, 1_678_406_400_001, 2 ** 44 - 1),
  sequence: small(fc.integer({ min: 0, max: 16_383 }), 0, 1, 16_383),
});

/** The order that is promised, part by part. */
function promisedOrder(a: VersionParts, b: VersionParts): number {
  const steps = [
    FINALITIES.indexOf(a.finality) - FINALITIES.indexOf(b.finality),
    a.sourceRank - b.sourceRank,
    a.fetchedAtMs - b.fetchedAtMs,
    a.sequence - b.sequence,
  ];
  return Math.sign(steps.find((step) => step !== 0) ?? 0);
}

test('finality wins over rank, rank over fetch time, fetch time over sequence', () => {
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const [versionA, versionB] = [candleVersion(a), candleVersion(b)];
      expect(versionA < versionB ? -1 : versionA > versionB ? 1 : 0).toBe(promisedOrder(a, b));
    }),
    { numRuns: 2000 },
  );
});

test('the fetch time comes back, and the number fits UInt64', () => {
  fc.assert(
    fc.property(parts, (given) => {
      const version = candleVersion(given);
      expect(fetchedAtMs(version)).toBe(given.fetchedAtMs);
      expect(BigInt.asUintN(64, version)).toBe(version);
    }),
  );
});

test('another finality changes nothing else, and the same one nothing at all', () => {
  fc.assert(
    fc.property(parts, fc.constantFrom(...FINALITIES), (given, finality) => {
      const version = candleVersion(given);
      expect(finalityOf(version)).toBe(given.finality);
      expect(withFinality(version, finality)).toBe(candleVersion({ ...given, finality }));
      expect(fetchOf(withFinality(version, finality))).toBe(fetchOf(version));
    }),
  );
});
