import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StoreError } from '#core/errors.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { candleAt, decimal, symbolOf } from '../usecases/fake-exchange.ts';
import { seededRandom } from '../providers/websocket/virtual-time.ts';
import { startStoreWorld, type StoreWorld } from './store-world.ts';

// Campaign F11: the disk of the store is full at ten levels. A file system in memory of its own, which takes root to make; the real engine,
// over HTTP and the real client. Batches are written until one is refused, then room is made, and the same process goes on.

const LEVELS = 10;
const DISK_MIB = 96;
const BATCH = 4000;
const START = Date.UTC(2023, 2, 11);
const MINUTE = 60_000;
const symbol = symbolOf('BTC/USD');

let mount: string;
let store: StoreWorld;
let db: TimeSeriesDb;

beforeAll(async () => {
  mount = mkdtempSync(join(tmpdir(), 'tidemark-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', mount]);
  store = await startStoreWorld(join(mount, 'store'));
  db = store.open(store.port, 20_000);
});
afterAll(async () => {
  await db.close();
  await store.close();
  execFileSync('umount', [mount]);
  rmSync(mount, { recursive: true });
});

const freeBytes = (): number => {
  const { bavail, bsize } = statfsSync(mount);
  return bavail * bsize;
};

let written = 0;

/** A batch of new candles, with figures that do not compress away. Returns its range of minutes. */
async function writeBatch(random: () => number): Promise<{ readonly fromMs: number; readonly untilMs: number; readonly error: unknown }> {
  const fromMs = START + written * MINUTE;
  written += BATCH;
  const candles = Array.from({ length: BATCH }, (_, index) => {
    const openTimeMs = fromMs + index * MINUTE;
    const version = candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: openTimeMs + MINUTE + 3000, sequence: 0 });
    return { ...candleAt(openTimeMs), volume: decimal(random().toFixed(12)), version };
  });
  const range = { fromMs, untilMs: fromMs + BATCH * MINUTE };
  try {
    await db.insertCandles([{ series: { exchange: 'kraken', symbol, timeframe: '1m' }, candles }]);
    return { ...range, error: null };
  } catch (error) {
    return { ...range, error };
  }
}

test('a full disk loses no batch that was acknowledged and keeps none in part, and the store goes on when there is room', async () => {
  const random = seededRandom(11);
  const taken: { readonly fromMs: number; readonly untilMs: number }[] = [];
  const refused: typeof taken = [];
  for (let level = 0; level < LEVELS; level++) {
    const ballast = join(mount, 'ballast');
    // From next to nothing to a few merges' worth of room.
    writeFileSync(ballast, Buffer.alloc(Math.max(0, freeBytes() - (64 << 10) * 2 ** (level * 0.7))));
    for (let isFull = false; !isFull;) {
      // oxlint-disable-next-line no-await-in-loop -- until it is full
      const { error, ...range } = await writeBatch(() => random.next());
      (error === null ? taken : refused).push(range);
      isFull = error !== null;
      if (error === null) continue;
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ retryable: true });
      expect((error as Error).message).toMatch(/space/i);
    }
    rmSync(ballast);
    // oxlint-disable-next-line no-await-in-loop -- the same process goes on
    const after = await writeBatch(() => random.next());
    expect(after.error).toBeNull();
    taken.push(after);
  }
  const windows = { '1m': { fromMs: START, untilMs: START + written * MINUTE } };
  const [group] = await db.readCandles({ exchange: 'kraken', symbols: [symbol], windows });
  const there = new Set(group?.candles.map(({ openTimeMs }) => openTimeMs));
  const countOf = ({ fromMs }: { readonly fromMs: number }): number =>
    Array.from({ length: BATCH }, (_, index) => there.has(fromMs + index * MINUTE)).filter(Boolean).length;
  const lost = taken.filter((range) => countOf(range) !== BATCH);
  const partial = refused.filter((range) => countOf(range) !== 0 && countOf(range) !== BATCH);
  console.log(
    `F11: a full disk at ${LEVELS} levels: ${taken.length} batches of ${BATCH} acknowledged, ${lost.length} lost, ${refused.length} refused, ${partial.length} of them kept in part`,
  );
  expect({ lost, partial }).toEqual({ lost: [], partial: [] });
  expect(refused).toHaveLength(LEVELS);
});
