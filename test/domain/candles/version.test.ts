import { describe, expect, test } from 'vitest';
import { candleVersion, fetchedAtMs } from '#domain/candles/version.ts';

const parts = { finality: 'closed', sourceRank: 8, fetchedAtMs: Date.UTC(2023, 2, 10), sequence: 0 } as const;

describe('candleVersion', () => {
  test('is what the table asks of a closed candle: at least 2^62', () => {
    expect(candleVersion({ finality: 'closed', sourceRank: 0, fetchedAtMs: 0, sequence: 0 })).toBe(2n ** 62n);
    expect(candleVersion({ finality: 'forming', sourceRank: 15, fetchedAtMs: 2 ** 44 - 1, sequence: 16_383 })).toBe(2n ** 62n - 1n);
  });

  test('fits an unsigned integer of 64 bits', () => {
    expect(candleVersion({ finality: 'revised', sourceRank: 15, fetchedAtMs: 2 ** 44 - 1, sequence: 16_383 })).toBe(2n ** 64n - 1n);
  });

  test('keeps its parts where they always were: stored versions must not change their meaning', () => {
    expect(candleVersion(parts)).toBe((1n << 62n) | (8n << 58n) | (1_678_406_400_000n << 14n));
    expect(candleVersion({ ...parts, finality: 'verified', sequence: 3 })).toBe(
      (2n << 62n) | (8n << 58n) | (1_678_406_400_000n << 14n) | 3n,
    );
  });

  test.each([
    ['sourceRank', 16, 15],
    ['sourceRank', -1, 15],
    ['sourceRank', 0.5, 15],
    ['fetchedAtMs', -1, 2 ** 44 - 1],
    ['fetchedAtMs', 2 ** 44, 2 ** 44 - 1],
    ['fetchedAtMs', Number.NaN, 2 ** 44 - 1],
    ['sequence', 16_384, 16_383],
    ['sequence', -1, 16_383],
  ])('refuses the %s %d', (name, value, max) => {
    expect(() => candleVersion({ ...parts, [name]: value })).toThrow(
      new RangeError(`version part ${name} must be an integer from 0 to ${max}, got "${value}"`),
    );
  });

  test('tells when the candle was fetched', () => {
    expect(fetchedAtMs(candleVersion({ ...parts, finality: 'revised', sourceRank: 15, sequence: 16_383 }))).toBe(parts.fetchedAtMs);
  });
});
