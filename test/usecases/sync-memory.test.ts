import { expect, test } from 'vitest';
import type { Clock } from '#core/ports/clock.ts';
import { backfillCandles } from '#usecases/backfill-candles.ts';
import { createSyncMemory } from '#usecases/sync-memory.ts';
import { fakeExchange, MINUTE, START } from './fake-exchange.ts';
import { BTC, SETTINGS, syncWorld } from './sync-world.ts';

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
