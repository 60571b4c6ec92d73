import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../providers/websocket/virtual-time.ts';
import { endCommands, on, ROOT, startToEnd, storedTickMs, temporaryFolder, tidemark } from './support/command.ts';
import { expectedCandles } from './support/recorded-truth.ts';
import { difference, NO_DIFFERENCE, storedCandles } from './support/stored.ts';

// Campaign F6: the whole platform is killed (SIGKILL) 60 times at moments drawn by lot, from a third of a second after its start to some
// ticks later, and started again. Real processes, the embedded engine on disk, real sockets. The collector alone is killed
// in `f6-collector-kills.tools.test.ts`.

const MINUTE_MS = 60_000;
const BACKFILL = 300;

afterEach(endCommands);

type Chain = { readonly recording: string; readonly fromMs: number; readonly speed: string; readonly kills: number; readonly seed: number };

/**
 * Starts and kills. Every other life ends at a random time after its start, wherever that is; the others when they have done some ticks, so
 * that the chain gets on however slow the machine is. Returns how many were killed before and after their first tick.
 */
async function killAgainAndAgain(data: string, { recording, fromMs, speed, kills, seed }: Chain) {
  const random = seededRandom(seed);
  const lives = { beforeATick: 0, afterATick: 0 };
  for (let life = 0; life < kills; life++) {
    const before = storedTickMs(data);
    const from = before === undefined ? ['--from', new Date(fromMs).toISOString()] : [];
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    const platform = tidemark(['start', ...on(data), '--recordings', recording, '--speed', speed, ...from]);
    if (life % 2 === 1) {
      const ticks = 1 + Math.floor(random.next() * 8);
      const wantedMs = (before ?? fromMs) + ticks * MINUTE_MS;
      // oxlint-disable-next-line no-await-in-loop -- one life after the other
      await platform.reaches(`${ticks} more ticks`, () => (storedTickMs(data) ?? 0) >= wantedMs);
    }
    // oxlint-disable-next-line no-await-in-loop -- the moment is drawn by lot: nothing is waited for
    await new Promise((resolve) => void setTimeout(resolve, 300 + random.next() * (life % 2 === 1 ? 300 : 1200)));
    platform.kill('SIGKILL');
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    expect(await platform.ended).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    const hasTicked = (storedTickMs(data) ?? 0) > (before ?? 0);
    lives[hasTicked ? 'afterATick' : 'beforeATick']++;
  }
  return lives;
}

describe('kill -9', () => {
  test('60 times at full speed: not a candle lost, doubled, wrong or open, and the audit finds nothing', { timeout: 600_000 }, async () => {
    const recording = join(ROOT, 'recordings/other/btc-eth-2025-06');
    const fromMs = Date.parse('2025-06-10T12:00:00Z');
    const data = temporaryFolder();
    const lives = await killAgainAndAgain(data, { recording, fromMs, speed: 'max', kills: 60, seed: 6 });
    expect(lives.afterATick).toBeGreaterThanOrEqual(30);
    const untilMs = (storedTickMs(data) ?? Number.NaN) + 30 * MINUTE_MS;
    const report = await startToEnd(data, ['--recordings', recording, '--until', new Date(untilMs).toISOString()]);
    expect(report.errorCount).toBe(0);
    const expected = [...expectedCandles(recording, { fromMs, untilMs, backfill: BACKFILL }).values()].flat();
    expect(difference(expected, await storedCandles(data))).toEqual(NO_DIFFERENCE);
    expect(await tidemark(['audit', '--data', data]).ended).toMatchObject({ code: 0 });
    console.log(`F6: ${JSON.stringify(lives)}, ${expected.length} candles, 0 lost, 0 doubled, 0 wrong`);
  });
});
