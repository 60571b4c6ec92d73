import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromScaled, parseDecimal, toScaled, type Decimal } from '#core/decimal.ts';
import { EXCHANGES } from '#core/exchange.ts';
import { TRADE_SOURCES } from '#core/trade.ts';
import { createTradeQuality } from '#domain/quality/trade-quality.ts';
import { madeTrade, market, NOON, SETTINGS, times } from './made-market.ts';

const price = fc.oneof(
  fc.integer({ min: 1, max: 10 ** 9 }),
  fc.double({ min: 1e-12, max: 1e12, noNaN: true }),
  fc.constantFrom(1e-18, 1e19),
);
const decimal = price.map((value) => parseDecimal(value)).filter((value): value is Decimal => value !== undefined && value !== '0');

test('a positive price at a possible time is never refused, whatever came before', () => {
  const step = fc.record({
    price: decimal,
    exchange: fc.constantFrom(...EXCHANGES),
    source: fc.constantFrom(...TRADE_SOURCES),
    passMs: fc.integer({ min: 0, max: 100_000 }),
    ageMs: fc.integer({ min: -5000, max: 60_000 }),
    id: fc.oneof(fc.integer({ min: 0, max: 50 }).map(String), fc.constantFrom('a', 'b', '', '9007199254740993')),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { check } = createTradeQuality(SETTINGS);
      let nowMs = NOON;
      for (const { price, exchange, source, passMs, ageMs, id } of steps) {
        nowMs += passMs;
        const { verdict, reason } = check(madeTrade(price, nowMs - ageMs, id, exchange), nowMs, source);
        expect(verdict).not.toBe('refused');
        expect(reason === '').toBe(verdict === 'good');
      }
    }),
    { numRuns: 200 },
  );
});

/** A price walk in units, with jumps now and then, at two exchanges. */
const walk = fc.array(
  fc.record({
    move: fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: -20, max: 20 }) },
      { weight: 1, arbitrary: fc.integer({ min: -3000, max: 3000 }) },
    ),
    passMs: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 900 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 600_000 }) },
    ),
    exchange: fc.constantFrom(...EXCHANGES),
  }),
  { minLength: 1, maxLength: 200 },
);

test('ten times, a thousand times or a millionth of all prices gives the same verdicts', () => {
  fc.assert(
    fc.property(walk, fc.integer({ min: -9, max: 9 }), (steps, exponent) => {
      const [plain, scaled] = [createTradeQuality(SETTINGS), createTradeQuality(SETTINGS)];
      let [units, nowMs] = [10_007, NOON];
      for (const [index, { move, passMs, exchange }] of steps.entries()) {
        units = Math.max(1, units + move);
        nowMs += passMs;
        const price = fromScaled(BigInt(units) * 10n ** 16n);
        const other = fromScaled(exponent < 0 ? toScaled(price) / 10n ** BigInt(-exponent) : toScaled(price) * 10n ** BigInt(exponent));
        const verdicts = [plain.check, scaled.check].map((check, which) =>
          check(madeTrade(which === 0 ? price : other, nowMs, String(index), exchange), nowMs, 'stream'),
        );
        expect(verdicts[1]).toEqual(verdicts[0]);
      }
    }),
    { numRuns: 300 },
  );
});

test('a price that does not change is never flagged, whatever it is and however the time passes', () => {
  fc.assert(
    fc.property(decimal, fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 120 }), (price, passes) => {
      const { send } = market();
      expect(passes.map((passMs) => send([price], passMs)).join('')).toBe('g'.repeat(passes.length));
    }),
    { numRuns: 100 },
  );
});

test('a new level of whatever size is believed with the fifth trade at the latest, and then stays good', () => {
  const noise = fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 20, maxLength: 80 });
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), noise, fc.integer({ min: 1, max: 3000 }), (factor, noises, stepMs) => {
      const { send } = market();
      send(times(60, 1000), 10);
      const verdicts = send(
        // Noise of at most 0.1 %: the level is one.
        noises.map((part) => (1000 * factor * (1 + part / 10_000)).toPrecision(10)),
        stepMs,
      );
      expect(verdicts).toMatch(/^s{0,4}g+$/);
    }),
    { numRuns: 300 },
  );
});

test('a fall that goes on is believed after two seconds at the latest, or five trades where fewer come', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 0.94, noNaN: true }),
      fc.double({ min: 0.9, max: 0.999, noNaN: true }),
      fc.integer({ min: 20, max: 5000 }),
      (first, each, stepMs) => {
        const { send } = market();
        send(times(60, 1000), 10);
        const count = Math.max(5, Math.ceil(2000 / stepMs) + 1);
        const verdicts = send(
          Array.from({ length: count }, (_, index) => (1000 * first * each ** index).toPrecision(10)),
          stepMs,
        );
        expect(verdicts).toContain('g');
      },
    ),
    { numRuns: 300 },
  );
});
