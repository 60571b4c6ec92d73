import { describe, expect, test } from 'vitest';
import { createPendingRows } from '#std/pending-rows.ts';

type Row = { readonly id: number; readonly text: string };

function pending(limit: number) {
  const store: Row[][] = [];
  let failure: Error | null = null;
  let meanwhile: (() => void) | null = null;
  const rows = createPendingRows<Row>(
    limit,
    ({ id }) => String(id),
    async (written) => {
      meanwhile?.();
      if (failure !== null) throw failure;
      store.push([...written]);
    },
  );
  return {
    rows,
    store,
    fail: (error: Error | null) => void (failure = error),
    during: (action: (() => void) | null) => void (meanwhile = action),
  };
}

describe('pending rows', () => {
  test('are written together, the last form of each', async () => {
    const { rows, store } = pending(10);
    rows.add([
      { id: 1, text: 'open' },
      { id: 2, text: 'open' },
    ]);
    rows.add([{ id: 1, text: 'repaired' }]);
    await rows.write();
    await rows.write();
    expect(store).toEqual([
      [
        { id: 1, text: 'repaired' },
        { id: 2, text: 'open' },
      ],
    ]);
    expect(rows.counts()).toEqual({ waiting: 0, written: 2, dropped: 0 });
  });

  test('wait for the next call when the store does not take them', async () => {
    const { rows, store, fail } = pending(10);
    rows.add([{ id: 1, text: 'a' }]);
    fail(new Error('away'));
    await expect(rows.write()).rejects.toThrow('away');
    fail(null);
    await rows.write();
    expect(store).toEqual([[{ id: 1, text: 'a' }]]);
  });

  test('that change while they are written are written again', async () => {
    const { rows, store, during } = pending(10);
    rows.add([{ id: 1, text: 'a' }]);
    during(() => rows.add([{ id: 1, text: 'b' }]));
    await rows.write();
    during(null);
    await rows.write();
    expect(store).toEqual([[{ id: 1, text: 'a' }], [{ id: 1, text: 'b' }]]);
  });

  test('are at most so many: the oldest are dropped and counted', async () => {
    const { rows, store } = pending(2);
    rows.add([1, 2, 3].map((id) => ({ id, text: '' })));
    await rows.write();
    expect([store[0]?.map(({ id }) => id), rows.counts().dropped]).toEqual([[2, 3], 1]);
  });
});

test('a row that waits is not replaced by an older one, where it says how old they are', async () => {
  const store: number[] = [];
  const rows = createPendingRows<{ readonly id: number; readonly at: number }>(
    10,
    ({ id }) => String(id),
    async (written) => void store.push(...written.map(({ at }) => at)),
    (held, row) => held.at > row.at,
  );
  rows.add([{ id: 1, at: 20 }]);
  rows.add([
    { id: 1, at: 10 },
    { id: 2, at: 5 },
  ]);
  rows.add([{ id: 2, at: 5 }]);
  await rows.write();
  expect(store).toEqual([20, 5]);
});
