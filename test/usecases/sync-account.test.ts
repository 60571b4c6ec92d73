import { describe, expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import { fetchedAtMs } from '#domain/candles/version.ts';
import { createSyncMemory } from '#usecases/sync-memory.ts';
import { decimal, exchangeError, MINUTE, START } from './fake-exchange.ts';
import { BTC, ETH, SETTINGS, syncWorld, type SyncWorld } from './sync-world.ts';

const HOUR = 60 * MINUTE;
const ALL = { exchange: 'kraken', symbols: [BTC, ETH], fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER } as const;

const gapsOf = (world: SyncWorld, states: readonly CandleGap['state'][] = ['open', 'explained', 'resolved']) =>
  world.db.readCandleGaps({ ...ALL, states });

async function ledger(world: SyncWorld): Promise<readonly unknown[]> {
  return (await gapsOf(world)).map(({ series, fromMs, untilMs, reason, state, attempts }) => [
    series.symbol,
    (fromMs - START) / MINUTE,
    (untilMs - START) / MINUTE,
    reason,
    state,
    attempts,
  ]);
}

async function ticks(world: SyncWorld, from: number, until: number): Promise<void> {
  for (let minute = from; minute < until; minute++) await world.tick(START + minute * MINUTE);
}

describe('a hole', () => {
  test('is asked for until two answers had a candle behind it and none in it; then the watermark passes it', async () => {
    const world = syncWorld();
    const gone = START - 20 * MINUTE;
    world.exchange.revise('1m', gone, null);
    expect(await world.tick(START)).toMatchObject({ series: [{ completeUntilMs: gone, missing: [{ firstMs: gone, candles: 1 }] }] });
    expect(await ledger(world)).toEqual([[BTC, -20, -19, 'unknown', 'open', 1]]);
    expect(await world.tick(START + MINUTE)).toMatchObject({ series: [{ completeUntilMs: START + MINUTE }] });
    expect(world.exchange.requests).toEqual([{ symbol: BTC, timeframe: '1m', fromMs: gone - MINUTE, limit: 23 }]);
    expect(await ledger(world)).toEqual([[BTC, -20, -19, 'no_trades', 'explained', 2]]);
    await world.tick(START + 2 * MINUTE);
    expect(world.exchange.requests).toEqual([{ symbol: BTC, timeframe: '1m', fromMs: gone - MINUTE, limit: 24 }]);
    await world.tick(START + 45 * MINUTE);
    expect(world.exchange.requests).toMatchObject([{ limit: 45 }]);
    await world.tick(START + 46 * MINUTE);
    expect(world.exchange.requests).toMatchObject([{ limit: 6 }]);
  });

  test('that is filled between two ticks is resolved, and the late candle is in the ledger of revisions', async () => {
    const world = syncWorld();
    const gone = START - 20 * MINUTE;
    world.exchange.revise('1m', gone, null);
    await world.tick(START);
    world.exchange.revise('1m', gone, {});
    expect(await world.tick(START + MINUTE)).toMatchObject({ stored: 2, missing: 0 });
    expect(await ledger(world)).toEqual([[BTC, -20, -19, 'unknown', 'resolved', 1]]);
    expect(await world.db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + HOUR })).toMatchObject([
      { openTimeMs: gone, before: null, after: { openTimeMs: gone } },
    ]);
  });

  test('that the exchange owes is asked for by itself when its time has come', async () => {
    const world = syncWorld({ servesEmptyCandles: true });
    for (const minute of [-80, -79]) world.exchange.revise('1m', START + minute * MINUTE, null);
    await ticks(world, 0, 3);
    expect(await ledger(world)).toEqual([[BTC, -80, -78, 'exchange_outage', 'explained', 2]]);
    await ticks(world, 3, 11);
    world.exchange.revise('1m', START - 80 * MINUTE, {});
    await world.tick(START + 12 * MINUTE);
    expect(world.exchange.requests.map(({ fromMs, limit }) => [(fromMs - START) / MINUTE, limit])).toEqual([
      [7, 6],
      [-80, 4],
    ]);
    expect(await ledger(world)).toEqual([
      [BTC, -80, -79, 'exchange_outage', 'resolved', 3],
      [BTC, -79, -78, 'exchange_outage', 'explained', 3],
    ]);
  });

  test('in all markets of the exchange is its outage, with its bounds', async () => {
    const world = syncWorld({ symbols: [BTC, ETH] });
    await ticks(world, 0, 1);
    for (const minute of [1, 2, 3, 4]) world.exchange.revise('1m', START + minute * MINUTE, null);
    await ticks(world, 1, 9);
    expect(await ledger(world)).toEqual([
      [BTC, 1, 5, 'exchange_outage', 'explained', 2],
      [ETH, 1, 5, 'exchange_outage', 'explained', 2],
    ]);
  });
});

describe('what could not be asked for', () => {
  test('has a row while the exchange is down, which is resolved by one good tick', async () => {
    const world = syncWorld();
    await world.tick(START);
    world.exchange.goDown(true);
    await ticks(world, 1, 4);
    expect(await gapsOf(world)).toMatchObject([
      { reason: 'fetch_failed', evidence: 'UNREACHABLE: kraken failed with UNREACHABLE', state: 'open' },
    ]);
    world.exchange.goDown(false);
    await world.tick(START + 4 * MINUTE);
    expect(await ledger(world)).toEqual([[BTC, 0, 1, 'fetch_failed', 'resolved', 0]]);
  });

  test('has a row while one series fails', async () => {
    const world = syncWorld({ symbols: [BTC, ETH] });
    await world.tick(START);
    world.exchange.failWith(({ symbol }) => (symbol === BTC ? exchangeError('TIMEOUT') : null));
    await world.tick(START + MINUTE);
    expect(await ledger(world)).toEqual([[BTC, 0, 1, 'fetch_failed', 'open', 0]]);
  });

  test('has a row while the market is not listed', async () => {
    const world = syncWorld();
    await world.tick(START);
    world.exchange.setUnavailable([BTC]);
    await world.tick(START + MINUTE);
    expect(await gapsOf(world)).toMatchObject([{ reason: 'not_listed', evidence: 'its status is BREAK', state: 'open' }]);
  });

  test('because the market was not listed stays so in the ledger when it is listed again', async () => {
    const world = syncWorld({ symbols: [BTC, ETH] });
    await ticks(world, 0, 10);
    world.exchange.setUnavailable([ETH]);
    await ticks(world, 10, 30);
    world.exchange.goDown(true);
    await ticks(world, 30, 31);
    world.exchange.goDown(false);
    await ticks(world, 31, 40);
    world.exchange.setUnavailable([]);
    // Both markets have no rows then: only the list knows which of them was not traded.
    for (let minute = 9; minute < 40; minute++) world.exchange.revise('1m', START + minute * MINUTE, null);
    await ticks(world, 40, 44);
    const rows = (await gapsOf(world)).filter(({ series }) => series.symbol === ETH);
    expect(
      rows.map(({ fromMs, untilMs, reason, state }) => [(fromMs - START) / MINUTE, (untilMs - START) / MINUTE, reason, state]),
    ).toEqual([
      [9, 24, 'not_listed', 'explained'],
      [24, 39, 'not_listed', 'explained'],
      [39, 40, 'no_trades', 'explained'],
    ]);
    expect(rows[0]?.evidence).toBe('its status is BREAK');
    expect((await world.db.readWatermarks('kraken')).map(({ completeUntilMs }) => (completeUntilMs - START) / MINUTE)).toEqual([42, 42]);
  });

  test('because nobody ran is an outage of ours in the ledger, also though one tick heals it', async () => {
    const world = syncWorld();
    await world.tick(START);
    expect(await world.tick(START + 200 * MINUTE)).toMatchObject({ stored: 200, missing: 0 });
    expect(await ledger(world)).toEqual([[BTC, 0, 199, 'our_outage', 'resolved', 0]]);
  });

  test('because the exchange no longer has it is a recorded loss, and the series goes on behind it', async () => {
    const world = syncWorld({ historyCandles: 200, maxCandlesPerRequest: 200 });
    await world.tick(START);
    await world.tick(START + 600 * MINUTE);
    expect(await ledger(world)).toEqual([
      [BTC, 0, 400, 'retention_lost', 'explained', 0],
      [BTC, 400, 599, 'our_outage', 'resolved', 0],
    ]);
    expect(await world.tick(START + 601 * MINUTE)).toMatchObject({ missing: 0, series: [{ completeUntilMs: START + 601 * MINUTE }] });
  });
});

describe('what a market has, however it comes', () => {
  test('a silence that is longer than a tick may ask for keeps nothing new from being stored', async () => {
    const world = syncWorld({ maxCandlesPerRequest: 20 });
    const memory = createSyncMemory();
    await world.tick(START, { memory });
    for (let minute = 0; minute < 900; minute++) world.exchange.revise('1m', START + minute * MINUTE, null);
    for (const minute of [1000, 1001, 1002, 1003, 1004, 1005, 1006]) await world.tick(START + minute * MINUTE, { memory });
    expect((await world.storedTimes(BTC, '1m')).filter((timeMs) => timeMs >= START)).toHaveLength(106);
    expect([...memory.series.values()].map(({ completeUntilMs }) => completeUntilMs)).toEqual([START + 1006 * MINUTE]);
    expect(world.exchange.requests.length).toBeLessThanOrEqual(2);
  });

  test('a page that fails every time keeps nothing newer from being stored', async () => {
    const world = syncWorld({ maxCandlesPerRequest: 20 });
    await world.tick(START);
    world.exchange.failWith(({ fromMs }) => (fromMs <= START + 30 * MINUTE ? exchangeError('TIMEOUT') : null));
    expect(await world.tick(START + 200 * MINUTE)).toMatchObject({ stored: 19, series: [{ completeUntilMs: START }] });
  });

  test('a first answer without its oldest rows is asked for again, and nothing is before history that is there', async () => {
    const world = syncWorld();
    const refuse = (isShort: boolean): void => {
      for (let minute = -100; minute < -20; minute++) world.exchange.revise('1m', START + minute * MINUTE, isShort ? null : {});
    };
    refuse(true);
    await world.tick(START);
    refuse(false);
    expect(await world.tick(START + MINUTE)).toMatchObject({ stored: 81, missing: 0 });
    expect(await world.storedTimes(BTC, '1m')).toHaveLength(101);
  });

  test('a market that is younger than the backfill begins with its first candle, and the ledger says so', async () => {
    const world = syncWorld({ historyFromMs: START - 30 * MINUTE });
    await ticks(world, 0, 3);
    expect(await ledger(world)).toEqual([[BTC, -100, -30, 'not_listed', 'explained', 2]]);
    expect(world.exchange.requests).toMatchObject([{ limit: 6 }]);
  });

  test('rows that came and were refused are no silence of the market', async () => {
    const world = syncWorld();
    await world.tick(START);
    world.exchange.revise('1m', START + MINUTE, null);
    world.exchange.refuse([{ reason: 'volume is negative', row: '[1]' }]);
    await ticks(world, 1, 5);
    expect(await gapsOf(world)).toMatchObject([
      { reason: 'unknown', evidence: '1 rows of the answer were no candles and were refused; 1 candle' },
    ]);
  });
});

describe('a candle that changes after it was stored', () => {
  const settings = { ...SETTINGS, rereadAfterHours: [1, 24] };

  test('is revised, and what it was is kept', async () => {
    const world = syncWorld();
    await world.tick(START);
    const time = START - 2 * MINUTE;
    world.exchange.revise('1m', time, { volume: decimal('9.5') });
    await world.tick(START + MINUTE);
    const [revision, ...more] = await world.db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + HOUR });
    expect(more).toEqual([]);
    expect(revision).toMatchObject({ openTimeMs: time, before: { volume: '1.5' }, after: { volume: '9.5' } });
    expect(fetchedAtMs(revision?.before?.version ?? 0n)).toBe(START + 3000);
  });

  test('an hour or a day later is found by the second reading, which costs a request an hour', async () => {
    const world = syncWorld({ settings });
    const memory = createSyncMemory();
    let requests = 0;
    for (let minute = 0; minute < 26 * 60; minute++) {
      if (minute === 70) world.exchange.revise('1m', START + 20 * MINUTE, { volume: decimal('7.1') });
      if (minute === 600) world.exchange.revise('1m', START + 30 * MINUTE, { volume: decimal('7.2') });
      await world.tick(START + minute * MINUTE, { memory });
      requests += world.exchange.requests.length;
    }
    const revisions = await world.db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + 48 * HOUR });
    expect(revisions.map(({ openTimeMs, after }) => [(openTimeMs - START) / MINUTE, after.volume])).toEqual([
      [20, '7.1'],
      [30, '7.2'],
    ]);
    expect(requests).toBeLessThanOrEqual(26 * 60 + 2 * 26);
  });

  test('a day later is found where the first answer had fewer candles than it was asked for', async () => {
    const world = syncWorld({ settings, historyFromMs: START - 30 * MINUTE });
    const memory = createSyncMemory();
    let requests = 0;
    for (let minute = 0; minute < 30 * 60; minute++) {
      if (minute === 600) world.exchange.revise('1m', START + 30 * MINUTE, { volume: decimal('7.4') });
      await world.tick(START + minute * MINUTE, { memory });
      requests += world.exchange.requests.length;
    }
    const [mark] = await world.db.readWatermarks('kraken');
    expect(mark?.rereadUntilMs).toBeGreaterThan(START + 4 * HOUR);
    const revisions = await world.db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + 48 * HOUR });
    expect(revisions.map(({ after }) => after.volume)).toEqual(['7.4']);
    expect(requests).toBeLessThanOrEqual(30 * 60 + 2 * 30);
  });

  test('is found where the exchange keeps little, also after an outage that was longer than that', async () => {
    const world = syncWorld({ settings, historyCandles: 720, maxCandlesPerRequest: 720 });
    const memory = createSyncMemory();
    await world.tick(START, { memory });
    let requests = 0;
    for (let minute = 840; minute < 840 + 16 * 60; minute++) {
      if (minute === 1200) world.exchange.revise('1m', START + 850 * MINUTE, { volume: decimal('7.3') });
      await world.tick(START + minute * MINUTE, { memory });
      requests += world.exchange.requests.length;
    }
    const revisions = await world.db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + 48 * HOUR });
    expect(revisions.filter(({ before }) => before !== null).map(({ after }) => after.volume)).toEqual(['7.3']);
    expect(requests).toBeLessThanOrEqual(16 * 60 + 2 * 16);
  });

  test('is found with three requests a tick at the most, however much is to be read again', async () => {
    const settings = { ...SETTINGS, recheckCandles: 20, rereadAfterHours: [1, 3] };
    const world = syncWorld({ settings, maxCandlesPerRequest: 25 });
    await world.tick(START);
    await world.tick(START + 12 * HOUR);
    await world.tick(START + 12 * HOUR + MINUTE);
    const late = START + 4 * HOUR;
    world.exchange.revise('1m', late, { volume: decimal('9') });
    const most: number[] = [];
    for (let minute = 2; minute < 90; minute++) {
      await world.tick(START + 12 * HOUR + minute * MINUTE);
      most.push(world.exchange.requests.length);
    }
    expect(Math.max(...most)).toBe(3);
    const [group] = await world.stored();
    expect(group?.candles.find(({ openTimeMs }) => openTimeMs === late)?.volume).toBe('9');
  });

  test('is not waited for for ever when the exchange no longer sends it', async () => {
    const world = syncWorld({ settings: { ...SETTINGS, rereadAfterHours: [1] } });
    const memory = createSyncMemory();
    await world.tick(START, { memory });
    let requests = 0;
    for (let minute = 1; minute < 20 * 60; minute++) {
      if (minute === 70) world.exchange.revise('1m', START + 5 * MINUTE, null);
      await world.tick(START + minute * MINUTE, { memory });
      if (minute > 10 * 60) requests += world.exchange.requests.length;
    }
    expect(requests).toBeLessThanOrEqual(10 * 60 + 11);
  });

  test('is not called changed by an answer that is older than what is stored', async () => {
    const world = syncWorld();
    await world.tick(START + MINUTE);
    const [group] = await world.stored();
    const newer = group?.candles.at(-1);
    if (group === undefined || newer === undefined) throw new RangeError('nothing stored');
    const version = newer.version + (1n << 40n);
    await world.db.insertCandles([{ series: group.series, candles: [{ ...newer, volume: decimal('8'), version }] }]);
    expect(await world.tick(START + MINUTE)).toMatchObject({ changed: 0 });
    expect((await world.stored())[0]?.candles.at(-1)?.volume).toBe('8');
  });
});

describe('a store that is older than watermarks', () => {
  test('goes on from its newest candle, or from its newest hole in mind', async () => {
    const [old, world] = [syncWorld(), syncWorld()];
    await old.tick(START);
    await world.db.insertCandles(await old.stored());
    expect(await world.tick(START + 100 * MINUTE)).toMatchObject({
      stored: 100,
      missing: 0,
      series: [{ completeUntilMs: START + 100 * MINUTE }],
    });
  });
});

test('the watermark in the store is at most fifteen minutes behind, and never ahead of the candles', async () => {
  const world = syncWorld();
  const memory = createSyncMemory();
  for (let minute = 0; minute < 90; minute++) {
    await world.tick(START + minute * MINUTE, { memory });
    const [mark] = await world.db.readWatermarks('kraken');
    const lag = START + minute * MINUTE - (mark?.completeUntilMs ?? 0);
    expect(lag).toBeGreaterThanOrEqual(0);
    expect(lag).toBeLessThan(15 * MINUTE);
  }
});
