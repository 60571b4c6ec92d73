import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { MarketSymbol } from '#core/symbol.ts';
import { createFileStorage } from '#providers/files/file-storage.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { readArchive } from '#usecases/read-archive.ts';
import { seededRandom } from '../providers/websocket/virtual-time.ts';
import { endCommands, on, ROOT, sql, startToEnd, storedTickMs, temporaryFolder, tidemark } from './support/command.ts';
import { expectedCandles, manifestOf } from './support/recorded-truth.ts';
import { difference, NO_DIFFERENCE, storedCandles } from './support/stored.ts';

// Campaign F6: the whole platform is killed (SIGKILL) 60 times at moments drawn by lot, from a third of a second after its start to some
// ticks later, and started again; then the collector alone 30 times, while its exchange goes on. Real processes, the embedded engine on
// disk, real sockets.

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

  test(
    '30 times on the collector, while its exchange goes on: what is not in the archive is in the table of gaps',
    { timeout: 600_000 },
    async () => {
      const recording = join(ROOT, 'recordings/trades/kraken-2023-11');
      const data = temporaryFolder();
      const random = seededRandom(66);
      // Ten minutes of trades a second, and what the stream holds goes to the archive once a second.
      const exchange = tidemark(['exchange', '--data', data, '--recordings', recording, '--speed', '600']);
      await exchange.line(/kraken +http/);
      const environment = { TIDEMARK_STREAMING__ARCHIVE__WINDOW_SECONDS: '1' };
      const collect = () => tidemark(['collect', '--data', data], { environment });
      let withTrades = 0;
      for (let life = 0; life < 30; life++) {
        const collector = collect();
        // oxlint-disable-next-line no-await-in-loop -- one life after the other
        if (life % 3 === 1) await collector.line(SAYS_TRADES);
        // oxlint-disable-next-line no-await-in-loop -- the moment is drawn by lot: nothing is waited for
        await new Promise((resolve) => void setTimeout(resolve, 300 + random.next() * 1700));
        collector.kill('SIGKILL');
        // oxlint-disable-next-line no-await-in-loop -- one life after the other
        const { signal, stdout } = await collector.ended;
        expect(signal).toBe('SIGKILL');
        if (SAYS_TRADES.test(stdout)) withTrades++;
      }
      const last = collect();
      // Its minutes are stored and its gaps looked at while it runs; what is left it does at its end.
      for (let said = 0; said < 3; said++) {
        const before = last.stdout().length;
        // oxlint-disable-next-line no-await-in-loop -- three lines of its own
        await last.reaches('another line', () => last.stdout().slice(before).includes('trades, '));
      }
      last.kill('SIGTERM');
      expect((await last.ended).code).toBe(0);
      exchange.kill('SIGTERM');
      await exchange.ended;

      const gaps = await gapsOf(data);
      const archived = await archivedIds(data);
      // From where the very first run has begun: what it lost before anything was archived is lost too.
      const [line] = await sql(data, 'SELECT after_id FROM trade_lines');
      const [first, newest] = [Math.min(archived[0] ?? 0, Number(line?.[0]) + 1), archived.at(-1) ?? 0];
      const there = new Set(archived);
      const missing = recordedIds(recording).filter((id) => id >= first && id <= newest && !there.has(id));
      const silent = missing.filter((id) => !gaps.some((gap) => gap.firstId <= id && id <= gap.lastId && gap.state !== 'repaired'));
      console.log(
        `F6: the collector was killed 30 times, ${withTrades} times after its first trades; ${archived.length} trades archived, ${gaps.length} gaps, ${missing.length} trades lost, ${silent.length} of them in no gap`,
      );
      expect(silent).toEqual([]);
      expect(archived).toHaveLength(there.size);
      expect(withTrades).toBeGreaterThanOrEqual(10);
      expect(gaps.filter(({ state }) => state === 'repaired').length).toBeGreaterThan(0);
    },
  );
});

const SAYS_TRADES = / [1-9][\d,]* trades, /;

async function gapsOf(data: string) {
  const rows = await sql(data, 'SELECT first_id, last_id, state FROM trade_gaps ORDER BY first_id');
  return rows.map(([firstId, lastId, state]) => ({ firstId: Number(firstId), lastId: Number(lastId), state }));
}

/** Ids in the archive, ascending, each as often as a reader of the archive gets it. */
async function archivedIds(data: string): Promise<readonly number[]> {
  const storage = createFileStorage({ directory: join(data, 'archive'), timer: createSystemTimer(), deadlineMs: 10_000 });
  const ids: number[] = [];
  const window = {
    exchange: 'kraken',
    symbols: ['BTC/USDT' as MarketSymbol],
    fromMs: Date.parse('2023-11-17T00:00:00Z'),
    untilMs: Date.parse('2023-11-23T00:00:00Z'),
  } as const;
  for await (const hour of readArchive({ storage }, window, (problem) => expect(problem).toBeUndefined()))
    ids.push(...hour.trades.map(({ trade }) => Number(trade.id)));
  return ids;
}

function recordedIds(recording: string): readonly number[] {
  expect(manifestOf(recording).name).toBe('kraken-trades-2023-11');
  const [header = '', ...lines] = gunzipSync(readFileSync(join(recording, 'trades/kraken_BTC-USDT.csv.gz')))
    .toString()
    .trimEnd()
    .split('\n');
  const column = header.split(',').indexOf('trade_id');
  return lines.map((line) => Number(line.split(',')[column]));
}
