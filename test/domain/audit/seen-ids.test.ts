import { expect, test } from 'vitest';
import { createSeenIds } from '#domain/audit/seen-ids.ts';
import { seeded } from '../../campaigns/audited-store.ts';

function take(ids: readonly number[]) {
  const seen = createSeenIds();
  return { arrivals: ids.map((id) => seen.take(id, id * 10)), holes: seen.holes() };
}

test('an id is next, late where it was missing, or there again', () => {
  expect(take([5, 6, 9, 7, 6, 7, 5, 9, 8, 10]).arrivals.join(' ')).toBe('next next next late again again again again late next');
});

test('a late id splits its hole, with the times of its neighbours, or closes it', () => {
  expect(take([1, 6, 4]).holes).toEqual([
    { firstId: 2, ids: 2, fromMs: 10, toMs: 40 },
    { firstId: 5, ids: 1, fromMs: 40, toMs: 60 },
  ]);
  expect(take([1, 6, 4, 5, 2, 3]).holes).toEqual([]);
});

test('ids before the first one are late too, and leave a hole', () => {
  expect(take([7, 4, 3])).toEqual({ arrivals: ['next', 'late', 'late'], holes: [{ firstId: 5, ids: 2, fromMs: 40, toMs: 70 }] });
});

test('without an id there is nothing to tell of holes', () => {
  expect(take([]).holes).toBeNull();
});

test('in any order, what was there before is there again, and the holes are what is missing', () => {
  const random = seeded(11);
  for (let round = 0; round < 200; round += 1) {
    const ids = Array.from({ length: 60 }, () => Math.floor(random() * 80));
    const { arrivals, holes } = take(ids);
    expect(arrivals.map((arrival) => arrival === 'again')).toEqual(ids.map((id, i) => ids.indexOf(id) < i));
    const missing = Array.from({ length: 80 }, (_, id) => id).filter(
      (id) => id > Math.min(...ids) && id < Math.max(...ids) && !ids.includes(id),
    );
    expect(holes?.flatMap(({ firstId, ids: count }) => Array.from({ length: count }, (_, i) => firstId + i))).toEqual(missing);
  }
});
