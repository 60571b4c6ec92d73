import { expect, test } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { StreamRecord } from '#core/ports/stream-client.ts';
import type { SeriesCandles, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { createPutInOrder } from '#providers/aws/put-in-order.ts';
import { checkCandle } from '#providers/ccxt/candle-row.ts';
import { createMemoryCache } from '#providers/memory/memory-cache.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { auditStore } from '#usecases/audit-store.ts';
import { createTradePublisher } from '#usecases/publish-trades.ts';
import { CLOSED, seriesOf, theHigherVersionWins, writingAgainDoublesNothing } from '../contracts/candle-versions.ts';
import { PRICE_ORDERS, priceIsTheNewest } from '../contracts/newest-price.ts';
import { faultsOf, type SpoiltArchive } from '../lambdas/archive/poison-batch.ts';
import { batchOf, createScriptedStream, judge, KEYS, putUntilIn, scriptedSend, seeded } from '../providers/aws/scripted-stream.ts';
import { noDamagedRowIsAnotherCandle } from '../providers/ccxt/damaged-rows.ts';
import { drainingLosesNothing } from '../usecases/drained-publisher.ts';
import { asserted } from './asserted.ts';
import { goodStore, INDICATORS } from './audited-store.ts';

// F22, the other layers: faults that platforms like this one have had in their store, stream, archive, cache and edge, built in on purpose.
// Each is held against the very check that the layer's own tests run, which must see it, and must see nothing without it.

/** What the check says: nothing while all is well. */
type Check = () => Promise<readonly string[]> | readonly string[];

type SeededBug = { readonly name: string; readonly caughtBy: string; readonly broken: Check; readonly whole: Check };

// --- the stream

type Put = (records: readonly StreamRecord[]) => Promise<void>;
type Send = ReturnType<typeof scriptedSend>;

const inOrder = (send: Send): Put =>
  createPutInOrder({
    send,
    timer: { monotonicMs: () => 0, after: (_delayMs, action) => (queueMicrotask(action), () => {}) },
    random: { next: seeded(15) },
    maxAttempts: 5,
    firstBackoffMs: 1,
    lastBackoffMs: 1,
  });

/** Two hundred batches with keys that repeat, through a stream that refuses and loses answers. */
async function streamFaults(putOver: (send: Send) => Put): Promise<readonly string[]> {
  const scripted = createScriptedStream(14);
  const put = putOver(scriptedSend(scripted));
  for (let batch = 0; batch < 200; batch++)
    await putUntilIn(
      put,
      batchOf(batch * 100, 100, (index) => KEYS[index % 30] ?? ''),
    );
  const { lost, outOfOrder } = judge(scripted.log, 20_000);
  return [...(lost > 0 ? [`${lost} records lost`] : []), ...(outOfOrder > 0 ? [`${outOfOrder} records out of order`] : [])];
}

/** All of a call at once; what was refused is sent again behind everything else. */
const appending =
  (send: Send): Put =>
  async (records) => {
    for (let left = [...records]; left.length > 0;) {
      const call = left.splice(0, 40);
      const failures = await send(call);
      left.push(...call.filter((_, index) => failures[index] !== null));
    }
  };

const ignoring =
  (send: Send): Send =>
  async (records) => {
    await send(records);
    return records.map(() => null);
  };

// --- the end of the collector

const hasty: typeof createTradePublisher = (ports, options) => ({ ...createTradePublisher(ports, options), drain: async () => [] });

// --- the archive

const places = new Set([7, 8, 50]);
const archiveFaults = (spoilt: SpoiltArchive, storageFails = false): Promise<readonly string[]> => faultsOf(places, storageFails, spoilt);
const storageWithout =
  (isDropped: (key: string) => boolean) =>
  (storage: StorageClient): StorageClient => ({
    ...storage,
    putObject: async (key, body, ...rest) => (isDropped(key) ? undefined : await storage.putObject(key, body, ...rest)),
  });

// --- the cache

async function priceFaults(change: (cache: CacheClient) => CacheClient): Promise<readonly string[]> {
  const cache = change(createMemoryCache({ nowMs: () => 0, sleepUntil: async () => {} }));
  const found: string[] = [];
  for (const order of PRICE_ORDERS) if ((await asserted(() => priceIsTheNewest(cache, order))).length > 0) found.push(order.what);
  return found;
}

const uncompared = (cache: CacheClient): CacheClient => ({
  ...cache,
  async advanceHashes(entries, ttlSeconds) {
    const written = entries.map(({ key, fields, orderMs, orderId }) => ({
      key,
      fields: { ...fields, event_time: String(orderMs), trade_id: orderId },
    }));
    await cache.writeHashes(written, ttlSeconds);
    return entries.length;
  },
});

const roundedIds = (cache: CacheClient): CacheClient => ({
  ...cache,
  advanceHashes: (entries, ttlSeconds) =>
    cache.advanceHashes(
      entries.map((entry) => ({ ...entry, orderId: /^\d+$/.test(entry.orderId) ? String(Number(entry.orderId)) : entry.orderId })),
      ttlSeconds,
    ),
});

// --- the store

const storeFaults = (change: (db: TimeSeriesDb) => Partial<TimeSeriesDb>): Promise<readonly string[]> =>
  asserted(async () => {
    const db = createMemoryTimeSeriesDb();
    const changed = { ...db, ...change(db) };
    await writingAgainDoublesNothing(changed, seriesOf('DDD/USD'));
    await theHigherVersionWins(changed, seriesOf('EEE/USD'));
  });

function versionOfInsert(db: TimeSeriesDb): Partial<TimeSeriesDb> {
  let inserts = 0n;
  return {
    insertCandles: (groups) => {
      inserts += 1n;
      return db.insertCandles(
        groups.map(({ series, candles }) => ({ series, candles: candles.map((one) => ({ ...one, version: CLOSED + inserts })) })),
      );
    },
  };
}

// --- what is added up

const HOURS = 6;

async function auditFaults(change: (group: SeriesCandles, minutes: readonly StoredCandle[]) => SeriesCandles): Promise<readonly string[]> {
  const db = await goodStore(HOURS * 60, 4);
  const changed: TimeSeriesDb = {
    ...db,
    readCandles: async (query) => {
      const groups = await db.readCandles(query);
      const minutes = groups.find(({ series }) => series.timeframe === '1m')?.candles ?? [];
      return groups.map((group) => (group.series.timeframe === '1m' ? group : change(group, minutes)));
    },
  };
  const report = await auditStore(
    { db: changed },
    { exchanges: ['coinbase'], indicators: INDICATORS, sampleCandles: 1, keptFromMs: Number.NEGATIVE_INFINITY },
  );
  return [...new Set(report.findings.map(({ check }) => `audit: ${check}`))];
}

/** Volumes as doubles: 0.1 + 0.2 is not 0.3. */
function drifting({ series, candles }: SeriesCandles, minutes: readonly StoredCandle[]): SeriesCandles {
  const stepMs = series.timeframe === '5m' ? 300_000 : 3_600_000;
  const volumeOf = (openTimeMs: number): Decimal | undefined => {
    const inside = minutes.filter((one) => one.openTimeMs >= openTimeMs && one.openTimeMs < openTimeMs + stepMs);
    return parseDecimal(inside.reduce((sum, { volume }) => sum + Number(volume), 0));
  };
  return { series, candles: candles.map((one) => ({ ...one, volume: volumeOf(one.openTimeMs) ?? one.volume })) };
}

/** Hours that begin at half past, as on Lord Howe. */
function halfAnHourOff({ series, candles }: SeriesCandles): SeriesCandles {
  if (series.timeframe !== '1h') return { series, candles };
  return { series, candles: candles.map((one) => ({ ...one, openTimeMs: one.openTimeMs + 1_800_000 })) };
}

// --- the edge

const edgeFaults = (check: typeof checkCandle): Promise<readonly string[]> => asserted(() => noDamagedRowIsAnotherCandle(check));

const nullIsZero: typeof checkCandle = (row, ...rest) =>
  checkCandle(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? '0'])) as typeof row, ...rest);
const believesNumbers: typeof checkCandle = (row, ...rest) =>
  checkCandle({ ...row, volume: typeof row.volume === 'string' ? String(Number.parseFloat(row.volume)) : row.volume }, ...rest);

const nothing = <T>(value: T): T => value;

const BUGS: readonly SeededBug[] = [
  {
    name: 'the result of PutRecords is ignored',
    caughtBy: 'F14, records after the consumer',
    broken: () => streamFaults((send) => inOrder(ignoring(send))),
    whole: () => streamFaults(inOrder),
  },
  {
    name: 'a record that was refused is appended at the end',
    caughtBy: 'F14, order of each key',
    broken: () => streamFaults(appending),
    whole: () => streamFaults(inOrder),
  },
  {
    name: 'SIGTERM ends the collector before its buffer is empty',
    caughtBy: 'the drain of the publisher',
    broken: () => asserted(() => drainingLosesNothing(hasty)),
    whole: () => asserted(() => drainingLosesNothing(createTradePublisher)),
  },
  {
    name: 'what the archive could not store is not given back to the stream',
    caughtBy: 'F15, trades in the archive',
    broken: () => archiveFaults({ handler: (handler) => async (event) => ({ ...(await handler(event)), batchItemFailures: [] }) }, true),
    whole: () => archiveFaults({}, true),
  },
  {
    name: 'poison is not reported',
    caughtBy: 'F15, parked objects',
    broken: () => archiveFaults({ storage: storageWithout((key) => key.startsWith('poison/')) }),
    whole: () => archiveFaults({}),
  },
  {
    name: 'poison is parked without its bytes',
    caughtBy: 'F15, bytes of parked objects',
    broken: () => archiveFaults({ storage: storageWithout((key) => key.endsWith('.bin')) }),
    whole: () => archiveFaults({}),
  },
  {
    name: 'the latest price is written without comparing',
    caughtBy: 'the contract of caches',
    broken: () => priceFaults(uncompared),
    whole: () => priceFaults(nothing),
  },
  {
    name: 'trade ids are doubles',
    caughtBy: 'the contract of caches',
    broken: () => priceFaults(roundedIds),
    whole: () => priceFaults(nothing),
  },
  {
    name: 'the version of a candle is when it was inserted',
    caughtBy: 'the contract of stores',
    broken: () => storeFaults(versionOfInsert),
    whole: () => storeFaults(() => ({})),
  },
  {
    name: 'volumes are added up as doubles',
    caughtBy: 'the audit, roll-up',
    broken: () => auditFaults(drifting),
    whole: () => auditFaults(nothing),
  },
  {
    name: 'hours follow a time zone',
    caughtBy: 'the audit, grid',
    broken: () => auditFaults(halfAnHourOff),
    whole: () => auditFaults(nothing),
  },
  {
    name: 'null becomes 0 at the edge',
    caughtBy: 'the property of damaged rows',
    broken: () => edgeFaults(nullIsZero),
    whole: () => edgeFaults(checkCandle),
  },
  {
    name: 'the edge reads as much of a number as it can',
    caughtBy: 'the property of damaged rows',
    broken: () => edgeFaults(believesNumbers),
    whole: () => edgeFaults(checkCandle),
  },
];

test.each(BUGS)('F22: $name, and it is caught by $caughtBy', async ({ name, caughtBy, broken, whole }) => {
  expect(await whole()).toEqual([]);
  const found = await broken();
  expect(found).not.toEqual([]);
  console.log(`F22: ${name}: caught by ${caughtBy}: ${found.slice(0, 2).join('; ')}`);
});
