import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFifo } from '#std/fifo.ts';

describe('a fifo', () => {
  test('gives what was put, oldest first, at most as many as asked for', () => {
    const fifo = createFifo<number>();
    for (const item of [1, 2, 3]) fifo.push(item);
    expect([fifo.take(2), fifo.size(), fifo.take(5), fifo.take(1), fifo.take(-1), fifo.size()]).toEqual([[1, 2], 1, [3], [], [], 0]);
  });

  test('is an array from which the front is taken, whatever the order of calls', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom('push' as const, 'shift' as const), fc.integer({ min: 0, max: 5 })), { maxLength: 200 }),
        (calls) => {
          const fifo = createFifo<number>();
          const model: number[] = [];
          for (const [index, call] of calls.entries()) {
            if (call === 'push') {
              fifo.push(index);
              model.push(index);
            } else if (call === 'shift') {
              expect(fifo.peek()).toBe(model[0]);
              expect(fifo.shift()).toBe(model.shift());
            } else expect(fifo.take(call)).toEqual(model.splice(0, call));
            expect(fifo.size()).toBe(model.length);
          }
        },
      ),
    );
  });
});
