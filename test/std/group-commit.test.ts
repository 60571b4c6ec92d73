import { expect, test } from 'vitest';
import { createGroupCommit } from '#std/group-commit.ts';

const NO_WAIT = () => Promise.resolve();

test('callers that come while the first one lingers go with it', async () => {
  const writes: number[][] = [];
  let release: () => void = () => {};
  const commit = createGroupCommit<number>(
    () => new Promise((resolve) => (release = resolve)),
    async (rows) => void writes.push([...rows]),
  );
  const all = [commit([1]), commit([2]), commit([3])];
  release();
  await Promise.all(all);
  expect(writes).toEqual([[1, 2, 3]]);
});

test('those that come while a write is under way wait for it and go together', async () => {
  const { commit, writes, finish } = heldCommit();
  const first = commit([1]);
  await settle();
  const all = [first, commit([2, 3]), commit([4])];
  await settle();
  expect(writes).toEqual([[1]]);
  await finish();
  expect(writes).toEqual([[1], [2, 3, 4]]);
  await finish();
  await Promise.all(all);
});

test('a caller waits for the write of its own rows only', async () => {
  const { commit, finish } = heldCommit();
  const settled: string[] = [];
  const first = commit([1]).then(() => settled.push('first'));
  await settle();
  const second = commit([2]).then(() => settled.push('second'));
  await finish();
  await first;
  expect(settled).toEqual(['first']);
  await finish();
  await second;
  expect(settled).toEqual(['first', 'second']);
});

test('a write after a rest goes at once again', async () => {
  const { commit, writes, finish } = heldCommit();
  const first = commit([1]);
  await finish();
  await first;
  const second = commit([2]);
  await settle();
  expect(writes).toEqual([[1], [2]]);
  await finish();
  await second;
});

test('bad rows of one caller fail that caller alone', async () => {
  const stored: number[] = [];
  const commit = createGroupCommit<number>(NO_WAIT, async (rows) => {
    await Promise.resolve();
    if (rows.includes(13)) throw new Error(`refused ${rows.join()}`);
    stored.push(...rows);
  });
  const results = await Promise.allSettled([commit([1]), commit([2]), commit([13, 4]), commit([5])]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(results[2]).toMatchObject({ reason: new Error('refused 13,4') });
  expect(stored.toSorted((a, b) => a - b)).toEqual([1, 2, 5]);
});

test('a failed write does not stop the next ones', async () => {
  let isBroken = true;
  const commit = createGroupCommit<number>(NO_WAIT, async () => {
    if (isBroken) throw new Error('down');
  });
  await expect(commit([1])).rejects.toThrow('down');
  isBroken = false;
  await expect(commit([2])).resolves.toBeUndefined();
});

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** A commit whose writes end one by one, when told. */
function heldCommit() {
  const writes: number[][] = [];
  const pending: (() => void)[] = [];
  const commit = createGroupCommit<number>(NO_WAIT, async (rows) => {
    writes.push([...rows]);
    await new Promise<void>((resolve) => pending.push(resolve));
  });
  const finish = async (): Promise<void> => {
    await settle();
    pending.shift()?.();
    await settle();
  };
  return { commit, writes, finish };
}
