import { afterAll, beforeAll, expect, test } from 'vitest';
import { StoreError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import { TIMEFRAME_MS, TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { syncCandles } from '#usecases/sync-candles.ts';
import { createSyncMemory } from '#usecases/sync-memory.ts';
import { candleAt, fakeExchange, symbolOf } from '../usecases/fake-exchange.ts';
import { SETTINGS } from '../usecases/sync-world.ts';
import { startFaultyStore, type StoreFault } from './faulty-store.ts';
import { MINUTE } from './made-venue.ts';
import { startStoreWorld, type StoreWorld } from './store-world.ts';

// Campaign F10: what the store can do with an insert, for each of the three tables, for two ticks on the hour, when all of them are written.

const FIRST_TICK = Date.UTC(2023, 2, 11, 12);
const BTC = symbolOf('BTC/USD');
/** Of production it is 30 s; this is one fiftieth, as is the slow answer of 9 s. */
const DEADLINE_MS = 600;
const BACKFILL = 20;

const FAULTS: Readonly<Record<string, StoreFault>> = {
  'is not there': { kind: 'refused' },
  stalls: { kind: 'stalled' },
  drips: { kind: 'drip' },
  'fails inside': { kind: 'code', code: 1000, words: 'Poco::Exception. Unknown', status: 500 },
  'is reset before it has taken the rows': { kind: 'reset before commit' },
  'is reset after it has taken the rows': { kind: 'reset after commit' },
  'has too many parts': {
    kind: 'code',
    code: 252,
    words: 'Too many parts (3001). Merges are processing significantly slower than inserts. (TOO_MANY_PARTS)',
    status: 500,
  },
  'is read-only': { kind: 'code', code: 164, words: 'Cannot execute query in readonly mode. (READONLY)', status: 500 },
  'has no space': { kind: 'code', code: 243, words: 'Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)', status: 500 },
  'has no memory': { kind: 'code', code: 241, words: 'Memory limit (total) exceeded. (MEMORY_LIMIT_EXCEEDED)', status: 500 },
  'has lost its table': { kind: 'code', code: 60, words: 'Unknown table expression identifier. (UNKNOWN_TABLE)', status: 404 },
  'is slow': { kind: 'slow', ms: 180 },
};

let store: StoreWorld;
beforeAll(async () => {
  store = await startStoreWorld();
});
afterAll(() => store.close());

type Counted = {
  lost: number;
  duplicates: number;
  wrong: number;
  openAsClosed: number;
  recoveryTicks: number;
  insertsInATick: number;
  hit: number;
};

async function runCase(fault: StoreFault, table: string): Promise<Counted> {
  const tables = [...TIMEFRAMES.map((timeframe) => `candles_${timeframe}`), 'gaps', 'watermarks', 'revisions'];
  for (const name of tables) await store.command(`TRUNCATE TABLE trading.${name}`);
  const front = await startFaultyStore(store.port);
  const scaled = store.open(front.port, DEADLINE_MS);
  // After the fault: a scaled deadline would measure how busy this machine is.
  const patient = store.open(front.port, 20_000);
  let nowMs = FIRST_TICK;
  const clock: Clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
  const api = fakeExchange({ clock });
  const memory = createSyncMemory();
  const counted: Counted = { lost: 0, duplicates: 0, wrong: 0, openAsClosed: 0, recoveryTicks: 0, insertsInATick: 0, hit: 0 };
  try {
    // One good tick, two with the fault, three to recover in; those with the fault are on the hour and the minute after.
    for (let tick = 0; tick < 6; tick++) {
      const tickMs = FIRST_TICK + (tick - 1) * MINUTE;
      nowMs = tickMs + 3000;
      front.set(tick === 1 || tick === 2 ? fault : null, table);
      const db = tick === 1 || tick === 2 ? scaled : patient;
      const settings = { ...SETTINGS, backfillLimit: BACKFILL };
      const failed = await syncCandles({ api, db, clock }, { symbols: [BTC], timeframes: TIMEFRAMES, tickMs, settings, memory }).then(
        () => false,
        (error: unknown) => {
          if (!(error instanceof StoreError)) throw error;
          return true;
        },
      );
      const { inserts, hit } = front.counts();
      counted.insertsInATick = Math.max(counted.insertsInATick, inserts);
      counted.hit += hit;
      // Missing after the last tick with the fault costs one tick, missing after the next one two.
      if (tick >= 2 && (failed || (await compare(tickMs)).lost > 0)) counted.recoveryTicks = tick - 1;
    }
    return { ...counted, ...(await compare(FIRST_TICK + 4 * MINUTE)) };
  } finally {
    await scaled.close();
    await patient.close();
    await front.close();
  }
}

/** The store against the exchange's own candles, read past every fault. */
async function compare(tickMs: number): Promise<Pick<Counted, 'lost' | 'duplicates' | 'wrong' | 'openAsClosed'>> {
  const found = { lost: 0, duplicates: 0, wrong: 0, openAsClosed: 0 };
  for (const timeframe of TIMEFRAMES) {
    const rows = await store.rows(
      `SELECT toUnixTimestamp64Milli(timestamp) AS t, toString(open) AS o, toString(high) AS h, toString(low) AS l, toString(close) AS c, toString(volume) AS v FROM trading.candles_${timeframe} FINAL ORDER BY t`,
    );
    const times = rows.map(({ t }) => Number(t));
    found.duplicates += times.length - new Set(times).size;
    found.openAsClosed += times.filter((time) => time + TIMEFRAME_MS[timeframe] > tickMs).length;
    found.lost += expectedTimes(timeframe, tickMs).filter((time) => !times.includes(time)).length;
    found.wrong += rows.filter((row) => !isTrue(Number(row['t']), row)).length;
  }
  return found;
}

function expectedTimes(timeframe: Timeframe, tickMs: number): readonly number[] {
  const step = TIMEFRAME_MS[timeframe];
  const firstTickMs = FIRST_TICK - MINUTE;
  const fromMs = Math.floor(firstTickMs / step) * step - BACKFILL * step;
  const untilMs = Math.floor(tickMs / step) * step;
  return Array.from({ length: (untilMs - fromMs) / step }, (_, index) => fromMs + index * step);
}

function isTrue(openTimeMs: number, row: Readonly<Record<string, unknown>>): boolean {
  const { open, high, low, close, volume } = candleAt(openTimeMs);
  return [open, high, low, close, volume].every((value, index) => Number(value) === Number(row[['o', 'h', 'l', 'c', 'v'][index] ?? '']));
}

test('F10: whatever the store does with an insert, no candle is lost, doubled or wrong two ticks later', { timeout: 120_000 }, async () => {
  const cases: { readonly name: string; readonly result: Counted }[] = [];
  for (const [name, fault] of Object.entries(FAULTS)) {
    for (const timeframe of TIMEFRAMES) cases.push({ name: `${name}, ${timeframe}`, result: await runCase(fault, `candles_${timeframe}`) });
  }
  const sum = (count: (result: Counted) => number): number => cases.reduce((total, { result }) => total + count(result), 0);
  process.stdout.write(
    `F10: ${cases.length} cases, ${sum(({ hit }) => hit)} faults injected, ${sum(({ lost }) => lost)} candles lost, ${sum(({ duplicates }) => duplicates)} duplicates, ` +
      `${sum(({ wrong }) => wrong)} wrong, ${sum(({ openAsClosed }) => openAsClosed)} open stored as closed, recovery at most ${Math.max(...cases.map(({ result }) => result.recoveryTicks))} ticks, ` +
      `at most ${Math.max(...cases.map(({ result }) => result.insertsInATick))} inserts a minute\n`,
  );
  const bad = cases.filter(
    ({ result }) =>
      result.lost + result.duplicates + result.wrong + result.openAsClosed > 0 || result.recoveryTicks > 2 || result.insertsInATick > 9,
  );
  expect(bad).toEqual([]);
  expect(cases.filter(({ result }) => result.hit === 0)).toEqual([]);
  expect(cases).toHaveLength(36);
});
