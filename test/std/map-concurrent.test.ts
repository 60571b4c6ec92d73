import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapConcurrent } from '#std/map-concurrent.ts';

/** Work that ends when the test says so. */
function heldWork() {
  const running = new Map<number, PromiseWithResolvers<string>>();
  const started: number[] = [];
  return {
    started,
    running,
    work(item: number): Promise<string> {
      const held = Promise.withResolvers<string>();
      started.push(item);
      running.set(item, held);
      return held.promise.finally(() => running.delete(item));
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('mapConcurrent', () => {
  test('keeps the order of the items, in whatever order they end', async () => {
    const { work, running, started } = heldWork();
    const all = mapConcurrent([1, 2, 3], 3, work);
    expect(started).toEqual([1, 2, 3]);
    for (const item of [3, 1, 2]) running.get(item)?.resolve(`result ${item}`);
    expect(await all).toEqual(['result 1', 'result 2', 'result 3']);
  });

  test('starts the next item when one ends, never more than allowed', async () => {
    const { work, running, started } = heldWork();
    const all = mapConcurrent([1, 2, 3, 4], 2, work);
    expect(started).toEqual([1, 2]);
    running.get(2)?.resolve('b');
    await settled();
    expect(started).toEqual([1, 2, 3]);
    running.get(1)?.resolve('a');
    running.get(3)?.resolve('c');
    await settled();
    running.get(4)?.resolve('d');
    expect(await all).toEqual(['a', 'b', 'c', 'd']);
  });

  test('rejects with the first failure and starts nothing more', async () => {
    const { work, running, started } = heldWork();
    const all = mapConcurrent([1, 2, 3, 4], 2, work);
    const failure = new Error('refused');
    running.get(1)?.reject(failure);
    await expect(all).rejects.toBe(failure);
    running.get(2)?.resolve('b');
    await settled();
    expect(started).toEqual([1, 2]);
  });

  test('has nothing to do for no items', async () => {
    expect(await mapConcurrent([], 4, () => Promise.reject(new Error('called')))).toEqual([]);
  });

  test('calls each item once and never exceeds the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        async (turns, concurrency) => {
          let running = 0;
          let most = 0;
          const items = turns.map((_, index) => index);
          const result = await mapConcurrent(items, concurrency, async (index) => {
            most = Math.max(most, ++running);
            for (let turn = 0; turn < (turns[index] ?? 0); turn++) await Promise.resolve();
            running--;
            return index * 2;
          });
          expect(result).toEqual(items.map((index) => index * 2));
          expect(most).toBe(Math.min(concurrency, items.length));
        },
      ),
    );
  });
});
