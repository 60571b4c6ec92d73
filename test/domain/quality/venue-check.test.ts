import { describe, expect, test } from 'vitest';
import { createVenueCheck, type VenueQuote } from '#domain/quality/venue-check.ts';
import { SETTINGS } from './made-market.ts';

const NOW = 1_000_000;
const check = createVenueCheck(SETTINGS);
const at = (goodPrice: number, ageMs = 0): VenueQuote => ({ goodPrice, goodMs: NOW - ageMs, runPrice: 0, runMs: 0 });
const running = (goodPrice: number, runPrice: number, ageMs = 0): VenueQuote => ({ ...at(goodPrice), runPrice, runMs: NOW - ageMs });

function medianOf(price: number, ...others: readonly VenueQuote[]): number {
  const own = at(100);
  return check.median(price, own, [own, ...others], NOW);
}

describe('the median of the exchanges', () => {
  test('has the judged price in the place of its exchange', () => {
    expect(medianOf(110, at(100), at(101))).toBe(101);
    expect(medianOf(90, at(100), at(101))).toBe(100);
    expect(medianOf(100.5, at(100), at(101))).toBe(100.5);
    expect(medianOf(110, at(100), at(101), at(102))).toBe(101.5);
  });

  test('is none without three exchanges that have a good and fresh price', () => {
    expect(medianOf(110, at(100))).toBeNaN();
    expect(medianOf(110, at(100), at(0))).toBeNaN();
    expect(medianOf(110, at(100), at(100, 10_001))).toBeNaN();
    expect(medianOf(110, at(100), at(100, 10_000))).toBe(100);
  });

  test('is not moved by one that is wrong', () => {
    const [own, wrong] = [at(100), at(1000)];
    expect(check.distance(100, own, [own, at(100), wrong], NOW)).toBe(0);
    expect(check.distance(1000, wrong, [own, at(100), wrong], NOW)).toBe(9);
    expect(check.distance(100, own, [own, wrong], NOW)).toBe(-1);
  });
});

describe('a second exchange', () => {
  const own = running(100, 85);
  const isConfirmed = (price: number, ...others: readonly VenueQuote[]) => check.isConfirmed(price, 100, own, [own, ...others], NOW);

  test('confirms a level by a good trade near it, or by suspicious ones', () => {
    expect([isConfirmed(85, at(85.5)), isConfirmed(85, running(100, 85.5))]).toEqual([true, true]);
  });

  test('does not when it is further away than 1 %, or old', () => {
    expect([isConfirmed(85, at(86)), isConfirmed(85, running(100, 86)), isConfirmed(85, at(85, 10_001))]).toEqual([false, false, false]);
    expect([isConfirmed(85, running(100, 85, 10_001)), isConfirmed(85), isConfirmed(85, at(0))]).toEqual([false, false, false]);
  });

  test('does not confirm a small change from where it still stands', () => {
    expect([isConfirmed(100.8, at(100)), isConfirmed(100.8, at(100.7))]).toEqual([false, true]);
  });
});

describe('an exchange alone with its price', () => {
  const own = running(100, 85, 1000);
  const isOutvoted = (...others: readonly VenueQuote[]) => check.isOutvoted(85, NOW - 1000, own, [own, ...others], NOW);

  test('is outvoted by two that have traded elsewhere since', () => {
    expect(isOutvoted(at(100), at(100, 1000))).toBe(true);
  });

  test('is not by one, nor by one that agrees, nor by those that were silent since', () => {
    expect([isOutvoted(at(100)), isOutvoted(at(100), at(85.5)), isOutvoted(at(100), at(100, 1001)), isOutvoted(at(100), at(0))]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test('is not by prices that are older than fresh', () => {
    expect(check.isOutvoted(85, NOW - 60_000, own, [own, at(100, 20_000), at(100)], NOW)).toBe(false);
  });
});
