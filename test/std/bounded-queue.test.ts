import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBoundedQueue } from '#std/bounded-queue.ts';

type Item = { readonly n: number };

describe('a bounded queue', () => {
  test('gives what it took, in order, and never holds more than its limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 200 }), fc.integer({ min: 1, max: 10 }), async (steps, limit) => {
        const queue = createBoundedQueue<Item>(limit);
        const expected: number[] = [];
        for (const [n, isOffer] of steps.entries()) {
          if (isOffer) {
            expect(queue.offer({ n })).toBe(expected.length < limit);
            if (expected.length < limit) expected.push(n);
          } else if (expected.length > 0) expect((await queue.take())?.n).toBe(expected.shift());
          expect(queue.size()).toBe(expected.length);
        }
      }),
    );
  });

  test('wakes the one who waits', async () => {
    const queue = createBoundedQueue<Item>(1);
    const taken = queue.take();
    queue.offer({ n: 1 });
    expect(await taken).toEqual({ n: 1 });
  });

  test('counts weights, and has a reserve for what must go in', () => {
    const queue = createBoundedQueue<Item>(10, ({ n }) => n);
    expect([queue.offer({ n: 8 }), queue.offer({ n: 3 }), queue.offer({ n: 2 }), queue.size()]).toEqual([true, false, true, 10]);
    expect([queue.offer({ n: 1 }), queue.offer({ n: 1 }, 1), queue.offer({ n: 1 }, 1), queue.size()]).toEqual([false, true, false, 11]);
  });

  test('after its close lets nothing in, gives out what is there, and then ends', async () => {
    const queue = createBoundedQueue<Item>(5);
    queue.offer({ n: 1 });
    queue.close();
    expect(queue.offer({ n: 2 }, 100)).toBe(false);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual([{ n: 1 }, undefined, undefined]);
    const waiting = createBoundedQueue<Item>(5);
    const taken = waiting.take();
    waiting.close();
    expect(await taken).toBeUndefined();
  });

  test('gives the oldest item to the one who wants it, and leaves it where it is otherwise', async () => {
    const queue = createBoundedQueue<Item>(5);
    expect(queue.takeIf(() => true)).toBeUndefined();
    queue.offer({ n: 1 });
    queue.offer({ n: 2 });
    expect([queue.takeIf(({ n }) => n === 2), queue.takeIf(({ n }) => n === 1), queue.size()]).toEqual([undefined, { n: 1 }, 1]);
    expect(await queue.take()).toEqual({ n: 2 });
  });
});
