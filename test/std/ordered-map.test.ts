import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOrderedMap } from '#std/ordered-map.ts';

describe('an ordered map', () => {
  test('gives what lies between two keys, lowest first, without the end', () => {
    const map = createOrderedMap<string>();
    for (const key of [3, 1, 2, 5]) map.set(key, `v${key}`);
    map.set(2, 'again');
    expect(map.between(2, 5)).toEqual(['again', 'v3']);
    expect([map.first(), map.last(), map.size(), map.get(2), map.get(4)]).toEqual([1, 5, 4, 'again', undefined]);
  });

  test('is empty at first', () => {
    const map = createOrderedMap<string>();
    expect([map.between(-Infinity, Infinity), map.first(), map.last(), map.size()]).toEqual([[], undefined, undefined, 0]);
  });

  test('is a sorted list of entries, whatever the order in which they came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.string())),
        fc.integer(),
        fc.integer(),
        (entries, from, until) => {
          const map = createOrderedMap<string>();
          for (const [key, value] of entries) map.set(key, value);
          const model = [...new Map(entries)].sort(([a], [b]) => a - b);
          expect(map.between(-Infinity, Infinity)).toEqual(model.map(([, value]) => value));
          expect(map.between(from, until)).toEqual(model.filter(([key]) => key >= from && key < until).map(([, value]) => value));
          expect([map.first(), map.last(), map.size()]).toEqual([model[0]?.[0], model.at(-1)?.[0], model.length]);
        },
      ),
    );
  });
});
