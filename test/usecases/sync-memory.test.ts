import { expect, test, vi } from 'vitest';
import type { Clock } from '#core/ports/clock.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { backfillCandles } from '#usecases/backfill-candles.ts';
import { createSyncMemory } from '#usecases/sync-memory.ts';
import { fakeExchange, MINUTE, START } from './fake-exchange.ts';
import { BTC, ETH, SETTINGS, syncWorld } from './sync-world.ts';

const series = { exchange: 'kraken', symbol: BTC, timeframe: '1m' } as const;

test('a sync that remembers keeps the beginning that a backfill has moved back meanwhile', async () => {
  const { tick, db } = syncWorld();
  const memory = createSyncMemory();
  await tick(START, { memory });
  const beganMs = START - SETTINGS.backfillLimit * MINUTE;
  expect(await db.readWatermarks('kraken')).toMatchObject([{ fromMs: beganMs }]);

  const clock: Clock = { nowMs: () => START + 30_000, sleepUntil: async () => {} };
  const window = { series, peers: [], fromMs: beganMs - 200 * MINUTE, untilMs: beganMs, settings: SETTINGS };
  expect(await backfillCandles({ api: fakeExchange({ clock }), db, clock }, window)).toMatchObject({ stored: 200, missing: 0 });
  expect(await db.readWatermarks('kraken')).toMatchObject([{ fromMs: window.fromMs }]);

  for (let number = 1; number <= 40; number += 1) await tick(START + number * MINUTE, { memory });
  const [mark] = await db.readWatermarks('kraken');
  expect(mark?.fromMs).toBe(window.fromMs);
  expect(mark?.completeUntilMs).toBeGreaterThanOrEqual(START + 25 * MINUTE);
});

test('a beginning that sync itself has moved on stays where it is', async () => {
  const { tick, db } = syncWorld({ historyFromMs: START - 20 * MINUTE });
  const memory = createSyncMemory();
  for (let number = 0; number <= 40; number += 1) await tick(START + number * MINUTE, { memory });
  expect(await db.readWatermarks('kraken')).toMatchObject([{ fromMs: START - 20 * MINUTE }]);
});

test('the watermarks of all series are written together, seldom, and none stays more than fifteen minutes behind', async () => {
  const { tick, db, exchange } = syncWorld({ symbols: [BTC, ETH], timeframes: ['1m', '5m'] });
  const writes = vi.spyOn(db, 'insertWatermarks');
  const memory = createSyncMemory();
  // The gap is written when it is found, and the marks of its series with it.
  exchange.revise('1m', START + 20 * MINUTE, null);
  for (let number = 0; number < 60; number += 1) {
    await tick(START + number * MINUTE, { memory });
    for (const { series, completeUntilMs } of await db.readWatermarks('kraken'))
      expect(START + number * MINUTE - completeUntilMs).toBeLessThan(15 * MINUTE + TIMEFRAME_MS[series.timeframe]);
  }
  expect(writes.mock.calls.map(([marks]) => marks.length)).toEqual([4, 4, 2, 2, 4, 4]);
});

test('how far candles reach, which costs a look at all of them, is asked for only while a series has no watermark', async () => {
  const { tick, db } = syncWorld();
  const asked = vi.spyOn(db, 'storedExtents');
  await tick(START);
  expect(asked).toHaveBeenCalledTimes(1);
  for (let number = 1; number <= 3; number += 1) await tick(START + number * MINUTE, { memory: createSyncMemory() });
  expect(asked).toHaveBeenCalledTimes(1);
  await tick(START + 4 * MINUTE, { memory: createSyncMemory(), symbols: [BTC, ETH] });
  expect(asked).toHaveBeenCalledTimes(2);
});
