import { expect, test } from 'vitest';
import { syncCandles } from '#usecases/sync-candles.ts';
import { exchangeError } from '../usecases/fake-exchange.ts';
import { differenceFrom, inputAt, MINUTE, NOTHING_WRONG, START, syncParts, type Difference, type SyncParts } from './sync-parts.ts';

// F4: a process that is killed before or behind any of its calls, and another one that goes on.

class Killed extends Error {}

/** Kills the process at its n-th call; the call itself is made, or not. */
function killAt(n: number, isMade: boolean) {
  let calls = 0;
  return async (_call: string, work: () => Promise<unknown>): Promise<unknown> => {
    calls += 1;
    if (calls !== n) return await work();
    if (isMade) await work();
    throw new Killed();
  };
}

/** A backfill, ticks with a hole, a correction and a failure, and a tick of the hour: everything that a tick can have to do. */
const TICKS = [0, 1, 2, 5, 60] as const;

function arrange({ exchange }: SyncParts, tick: number): void {
  const change = { volume: '9.5' } as never;
  if (tick === 1) exchange.revise('1m', START - 3 * MINUTE, null);
  if (tick === 2) exchange.failWith(({ timeframe }) => (timeframe === '5m' ? exchangeError('TIMEOUT') : null));
  if (tick === 5) {
    exchange.failWith(null);
    exchange.revise('1m', START + 2 * MINUTE, change);
  }
  if (tick === 60) {
    exchange.revise('1m', START - 3 * MINUTE, {});
    exchange.revise('1m', START + 2 * MINUTE, {});
  }
}

async function play(parts: SyncParts, killedTick: number, around: ReturnType<typeof killAt> | undefined): Promise<boolean> {
  let wasKilled = false;
  for (const tick of TICKS) {
    const tickMs = START + tick * MINUTE;
    parts.setNow(tickMs + 3000);
    arrange(parts, tick);
    const ports = parts.ports(tick === killedTick ? around : undefined);
    try {
      await syncCandles(ports, inputAt(tickMs));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      wasKilled = true;
      // The queue hands the tick over again, to another process.
      await syncCandles(parts.ports(), inputAt(tickMs));
    }
  }
  // What the exchange corrected back, and sent late, is among the newest candles: two ticks bring it.
  for (const tick of [61, 62]) {
    parts.setNow(START + tick * MINUTE + 3000);
    await syncCandles(parts.ports(), inputAt(START + tick * MINUTE, { settings: { ...inputAt(0).settings, latestCandles: 70 } }));
  }
  return wasKilled;
}

/** One crash point; null when the tick has no n-th call. */
async function differenceAt(killedTick: number, n: number, isMade: boolean): Promise<Difference | null> {
  const parts = syncParts({ historyFromMs: START - 25 * MINUTE });
  const wasKilled = await play(parts, killedTick, killAt(n, isMade));
  return wasKilled ? await differenceFrom(parts.db, START + 62 * MINUTE) : null;
}

test('F4: killed before or behind any call of any tick, nothing is lost, doubled or wrong', async () => {
  const ends: { readonly killedTick: number; readonly n: number; readonly difference: Difference }[] = [];
  for (const killedTick of TICKS) {
    for (let n = 1; ; n++) {
      const [before, behind] = [await differenceAt(killedTick, n, false), await differenceAt(killedTick, n, true)];
      if (before === null || behind === null) break;
      ends.push({ killedTick, n, difference: before }, { killedTick, n, difference: behind });
    }
  }
  const bad = ends.filter(({ difference }) => JSON.stringify(difference) !== JSON.stringify(NOTHING_WRONG));
  console.log(`F4: killed at ${ends.length} points, ${bad.length} of them with a candle lost, doubled, wrong or open`);
  expect(bad).toEqual([]);
  expect(ends.length).toBeGreaterThan(60);
});
