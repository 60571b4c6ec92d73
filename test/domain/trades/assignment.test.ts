import { describe, expect, test } from 'vitest';
import { taskOf } from '#domain/trades/assignment.ts';
import { symbolOf } from '../../usecases/fake-exchange.ts';

const markets = Array.from({ length: 600 }, (_, index) => symbolOf(`C${index}/USDT`));

describe('markets among tasks', () => {
  test('one task has all', () => {
    expect(new Set(markets.map((symbol) => taskOf('binance', symbol, 1)))).toEqual(new Set([1]));
  });

  test('every market has one task, always the same, and tasks have about as many each', () => {
    for (const tasks of [2, 3, 8]) {
      const counts = new Map<number, number>();
      for (const symbol of markets) {
        const task = taskOf('kraken', symbol, tasks);
        expect(taskOf('kraken', symbol, tasks)).toBe(task);
        counts.set(task, (counts.get(task) ?? 0) + 1);
      }
      expect([...counts.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: tasks }, (_, index) => index + 1));
      for (const count of counts.values()) expect(Math.abs(count - markets.length / tasks)).toBeLessThan(0.25 * (markets.length / tasks));
    }
  });

  test('one task more moves only markets that it takes over itself', () => {
    const moved = markets.filter((symbol) => taskOf('coinbase', symbol, 4) !== taskOf('coinbase', symbol, 5));
    expect(moved.every((symbol) => taskOf('coinbase', symbol, 5) === 5)).toBe(true);
    expect(moved.length).toBeGreaterThan(60);
    expect(moved.length).toBeLessThan(180);
  });

  test('stays as it is: a market does not move because of an update', () => {
    expect(['BTC/USDT', 'ETH/USDT', 'SOL/USDT'].map((text) => taskOf('binance', symbolOf(text), 3))).toEqual([2, 3, 1]);
  });
});
