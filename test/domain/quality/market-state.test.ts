import { describe, expect, test } from 'vitest';
import { isBehind, isFarFromAll, keepGood, keepSuspicious, newMarketState, noteStep } from '#domain/quality/market-state.ts';
import { madeTrade, NOON, SETTINGS } from './made-market.ts';

const state = () => newMarketState('kraken', SETTINGS);

describe('a trade is behind', () => {
  const behind = (...trades: readonly (readonly [string, number])[]) => {
    const one = state();
    return trades.map(([id, offsetMs]) => isBehind(one, madeTrade('1', NOON + offsetMs, id)));
  };

  test('when it was there before, or comes before what was there', () => {
    expect(behind(['7', 0], ['7', 0], ['6', 0], ['6', -5], ['8', 0])).toEqual([false, true, true, true, false]);
  });

  test('not when only the clock steps back, or only the numbers begin anew', () => {
    expect(behind(['7', 0], ['8', -5], ['9', -4])).toEqual([false, false, false]);
    expect(behind(['7', 0], ['8', -5], ['6', -3])).toEqual([false, false, true]);
    expect(behind(['700', 0], ['1', 1], ['2', 2])).toEqual([false, false, false]);
  });

  test('by time alone where ids are no numbers', () => {
    expect(behind(['a', 0], ['b', 0], ['b', 0], ['c', -1], ['d', 1])).toEqual([false, false, true, true, false]);
  });
});

describe('a trade from before', () => {
  test('is far from all when it is a jump away from both sides', () => {
    const one = state();
    expect(isFarFromAll(one, 1, NOON, SETTINGS)).toBe(false);
    for (let index = 0; index < 20; index += 1) keepGood(one, 100 + (index % 2), NOON + index, false);
    expect([95, 96, 100.5, 106, 107].map((price) => isFarFromAll(one, price, NOON, SETTINGS))).toEqual([true, false, false, false, true]);
  });

  test('may be anywhere between an old level and the new one', () => {
    const one = state();
    for (let index = 0; index < 20; index += 1) keepGood(one, 100, NOON + index, false);
    keepGood(one, 80, NOON + 30, true);
    expect([75, 77, 90, 104, 106].map((price) => isFarFromAll(one, price, NOON + 25, SETTINGS))).toEqual([true, false, false, false, true]);
  });

  test('may be further away the longer it is before all that is remembered', () => {
    const one = state();
    keepGood(one, 100, NOON, false);
    expect([60_000, 4 * 60_000].map((agoMs) => isFarFromAll(one, 108, NOON - agoMs, SETTINGS))).toEqual([true, false]);
  });
});

test('the run of a market ends with a good trade', () => {
  const one = state();
  keepGood(one, 100, NOON, false);
  one.run.add(200, NOON + 1, 100);
  keepSuspicious(one, 200, NOON + 1, 'jump');
  expect([one.runPrice, one.runMs, one.suspectedBy, one.goodPrice]).toEqual([200, NOON + 1, 'jump', 100]);
  keepGood(one, 101, NOON + 2, false);
  expect([one.runPrice, one.run.price(), one.suspectedBy, one.goodPrice, one.window.count()]).toEqual([0, 0, null, 101, 3]);
});

test('the finest step that a market has shown is kept', () => {
  const one = state();
  for (const price of ['20000', '20000.5', '20010']) noteStep(one, madeTrade(price, NOON, price));
  expect(one.stepExponent).toBe(-1);
});
