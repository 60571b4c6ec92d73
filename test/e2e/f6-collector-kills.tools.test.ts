import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { MarketSymbol } from '#core/symbol.ts';
import { createFileStorage } from '#providers/files/file-storage.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { readArchive } from '#usecases/read-archive.ts';
import { seededRandom } from '../providers/websocket/virtual-time.ts';
import { endCommands, ROOT, sql, temporaryFolder, tidemark } from './support/command.ts';
import { manifestOf } from './support/recorded-truth.ts';

// Campaign F6, the collector: it is killed (SIGKILL) at moments drawn by lot, while its exchange goes on in a process of its own.

afterEach(endCommands);

const SAYS_TRADES = / [1-9][\d,]* trades, /;

test('kill -9 on the collector, 30 times: what is not in the archive is in the table of gaps', { timeout: 600_000 }, async () => {
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
});

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
