import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTradeChain, missingCount } from '#domain/trades/trade-chain.ts';

const steps = (chain: ReturnType<typeof createTradeChain>, ids: readonly number[]) => ids.map((id) => chain.step(id, id * 10));

describe('a chain of trade ids', () => {
  test('begins anywhere and goes on by one', () => {
    const chain = createTradeChain(10);
    expect(chain.lastId()).toBeNull();
    expect(steps(chain, [5, 6, 7])).toEqual(['first', 'next', 'next']);
    expect(chain.lastId()).toBe(7);
  });

  test('begins after an id that is known from before: the next one is news, that one is not', () => {
    const chain = createTradeChain(10);
    chain.beginAfter(5, 50);
    expect(steps(chain, [5, 6, 8])).toEqual(['repeated', 'next', 'after gap']);
    chain.beginAfter(100, 0);
    expect(chain.lastId()).toBe(8);
  });

  test('finds what is missing, once, with the times around it', () => {
    const chain = createTradeChain(10);
    steps(chain, [1, 2, 6]);
    expect(chain.hasNew()).toBe(true);
    expect(chain.takeNew()).toEqual([{ firstId: 3, lastId: 5, fromMs: 20, toMs: 60 }]);
    expect([chain.hasNew(), chain.takeNew()]).toEqual([false, []]);
  });

  test('takes late trades in whatever order, each once, and knows what is still missing', () => {
    const chain = createTradeChain(10);
    steps(chain, [1, 8]);
    expect(steps(chain, [4, 4, 2, 7, 1])).toEqual(['late', 'repeated', 'late', 'late', 'repeated']);
    expect(chain.gaps()[0]?.missing).toEqual([
      { firstId: 3, lastId: 3 },
      { firstId: 5, lastId: 6 },
    ]);
    expect(chain.gaps().map(missingCount)).toEqual([3]);
    steps(chain, [3, 5, 6]);
    expect(chain.gaps().map(missingCount)).toEqual([0]);
  });

  test('does not wait for what it was told to forget', () => {
    const chain = createTradeChain(10);
    steps(chain, [1, 4, 8]);
    chain.forget(2);
    expect(steps(chain, [2, 5])).toEqual(['repeated', 'late']);
  });

  test('wants trades again that were seen and then lost, and says so', () => {
    const chain = createTradeChain(10);
    steps(chain, [1, 2, 3, 4, 7]);
    chain.reopen({ firstId: 2, lastId: 3, fromMs: 20, toMs: 30 });
    expect(chain.takeNew()).toHaveLength(2);
    expect(steps(chain, [2, 5, 3, 3])).toEqual(['again', 'late', 'again', 'repeated']);
  });

  test('does not reopen what it has not seen', () => {
    const chain = createTradeChain(10);
    steps(chain, [1, 2]);
    chain.reopen({ firstId: 2, lastId: 9, fromMs: 0, toMs: 0 });
    expect(chain.takeNew()).toEqual([]);
    chain.reopen({ firstId: 2, lastId: 2, fromMs: 20, toMs: 20 });
    expect(steps(chain, [2, 3])).toEqual(['again', 'next']);
    const empty = createTradeChain(10);
    empty.reopen({ firstId: 2, lastId: 9, fromMs: 0, toMs: 0 });
    expect(empty.hasNew()).toBe(false);
  });

  test('remembers so many gaps and tells of all of them', () => {
    const chain = createTradeChain(2);
    steps(chain, [1, 3, 5, 7]);
    expect([chain.gaps().map(({ firstId }) => firstId), chain.takeNew().length, chain.step(2, 0)]).toEqual([[4, 6], 3, 'repeated']);
  });

  test('lets every id through exactly once, however they are shuffled and repeated', () => {
    const ids = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(ids, (order) => {
        const chain = createTradeChain(50);
        chain.beginAfter(0, 0);
        const passed = order.filter((id) => chain.step(id, id) !== 'repeated');
        const missing = chain
          .gaps()
          .flatMap((gap) =>
            gap.missing.flatMap(({ firstId, lastId }) => Array.from({ length: lastId - firstId + 1 }, (_, i) => firstId + i)),
          );
        expect([...passed].sort((a, b) => a - b)).toEqual([...new Set(order)].sort((a, b) => a - b));
        expect([...passed, ...missing].sort((a, b) => a - b)).toEqual(Array.from({ length: Math.max(...order) }, (_, i) => i + 1));
      }),
      { seed: 5, numRuns: 1000 },
    );
  });
});
