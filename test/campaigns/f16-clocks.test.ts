import { expect, test } from 'vitest';
import { syncCandles } from '#usecases/sync-candles.ts';
import { createSyncMemory } from '#usecases/sync-memory.ts';
import { differenceFrom, inputAt, MINUTE, NOTHING_WRONG, START, syncParts } from './sync-parts.ts';

// F16: clocks that are wrong, jump, and meet the end of a minute at any millisecond.

test('F16: our clock wrong by -120 to +120 seconds, in steps of one: no open candle is stored, and with the right time all are there', async () => {
  for (let skewSeconds = -120; skewSeconds <= 120; skewSeconds++) {
    // What is wrong by so much is the exchange's clock as we see it.
    const parts = syncParts({ historyFromMs: START - 12 * MINUTE, skewMs: -skewSeconds * 1000 });
    const exchangeNow = (tick: number): number => START + tick * MINUTE + 3000;
    for (const tick of [0, 1, 2, 3]) {
      parts.setNow(exchangeNow(tick) + skewSeconds * 1000);
      await syncCandles(parts.ports(), inputAt(START + tick * MINUTE));
      expect(await differenceFrom(parts.db, exchangeNow(tick) - 3000), `skew ${skewSeconds} s, tick ${tick}`).toMatchObject({
        open: 0,
        wrong: 0,
        duplicates: 0,
      });
    }
    // An hour back, and right again.
    parts.setNow(exchangeNow(4) - 3_600_000 + skewSeconds * 1000);
    await syncCandles(parts.ports(), inputAt(START + 4 * MINUTE));
    for (const tick of [6, 7, 8]) {
      parts.setNow(exchangeNow(tick) + Math.max(skewSeconds, 0) * 1000);
      await syncCandles(parts.ports(), inputAt(START + tick * MINUTE));
    }
    const settled = skewSeconds < 0 ? START + 8 * MINUTE + Math.floor(skewSeconds / 60) * MINUTE : START + 8 * MINUTE;
    expect({ ...(await differenceFrom(parts.db, settled)), open: 0 }, `skew ${skewSeconds} s`).toEqual(NOTHING_WRONG);
  }
}, 120_000);

test('F16: a tick at any of 4,000 milliseconds around the end of a minute stores no open candle', async () => {
  const parts = syncParts({ historyFromMs: START - 12 * MINUTE });
  parts.setNow(START + 3000);
  await syncCandles(parts.ports(), inputAt(START));
  const memory = createSyncMemory();
  for (let offsetMs = -2000; offsetMs < 2000; offsetMs++) {
    const nowMs = START + 3 * MINUTE + offsetMs;
    parts.setNow(nowMs);
    await syncCandles(parts.ports(), inputAt(START + 3 * MINUTE, { timeframes: ['1m'], memory }));
    const { open, wrong } = await differenceFrom(parts.db, nowMs - (nowMs % MINUTE), ['1m']);
    if (open + wrong > 0) expect({ offsetMs, open, wrong }).toBeNull();
  }
}, 120_000);
