import { describe, expect, test } from 'vitest';
import type { TradeMinute } from '#core/trade-minute.ts';
import { createDeliveredRows } from '#usecases/delivered-rows.ts';

const minute = (openTimeMs: number): TradeMinute => ({ openTimeMs }) as TradeMinute;
const times = (minutes: readonly TradeMinute[]): number[] => minutes.map(({ openTimeMs }) => openTimeMs);

function world() {
  const publisher = { offered: 0, settled: 0 };
  const stream = { taken: 0, safe: 0 };
  const delivered = createDeliveredRows<TradeMinute>({ offered: () => publisher.offered, settled: () => publisher.settled }, () => {
    const mark = stream.taken;
    return () => stream.safe >= mark;
  });
  return { publisher, stream, delivered };
}

describe('rows on their way to the store', () => {
  test('wait until the trades that were offered before them are delivered', () => {
    const { publisher, delivered } = world();
    publisher.offered = 10;
    delivered.add([minute(1)]);
    publisher.offered = 20;
    delivered.add([minute(2), minute(3)]);
    expect(times(delivered.take())).toEqual([]);
    publisher.settled = 19;
    expect(times(delivered.take())).toEqual([1]);
    publisher.settled = 20;
    expect([times(delivered.take()), times(delivered.take())]).toEqual([[2, 3], []]);
  });

  test('wait until what the stream has taken by then would survive', () => {
    const { publisher, stream, delivered } = world();
    publisher.offered = 10;
    publisher.settled = 10;
    stream.taken = 5;
    delivered.add([minute(1)]);
    expect(times(delivered.take())).toEqual([]);
    stream.taken = 9;
    stream.safe = 5;
    expect(times(delivered.take())).toEqual([1]);
  });

  test('keep their order: none is stored before an older one', () => {
    const { publisher, stream, delivered } = world();
    stream.taken = 5;
    delivered.add([minute(1)]);
    delivered.take();
    stream.taken = 0;
    publisher.offered = 3;
    publisher.settled = 3;
    delivered.add([minute(2)]);
    expect(times(delivered.take())).toEqual([]);
    stream.safe = 5;
    expect(times(delivered.take())).toEqual([1, 2]);
  });

  test('are at most so many; the oldest are dropped and counted', () => {
    const { publisher, delivered } = world();
    for (let index = 1; index <= 2001; index += 1) {
      publisher.offered = index;
      delivered.add([minute(index)]);
    }
    expect(delivered.counts()).toEqual({ waiting: 2000, dropped: 1 });
    publisher.settled = 2001;
    expect(times(delivered.take())[0]).toBe(2);
  });
});
