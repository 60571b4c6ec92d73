import { describe, expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import { ConfigError, StoreError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { backfillCandles } from '#usecases/backfill-candles.ts';
import type { BackfillInput, BackfillProgress } from '#usecases/backfill-types.ts';
import { candleAt, decimal, exchangeError, fakeExchange, MINUTE, START, type FakeExchangeOptions } from './fake-exchange.ts';
import { BTC, ETH, SETTINGS } from './sync-world.ts';

const SERIES: Series = { exchange: 'kraken', symbol: BTC, timeframe: '1m' };
/** 100 minutes of a past day; the exchange's pages hold 20 of them. */
const FROM = START - 5000 * MINUTE;
const UNTIL = FROM + 100 * MINUTE;
const WINDOW: BackfillInput = { series: SERIES, peers: [ETH], fromMs: FROM, untilMs: UNTIL, settings: SETTINGS };
const minute = (number: number): number => FROM + number * MINUTE;
const minutes = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => minute(first + i));

function backfillWorld(options: Omit<FakeExchangeOptions, 'clock'> = {}, db: TimeSeriesDb = createMemoryTimeSeriesDb()) {
  const clock: Clock = { nowMs: () => START, sleepUntil: async () => {} };
  const exchange = fakeExchange({ clock, maxCandlesPerRequest: 23, ...options });
  const progress: BackfillProgress[] = [];
  return {
    exchange,
    db,
    progress,
    /** The report, and the requests of this run only. */
    async run(input: Partial<BackfillInput> = {}) {
      exchange.requests.splice(0);
      return await backfillCandles({ api: exchange, db, clock, onProgress: (one) => void progress.push(one) }, { ...WINDOW, ...input });
    },
    async storedTimes(): Promise<readonly number[]> {
      const [found] = await db.readCandles({ exchange: 'kraken', symbols: [BTC], windows: { '1m': { fromMs: 0, untilMs: START } } });
      return found?.candles.map(({ openTimeMs }) => openTimeMs) ?? [];
    },
    ledger: async (states: readonly CandleGap['state'][] = ['open', 'explained']) =>
      await db.readCandleGaps({ exchange: 'kraken', symbols: [BTC], fromMs: 0, untilMs: START, states }),
    mark: async () => (await db.readWatermarks('kraken'))[0],
    async put(times: readonly number[], series = SERIES) {
      const version = candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: START - 60 * MINUTE, sequence: 0 });
      await db.insertCandles([{ series, candles: times.map((timeMs) => ({ ...candleAt(timeMs), version })) }]);
    },
    async putMark(fromMs: number, completeUntilMs: number) {
      await db.insertWatermarks([{ series: SERIES, fromMs, completeUntilMs, rereadUntilMs: fromMs, updatedAtMs: 0 }]);
    },
  };
}

function gapOf(fromMs: number, untilMs: number, facts: Partial<CandleGap> = {}): CandleGap {
  const times = { attempts: 0, nextTryMs: null, detectedAtMs: 1, resolvedAtMs: null, updatedAtMs: 1 };
  return {
    series: SERIES,
    fromMs,
    untilMs,
    reason: 'our_outage',
    evidence: 'nobody asked',
    state: 'open',
    resolvedBy: '',
    ...times,
    ...facts,
  };
}

describe('a window that is not stored', () => {
  test('is stored page by page, each candle once, and nothing beside it', async () => {
    const { run, storedTimes, exchange, progress, mark } = backfillWorld();
    expect(await run()).toMatchObject({ candles: 100, stored: 100, alreadyThere: 0, changed: 0, present: 100, missing: 0, failure: null });
    expect(await storedTimes()).toEqual(minutes(0, 100));
    expect(exchange.requests.map(({ fromMs, limit }) => [fromMs, limit])).toEqual([0, 20, 40, 60, 80].map((n) => [minute(n - 1), 23]));
    expect(progress.map(({ done, total, stored }) => [done, total, stored])).toEqual([20, 40, 60, 80, 100].map((n) => [n, 100, n]));
    expect(await mark()).toMatchObject({ fromMs: FROM, completeUntilMs: UNTIL });
  });

  test('is not asked for again by a second run', async () => {
    const { run, exchange } = backfillWorld();
    await run();
    expect(await run()).toMatchObject({ stored: 0, alreadyThere: 100, requests: 0, missing: 0 });
    expect(exchange.requests).toEqual([]);
  });

  test('goes on behind a failure half-way, and asks only for what is missing', async () => {
    const { run, exchange, storedTimes } = backfillWorld();
    exchange.failWith((_, index) => (index === 2 ? exchangeError('TIMEOUT') : null));
    expect(await run()).toMatchObject({ stored: 40, present: 40, missing: 60, firstMissingMs: minute(40), failure: { code: 'TIMEOUT' } });
    exchange.failWith(null);
    expect(await run()).toMatchObject({ stored: 60, alreadyThere: 40, requests: 3, missing: 0, failure: null });
    expect(await storedTimes()).toEqual(minutes(0, 100));
  });

  test('goes on after the store was away', async () => {
    const inner = createMemoryTimeSeriesDb();
    let inserts = 0;
    const insertCandles: TimeSeriesDb['insertCandles'] = async (groups) => {
      inserts += 1;
      if (inserts === 3) throw new StoreError('the store is away', { retryable: true });
      await inner.insertCandles(groups);
    };
    const { run } = backfillWorld({}, { ...inner, insertCandles });
    await expect(run()).rejects.toThrow(StoreError);
    expect(await run()).toMatchObject({ stored: 60, alreadyThere: 40, missing: 0 });
  });

  test('ends after the page at which it is stopped', async () => {
    const { run, progress } = backfillWorld();
    expect(await run({ signal: AbortSignal.abort() })).toMatchObject({ isStopped: true, requests: 0, missing: 100 });
    expect(progress).toEqual([]);
  });
});

test('a window of the last hours, not old enough for a second reading, moves the beginning of its series back too', async () => {
  const { run, mark, putMark } = backfillWorld();
  const beganMs = START - 100 * MINUTE;
  await putMark(beganMs, START - 5 * MINUTE);
  const settings = { ...SETTINGS, rereadAfterHours: [1, 24] };
  await run({ fromMs: beganMs - 60 * MINUTE, untilMs: beganMs, settings });
  expect(await mark()).toMatchObject({ fromMs: beganMs - 60 * MINUTE, completeUntilMs: START - 5 * MINUTE });
});

test('the candle before one that is stored already came late: the indicators behind it are computed again', async () => {
  const { run, put, db } = backfillWorld();
  await put(minutes(60, 10));
  await run();
  const revisions = await db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + 1 });
  expect(revisions.map(({ openTimeMs, before }) => [openTimeMs, before])).toEqual([[minute(59), null]]);
});

describe('what the exchange answers without', () => {
  test('is asked for twice, and explained as an outage when every series was silent', async () => {
    const { run, exchange, put, ledger, mark } = backfillWorld();
    await put(minutes(-60, 90), { ...SERIES, symbol: ETH });
    for (const timeMs of minutes(30, 35)) exchange.revise('1m', timeMs, null);
    expect(await run()).toMatchObject({ stored: 65, explained: { exchange_outage: 35 }, missing: 0 });
    const gaps = await ledger();
    expect(gaps).toMatchObject([{ fromMs: minute(30), untilMs: minute(65), reason: 'exchange_outage', state: 'explained', attempts: 2 }]);
    expect(gaps[0]?.evidence).toMatch(/2 series.*no other series has a row there/);
    expect(await mark()).toMatchObject({ fromMs: FROM, completeUntilMs: UNTIL });
  });

  test('is explained as minutes without trades in a market that is often silent, and not asked for again', async () => {
    const { run, exchange, ledger } = backfillWorld();
    const silent = minutes(0, 100).filter((_, i) => i % 3 === 1);
    for (const timeMs of silent) exchange.revise('1m', timeMs, null);
    expect(await run()).toMatchObject({ present: 67, explained: { no_trades: 33 }, missing: 0 });
    expect((await ledger()).map(({ fromMs }) => fromMs)).toEqual(silent);
    expect(await run()).toMatchObject({ requests: 0, present: 67, explained: { no_trades: 33 }, missing: 0 });
  });

  test('is no gap when the second answer has it', async () => {
    const { run, exchange, ledger } = backfillWorld();
    exchange.revise('1m', minute(19), null);
    exchange.failWith((_, index) => {
      if (index === 1) exchange.revise('1m', minute(19), {});
      return null;
    });
    expect(await run()).toMatchObject({ stored: 100, requests: 6, missing: 0 });
    expect(await ledger(['open', 'explained', 'resolved'])).toEqual([]);
  });

  test('stays missing where there is no candle before it: nobody knows when the market began', async () => {
    const { run, ledger, mark } = backfillWorld({ historyFromMs: minute(50) });
    expect(await run()).toMatchObject({ stored: 50, missing: 50, firstMissingMs: minute(0), failure: null });
    expect(await ledger()).toEqual([]);
    expect(await mark()).toBeUndefined();
  });

  test('is lost where the exchange no longer keeps it, and never asked for', async () => {
    const { run, exchange, ledger } = backfillWorld({ historyCandles: 4960 });
    const report = await run();
    expect(report).toMatchObject({ missing: 0, failure: null });
    expect(report.explained.retention_lost).toBe(39);
    expect(await ledger()).toMatchObject([{ fromMs: minute(0), untilMs: minute(39), reason: 'retention_lost', state: 'explained' }]);
    expect(Math.min(...exchange.requests.map(({ fromMs }) => fromMs))).toBe(minute(38));
    expect(await run()).toMatchObject({ requests: 0, missing: 0 });
  });

  test('that is lost keeps in its evidence why it was missing before', async () => {
    const { run, db, ledger } = backfillWorld({ historyCandles: 4960 });
    await db.insertCandleGaps([
      gapOf(minute(0), minute(10), { state: 'explained', reason: 'exchange_outage', evidence: 'all were silent' }),
    ]);
    await run();
    const [first, second] = await ledger();
    expect(first?.evidence).toMatch(
      /^the exchange keeps nothing before .*; before that: exchange_outage \(all were silent\); found by a backfill$/,
    );
    expect([first?.reason, second?.reason]).toEqual(['retention_lost', undefined]);
  });
});

describe('a window of which something is stored', () => {
  test('has a changed candle replaced, and what it was in the ledger of revisions', async () => {
    const { run, exchange, put, db } = backfillWorld();
    await put([...minutes(0, 10), ...minutes(12, 88)].filter((timeMs) => timeMs !== minute(15)));
    exchange.revise('1m', minute(12), { volume: decimal('7.25') });
    expect(await run()).toMatchObject({ stored: 3, changed: 1, alreadyThere: 97, requests: 1, missing: 0 });
    const [found] = await db.readCandles({
      exchange: 'kraken',
      symbols: [BTC],
      windows: { '1m': { fromMs: minute(12), untilMs: minute(13) } },
    });
    expect(found?.candles).toMatchObject([{ volume: '7.25' }]);
    const revisions = await db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + 1 });
    expect(revisions).toMatchObject([
      { openTimeMs: minute(11), before: null },
      { openTimeMs: minute(12), before: { volume: '1.5' }, after: { volume: '7.25' } },
      { openTimeMs: minute(15), before: null },
    ]);
  });

  test('says of a candle that the watermark had passed that it came late', async () => {
    const { run, put, putMark, db } = backfillWorld();
    await put(minutes(0, 100).filter((timeMs) => timeMs !== minute(70)));
    await putMark(minute(60), UNTIL);
    await run();
    expect(await db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + 1 })).toMatchObject([
      { openTimeMs: minute(70), before: null },
    ]);
  });

  test('closes the gaps that it fills, in the name of the backfill', async () => {
    const { run, db, ledger } = backfillWorld();
    await db.insertCandleGaps([
      gapOf(minute(10), minute(30)),
      gapOf(minute(50), minute(52), { state: 'explained', reason: 'exchange_outage' }),
      gapOf(minute(95), minute(105)),
    ]);
    expect(await run()).toMatchObject({ stored: 100, missing: 0 });
    expect(await ledger()).toMatchObject([{ fromMs: minute(100), untilMs: minute(105), state: 'open' }]);
    expect((await ledger(['resolved'])).map(({ fromMs, untilMs, resolvedBy }) => [fromMs, untilMs, resolvedBy])).toEqual([
      [minute(10), minute(30), 'backfill'],
      [minute(50), minute(52), 'backfill'],
      [minute(95), minute(100), 'backfill'],
    ]);
  });

  test('asks again for what the exchange owes, and counts the answers of all runs', async () => {
    const { run, exchange, ledger, db } = backfillWorld();
    for (const timeMs of minutes(30, 15)) exchange.revise('1m', timeMs, null);
    await db.insertCandleGaps([gapOf(minute(30), minute(45), { state: 'explained', reason: 'unknown', attempts: 4, detectedAtMs: 7 })]);
    expect(await run()).toMatchObject({ stored: 85, explained: { exchange_outage: 15 }, missing: 0 });
    expect(await ledger()).toMatchObject([{ fromMs: minute(30), untilMs: minute(45), attempts: 6, detectedAtMs: 7 }]);
  });

  test('closes a gap that a killed run had filled', async () => {
    const { run, put, db, ledger } = backfillWorld();
    await put(minutes(0, 100));
    await db.insertCandleGaps([gapOf(minute(10), minute(30), { state: 'explained', reason: 'no_trades' })]);
    expect(await run()).toMatchObject({ requests: 0, missing: 0 });
    expect(await ledger()).toEqual([]);
  });

  test('keeps what remains of a gap, with a reason', async () => {
    const { run, db, exchange, ledger } = backfillWorld();
    await db.insertCandleGaps([gapOf(minute(10), minute(30))]);
    for (const timeMs of [10, 20, 21].map(minute)) exchange.revise('1m', timeMs, null);
    expect(await run()).toMatchObject({ stored: 97, missing: 0 });
    expect((await ledger()).map(({ fromMs, untilMs, state }) => [fromMs, untilMs, state])).toEqual([
      [minute(10), minute(11), 'explained'],
      [minute(20), minute(22), 'explained'],
    ]);
  });
});

describe('the watermark', () => {
  test('begins earlier once the window reaches up to it without a hole', async () => {
    const { run, put, putMark, mark } = backfillWorld();
    await put(minutes(100, 50));
    await putMark(minute(100), minute(150));
    await run();
    expect(await mark()).toMatchObject({ fromMs: FROM, completeUntilMs: minute(150) });
  });

  test.each([
    { what: 'the window ends before it', untilMs: minute(90), fails: -1 },
    { what: 'the run has failed before it', untilMs: UNTIL, fails: 4 },
  ])('stays where it was when $what', async ({ untilMs, fails }) => {
    const { run, put, putMark, mark, exchange } = backfillWorld();
    await put(minutes(100, 50));
    await putMark(minute(100), minute(150));
    exchange.failWith((_, index) => (index === fails ? exchangeError('TIMEOUT') : null));
    await run({ untilMs });
    expect(await mark()).toMatchObject({ fromMs: minute(100), completeUntilMs: minute(150) });
  });

  test('begins earlier also where a sync has moved it on meanwhile', async () => {
    const { run, put, putMark, mark, exchange } = backfillWorld();
    await put(minutes(100, 60));
    await putMark(minute(100), minute(150));
    exchange.failWith((_, index) => {
      if (index === 2) void putMark(minute(100), minute(160));
      return null;
    });
    await run();
    expect(await mark()).toMatchObject({ fromMs: FROM, completeUntilMs: minute(160) });
  });

  test('moves on where the window begins before its end', async () => {
    const { run, put, putMark, mark } = backfillWorld();
    await put(minutes(0, 40));
    await putMark(minute(0), minute(40));
    await run({ fromMs: minute(30) });
    expect(await mark()).toMatchObject({ fromMs: FROM, completeUntilMs: UNTIL });
  });
});

describe('bad use', () => {
  test('is a market that the exchange does not trade', async () => {
    const { run, exchange } = backfillWorld();
    exchange.setUnavailable([BTC]);
    await expect(run()).rejects.toThrow(
      new ConfigError('--symbol "BTC/USD" is not traded at kraken (its status is BREAK), expected a market of it; correct it'),
    );
  });

  test('is a window that ends after the newest closed candle', async () => {
    const { run } = backfillWorld();
    await expect(run({ untilMs: START + MINUTE })).rejects.toThrow(/^--to "2023-03-11T00:01:00\.000Z" is after the newest closed candle, /);
  });
});
