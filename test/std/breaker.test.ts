import { describe, expect, test } from 'vitest';
import { createBreaker } from '#std/breaker.ts';
import { handTimer } from './hand-timer.ts';

describe('a breaker', () => {
  const made = (chance: number) => {
    const timer = handTimer();
    return { timer, breaker: createBreaker({ timer, random: { next: () => chance }, firstRestMs: 100, lastRestMs: 350 }) };
  };

  test('begins without a rest', () => {
    expect(made(0).breaker.restMs()).toBe(0);
  });

  test('rests longer after each failure, up to a bound, and from the start after a success', () => {
    const { timer, breaker } = made(1);
    const rests: number[] = [];
    for (let i = 0; i < 5; i++) {
      if (i === 4) breaker.succeeded();
      breaker.failed();
      rests.push(breaker.restMs());
      timer.advance(breaker.restMs());
    }
    expect(rests).toEqual([100, 200, 350, 350, 100]);
  });

  test('counts failures of one moment as one, and lets a rest run out', () => {
    const { timer, breaker } = made(1);
    breaker.failed();
    timer.advance(60);
    breaker.failed();
    expect(breaker.restMs()).toBe(40);
    timer.advance(40);
    expect(breaker.restMs()).toBe(0);
  });

  test('spreads: a rest is between half and the whole of its bound', () => {
    const [least, half] = [made(0).breaker, made(0.5).breaker];
    least.failed();
    half.failed();
    expect([least.restMs(), half.restMs()]).toEqual([50, 75]);
  });
});
