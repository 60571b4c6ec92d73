import { describe, expect, test } from 'vitest';
import { createConnectBudget } from '#providers/websocket/connect-budget.ts';
import { virtualTime } from './virtual-time.ts';

describe('the budget of connects', () => {
  test('lets a burst through and then half of what the exchange takes', () => {
    const time = virtualTime();
    const budget = createConnectBudget({ count: 300, windowMs: 300_000 }, time.timer);
    let taken = 0;
    for (let ms = 0; ms < 300_000; ms += 100) {
      if (budget.take() === 0) taken++;
      time.advance(100);
    }
    expect(taken).toBeGreaterThanOrEqual(165);
    expect(taken).toBeLessThanOrEqual(171);
  });

  test('says how long to wait: then there is one', () => {
    const time = virtualTime();
    const budget = createConnectBudget({ count: 8, windowMs: 1000 }, time.timer);
    expect(Array.from({ length: 4 }, () => budget.take())).toEqual([0, 0, 0, 0]);
    const waitMs = budget.take();
    expect(waitMs).toBe(250);
    time.advance(waitMs);
    expect(budget.take()).toBe(0);
  });

  test('gives none while it is paused; a shorter pause does not end a longer one', () => {
    const time = virtualTime();
    const budget = createConnectBudget({ count: 300, windowMs: 300_000 }, time.timer);
    budget.pause(17_000);
    budget.pause(1000);
    expect(budget.take()).toBe(17_000);
    time.advance(17_000);
    expect(budget.take()).toBe(0);
  });
});
