import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import { compareDecimals, fromScaled, parseDecimal, toScaled, type Decimal } from '#core/decimal.ts';
import { createSyntheticTape, seedOf, syntheticCount, syntheticTrades } from '#recorded-exchange/synthetic-trades.ts';

const OPEN_TIME = Date.UTC(2023, 2, 11, 7, 17);
const decimal = (text: string): Decimal => parseDecimal(text) as Decimal;

const candle = (
  given: Partial<Record<'open' | 'high' | 'low' | 'close' | 'volume', string>> & { readonly tradeCount?: number | null },
): Candle => ({
  openTimeMs: OPEN_TIME,
  open: decimal(given.open ?? '22000.5'),
  high: decimal(given.high ?? '22010'),
  low: decimal(given.low ?? '21990.25'),
  close: decimal(given.close ?? '22001'),
  volume: decimal(given.volume ?? '1.23456789'),
  quoteVolume: null,
  tradeCount: given.tradeCount ?? null,
});

/** What the test itself makes of the trades. */
function rolledUp(trades: readonly { readonly price: Decimal; readonly size: Decimal }[]) {
  const prices = trades.map(({ price }) => price);
  const sorted = [...prices].sort(compareDecimals);
  return {
    open: prices[0],
    high: sorted.at(-1),
    low: sorted[0],
    close: prices.at(-1),
    volume: fromScaled(trades.reduce((sum, { size }) => sum + toScaled(size), 0n)),
  };
}

const figures = fc
  .tuple(
    fc.integer({ min: 1, max: 9_999_999 }),
    fc.nat(999),
    fc.nat(999),
    fc.nat(1000),
    fc.nat(1000),
    fc.nat(8),
    fc.integer({ min: 1, max: 5_000_000 }),
  )
  .map(([low, up, more, a, b, digits, units]) => {
    const text = (value: number): string => String(fromScaled(BigInt(value) * 10n ** BigInt(18 - digits)));
    const high = low + up + more;
    const within = (share: number): number => low + Math.floor(((high - low) * share) / 1000);
    return {
      low: text(low),
      high: text(high),
      open: text(within(a)),
      close: text(within(b)),
      volume: fromScaled(BigInt(units) * 10n ** 10n),
    };
  });

describe('the trades that are made up for a candle', () => {
  test('add up to it exactly, whatever the candle', () => {
    fc.assert(
      fc.property(figures, fc.nat(), fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }), (text, seed, tradeCount) => {
        const whole = candle({ ...text, tradeCount });
        const trades = syntheticTrades(whole, seed);
        const { open, high, low, close, volume } = whole;
        expect(rolledUp(trades)).toEqual({ open, high, low, close, volume });
        expect(trades).toHaveLength(syntheticCount(whole, seed));
        expect(trades.every(({ size }) => toScaled(size) > 0n)).toBe(true);
        const times = trades.map(({ timeMs }) => timeMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(times.every((timeMs) => timeMs > OPEN_TIME && timeMs < OPEN_TIME + 60_000)).toBe(true);
      }),
      { seed: 11, numRuns: 2000 },
    );
  });

  test('are the same for the same seed and others for another', () => {
    expect(syntheticTrades(candle({}), 1)).toEqual(syntheticTrades(candle({}), 1));
    expect(syntheticTrades(candle({}), 1)).not.toEqual(syntheticTrades(candle({}), 2));
  });

  test('are as many as the candle counts, where it counts few', () => {
    expect([5, 9, 12].map((tradeCount) => syntheticTrades(candle({ tradeCount }), 7).length)).toEqual([5, 9, 12]);
    const many = syntheticTrades(candle({ tradeCount: 4000 }), 7).length;
    expect(many >= 4 && many <= 12).toBe(true);
  });

  test('are none for a minute without volume, and one for a single tiny trade', () => {
    expect(syntheticTrades(candle({ volume: '0' }), 7)).toEqual([]);
    const flat = { open: '1', high: '1', low: '1', close: '1' };
    expect(syntheticTrades(candle({ ...flat, volume: '0.00000001', tradeCount: 1 }), 7).map(({ size }) => size)).toEqual(['0.00000001']);
  });
});

describe('a synthetic tape', () => {
  const minutes = [0, 1, 3, 4].map((minute) => ({
    ...candle({ volume: minute === 3 ? '0' : '2.5' }),
    openTimeMs: OPEN_TIME + minute * 60_000,
  }));
  const tape = createSyntheticTape(
    {
      openTimesMs: Float64Array.from(minutes, ({ openTimeMs }) => openTimeMs),
      priceDecimals: 2,
      candle: (index) => minutes[index] as Candle,
    },
    seedOf('kraken BTC/USD'),
  );
  const END = OPEN_TIME + 5 * 60_000;
  const all = tape.messages(OPEN_TIME - 1, END).flatMap(({ trades }) => trades);

  test('counts its ids up by one through all minutes', () => {
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
    expect(tape.isSynthetic).toBe(true);
  });

  test('gives every trade once, however the time is cut', () => {
    for (const stepMs of [29, 977, 60_000, 75_001]) {
      const cut = [];
      for (let timeMs = OPEN_TIME - 1; timeMs < END; timeMs += stepMs) cut.push(...tape.messages(timeMs, timeMs + stepMs));
      expect(cut.flatMap(({ trades }) => trades)).toEqual(all);
    }
  });

  test('gives past trades by id and by time, and none that are still to come', () => {
    const now = (all[6]?.timeMs ?? 0) + 0;
    expect(tape.fromId(3, 3, END).map(({ id }) => id)).toEqual([3, 4, 5]);
    expect(tape.fromId(5, 1000, now).at(-1)?.id).toBe(7);
    expect(tape.within(OPEN_TIME, END, 2, 'oldest').map(({ id }) => id)).toEqual([1, 2]);
    expect(tape.within(OPEN_TIME, END, 2, 'newest')).toEqual(all.slice(-2));
    expect(tape.within(all[2]?.timeMs ?? 0, now, 1000, 'oldest').map(({ id }) => id)).toEqual([3, 4, 5, 6, 7]);
  });
});
