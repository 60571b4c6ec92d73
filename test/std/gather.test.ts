import { expect, test } from 'vitest';
import { createGather } from '#std/gather.ts';

test('calls of one key that come before the wait is over run as one, and each gets its own result', async () => {
  const { gather, runs, release } = heldGather();
  const all = [gather('a', 1), gather('a', 2), gather('b', 3)];
  expect(runs).toEqual([]);
  release();
  expect(await Promise.all(all)).toEqual([10, 20, 30]);
  expect(runs).toEqual([[1, 2], [3]]);
});

test('a call after the wait begins anew', async () => {
  const { gather, runs, release } = heldGather();
  const first = gather('a', 1);
  release();
  await first;
  const second = gather('a', 2);
  release();
  expect(await second).toBe(20);
  expect(runs).toEqual([[1], [2]]);
});

test('a failure is told to every caller, and the next call runs again', async () => {
  let isBroken = true;
  const gather = createGather<number, number>(
    () => Promise.resolve(),
    async (inputs) => {
      if (isBroken) throw new Error('down');
      return inputs;
    },
  );
  const results = await Promise.allSettled([gather('a', 1), gather('a', 2)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isBroken = false;
  expect(await gather('a', 3)).toBe(3);
});

test('a run that gives too few results is an error, not a silence', async () => {
  const gather = createGather<number, number>(
    () => Promise.resolve(),
    async () => [],
  );
  await expect(gather('a', 1)).rejects.toThrow('a gathered run gave no result for place 0');
});

/** A gather whose waits end when told; results are ten times the input. */
function heldGather() {
  const runs: number[][] = [];
  let waits: (() => void)[] = [];
  const gather = createGather<number, number>(
    () => new Promise((resolve) => waits.push(resolve)),
    async (inputs) => {
      runs.push([...inputs]);
      return inputs.map((input) => input * 10);
    },
  );
  const release = (): void => {
    const open = waits;
    waits = [];
    for (const resolve of open) resolve();
  };
  return { gather, runs, release };
}
