import { describe, expect, test } from 'vitest';
import { faultsOf, seeded, SIZE } from './poison-batch.ts';

describe('F15: poison in a batch of 100 records', () => {
  test('at each of the 100 places spoils nothing else and is parked once', async () => {
    for (let place = 0; place < SIZE; place++) expect(await faultsOf(new Set([place]), false), `at ${place}`).toEqual([]);
  });

  test('at 2 to 100 places at random, in 100 batches, half of them with a storage that fails once, is parked once each', async () => {
    const chance = seeded(15);
    for (let batch = 0; batch < 100; batch++) {
      const places = new Set<number>();
      const count = batch === 0 ? SIZE : 2 + Math.floor(chance() * (SIZE - 1));
      while (places.size < count) places.add(Math.floor(chance() * SIZE));
      expect(await faultsOf(places, batch % 2 === 1), `batch ${batch}`).toEqual([]);
    }
  });
});
