import { describe, expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import type { Decimal } from '#core/decimal.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { holesOf } from '#domain/candles/grid.ts';
import { candleVersion, finalityOf } from '#domain/candles/version.ts';
import { createMinuteWitness } from '#domain/trades/minute-witness.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { verifyCandles } from '#usecases/verify-candles.ts';
import { KRAKEN, recordedCandles, recordedTrades } from '../domain/trades/recorded-trades.ts';
import { handClock } from '../providers/ccxt/hand-clock.ts';
import { archivedMarkets } from './archived-markets.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const TIMEFRAMES: readonly Timeframe[] = ['1m', '5m', '1h'];
const trades = recordedTrades(KRAKEN);
const FIRST_HOUR = Math.ceil((trades[0]?.trade.eventTimeMs ?? 0) / HOUR) * HOUR;

/** Six recorded hours of a market: the exchange's candles, what the stream saw of each minute, and the archived trades. */
async function world() {
  const { storage } = await archivedMarkets(KRAKEN);
  const db = createMemoryTimeSeriesDb();
  for (const timeframe of TIMEFRAMES) await insert(db, timeframe, recordedCandles(KRAKEN, timeframe));
  await db.insertCandleGaps(silences());
  const witness = createMinuteWitness(KRAKEN.exchange, KRAKEN.symbol, 1000);
  const [first, ...others] = trades;
  witness.beginAfter(Number(first?.trade.id), first?.trade.eventTimeMs ?? 0);
  for (const { trade } of others) witness.add({ ...trade, id: Number(trade.id) }, false);
  await db.insertTradeMinutes(witness.takeClosed(FIRST_HOUR + 6 * HOUR, FIRST_HOUR));
  const clock = handClock(FIRST_HOUR);
  const verify = async (tickMs: number) => {
    clock.moveTo(tickMs);
    const input = { exchange: KRAKEN.exchange, symbols: [KRAKEN.symbol], timeframes: TIMEFRAMES, tickMs, rereadAfterHours: [1, 24] };
    return await verifyCandles({ db, storage, clock }, input);
  };
  const finalities = async () => {
    const windows = { '1m': { fromMs: FIRST_HOUR, untilMs: FIRST_HOUR + HOUR } };
    const [group] = await db.readCandles({ exchange: KRAKEN.exchange, symbols: [KRAKEN.symbol], windows });
    return (group?.candles ?? []).map(({ version }) => finalityOf(version));
  };
  return { db, storage, verify, finalities };
}

/** Minutes in which nothing was traded, as the ledger has them. */
function silences(): readonly CandleGap[] {
  const there = new Set(recordedCandles(KRAKEN, '1m').map(({ openTimeMs }) => openTimeMs));
  return holesOf(there, FIRST_HOUR, FIRST_HOUR + 5 * HOUR, MINUTE).map(({ firstMs, lastMs }) => ({
    series: { ...KRAKEN, timeframe: '1m' },
    fromMs: firstMs,
    untilMs: lastMs + MINUTE,
    reason: 'no_trades',
    evidence: '',
    state: 'explained',
    attempts: 2,
    nextTryMs: null,
    detectedAtMs: lastMs,
    resolvedAtMs: null,
    resolvedBy: '',
    updatedAtMs: lastMs,
  }));
}

type Recorded = Omit<Candle, 'quoteVolume' | 'tradeCount'>;

async function insert(db: TimeSeriesDb, timeframe: Timeframe, candles: readonly Recorded[], finality: 'closed' | 'revised' = 'closed') {
  const stored = candles.map((candle) => {
    const fetchedAtMs = candle.openTimeMs + TIMEFRAME_MS[timeframe] + 3000;
    const version = candleVersion({ finality, sourceRank: 8, fetchedAtMs, sequence: 0 });
    return { ...candle, quoteVolume: null, tradeCount: null, version };
  });
  await db.insertCandles([{ series: { ...KRAKEN, timeframe }, candles: stored }]);
}

const recordedMinute = (index: number): Recorded => {
  const minutes = recordedCandles(KRAKEN, '1m').filter(({ openTimeMs }) => openTimeMs >= FIRST_HOUR);
  const found = minutes[index];
  if (found === undefined) throw new RangeError(`the recording has no minute ${index}`);
  return found;
};

describe('candles and their witnesses', () => {
  test('agree on the recorded hours, and every candle with a whole witness becomes verified', async () => {
    const { db, verify, finalities } = await world();
    const report = await verify(FIRST_HOUR + 3 * HOUR + 7 * MINUTE);
    expect(report).toMatchObject({ found: [], findingsOpen: 0, problems: [] });
    const minutes = await finalities();
    expect(minutes.length).toBeGreaterThan(30);
    expect(new Set(minutes)).toEqual(new Set(['verified']));
    const [agreement] = await db.readAgreements({
      ...KRAKEN,
      symbols: [KRAKEN.symbol],
      fromMs: FIRST_HOUR,
      untilMs: FIRST_HOUR + HOUR,
    });
    const count = minutes.length;
    expect(agreement).toMatchObject({ hourMs: FIRST_HOUR, candles: count, witnessed: count, agreed: count, verified: count });
  });

  test('are looked at again only after the second reading', async () => {
    const { verify } = await world();
    const first = await verify(FIRST_HOUR + 3 * HOUR + 7 * MINUTE);
    expect(first).toMatchObject({ hours: 6, hoursLeft: 42 });
    for (let tick = 1; tick <= 7; tick++)
      expect(await verify(FIRST_HOUR + 3 * HOUR + (7 + tick) * MINUTE)).toMatchObject({ hours: 6, hoursLeft: 42 - tick * 6 });
    expect(await verify(FIRST_HOUR + 3 * HOUR + 15 * MINUTE)).toMatchObject({ hours: 0, hoursLeft: 0 });
    expect(await verify(FIRST_HOUR + 4 * HOUR + 7 * MINUTE)).toMatchObject({ hours: 2, hoursLeft: 0 });
  });
});

describe('a candle that the exchange serves wrongly', () => {
  const wrong = { ...recordedMinute(5), close: recordedMinute(5).low, volume: '0.5' as Decimal };

  test('is found by its trades and by the longer candles, stays closed, and is settled by its correction', async () => {
    const { db, verify, finalities } = await world();
    await insert(db, '1m', [wrong], 'revised');
    const report = await verify(FIRST_HOUR + 3 * HOUR + 7 * MINUTE);
    const about = report.found.map(({ series, witness }) => `${series.timeframe} ${witness}`);
    expect(about.toSorted()).toEqual(['1h roll-up', '1m stream', '5m roll-up']);
    expect(report.found.find(({ witness }) => witness === 'stream')?.message).toContain('volume 0.5, its ');
    expect(report.findingsOpen).toBe(3);
    expect((await finalities())[5]).toBe('revised');

    const corrected = candleVersion({ finality: 'revised', sourceRank: 8, fetchedAtMs: wrong.openTimeMs + 25 * HOUR, sequence: 0 });
    const candle = { ...recordedMinute(5), quoteVolume: null, tradeCount: null, version: corrected };
    await db.insertCandles([{ series: { ...KRAKEN, timeframe: '1m' }, candles: [candle] }]);
    // The hours between come first.
    for (let tick = 0; tick < 7; tick++) expect(await verify(FIRST_HOUR + 26 * HOUR + tick * MINUTE)).toMatchObject({ found: [] });
    const again = await verify(FIRST_HOUR + 26 * HOUR + 7 * MINUTE);
    expect(again).toMatchObject({ found: [], findingsOpen: 0 });
    expect((await finalities())[5]).toBe('revised');
  });
});

test('trades that the archive has lost are a finding, and their minutes stay closed', async () => {
  const { storage, verify, finalities } = await world();
  const keys: string[] = [];
  for await (const key of storage.listObjects('')) keys.push(key);
  const emptied = keys.filter((key) => key.includes(new Date(FIRST_HOUR).toISOString().slice(11, 13)));
  expect(emptied.length).toBeGreaterThan(0);
  const read = storage.getObject;
  Object.assign(storage, { getObject: async (key: string) => (emptied.includes(key) ? null : await read(key)) });
  const report = await verify(FIRST_HOUR + 3 * HOUR + 7 * MINUTE);
  expect(new Set(report.found.map(({ witness }) => witness))).toEqual(new Set(['archive']));
  expect(report.found[0]?.message).toMatch(/^the archive has 0 of the \d+ trades \d+ to \d+$/);
  expect(new Set(await finalities())).toEqual(new Set(['closed']));
});

test('what a person must look at is counted: findings, and gaps that have been open for an hour', async () => {
  const { db, verify } = await world();
  const tickMs = FIRST_HOUR + 5 * HOUR + 7 * MINUTE;
  const gap = {
    series: { ...KRAKEN, timeframe: '1m' },
    fromMs: FIRST_HOUR,
    untilMs: FIRST_HOUR + MINUTE,
    reason: 'fetch_failed',
    evidence: 'TIMEOUT',
    state: 'open',
    attempts: 0,
    nextTryMs: null,
    resolvedAtMs: null,
    resolvedBy: '',
    updatedAtMs: tickMs,
  } as const;
  await db.insertCandleGaps([
    { ...gap, detectedAtMs: tickMs - 2 * HOUR },
    { ...gap, fromMs: FIRST_HOUR + 9 * MINUTE, untilMs: FIRST_HOUR + 10 * MINUTE, detectedAtMs: tickMs - MINUTE },
    { ...gap, fromMs: FIRST_HOUR + 30 * MINUTE, untilMs: FIRST_HOUR + 31 * MINUTE, reason: 'not_listed', detectedAtMs: tickMs - 2 * HOUR },
    { ...gap, fromMs: FIRST_HOUR + 20 * MINUTE, untilMs: FIRST_HOUR + 21 * MINUTE, state: 'explained', detectedAtMs: tickMs - 2 * HOUR },
  ]);
  const tradeGap = {
    ...KRAKEN,
    lastId: 12n,
    fromMs: FIRST_HOUR,
    toMs: FIRST_HOUR + 1000,
    cause: 'stalled',
    repairedCount: 0,
    repairedBy: '',
    updatedAtMs: tickMs,
  } as const;
  await db.insertTradeGaps([
    { ...tradeGap, firstId: 10n, state: 'open', detectedAtMs: tickMs - 2 * HOUR },
    { ...tradeGap, firstId: 11n, state: 'open', detectedAtMs: tickMs - MINUTE },
    { ...tradeGap, firstId: 12n, state: 'lost', detectedAtMs: tickMs - 2 * HOUR },
    { ...tradeGap, firstId: 9n, lastId: 9n, toMs: tickMs - 25 * HOUR, state: 'open', detectedAtMs: tickMs - 25 * HOUR },
  ]);
  expect(await verify(tickMs)).toMatchObject({ gapsOpen: 1, tradeGapsOpen: 1 });
});

test('an hour that cannot be read is told, and keeps no other one waiting; it is tried again', async () => {
  const { db, verify } = await world();
  const read = db.readTradeMinutes;
  Object.assign(db, {
    readTradeMinutes: async (query: Parameters<typeof read>[0]) => {
      if (query.fromMs === FIRST_HOUR) throw new Error('it is broken');
      return await read(query);
    },
  });
  const tickMs = FIRST_HOUR + 3 * HOUR + 7 * MINUTE;
  expect(await verify(tickMs)).toMatchObject({ hours: 5, failed: [{ hourMs: FIRST_HOUR, reason: 'it is broken' }], hoursLeft: 43 });
  Object.assign(db, { readTradeMinutes: read });
  const again = await verify(tickMs + MINUTE);
  expect(again).toMatchObject({ hours: 6, failed: [] });
  expect(again.verified).toBeGreaterThan(30);
});

test('a finding is settled by agreement only, and not because its witness is gone', async () => {
  const { db, verify } = await world();
  const openTimeMs = recordedMinute(5).openTimeMs;
  const series = { ...KRAKEN, timeframe: '1m' } as const;
  const finding = { series, openTimeMs, witness: 'stream', message: 'close 1, its 3 trades say 2' } as const;
  await db.insertCandleFindings([{ ...finding, foundAtMs: openTimeMs, settledAtMs: null, updatedAtMs: openTimeMs }]);
  const read = db.readTradeMinutes;
  Object.assign(db, { readTradeMinutes: async () => [] });
  expect(await verify(FIRST_HOUR + 3 * HOUR + 7 * MINUTE)).toMatchObject({ findingsOpen: 1 });
  Object.assign(db, { readTradeMinutes: read });
  for (let tick = 0; tick < 8; tick++) await verify(FIRST_HOUR + 28 * HOUR + tick * MINUTE);
  expect(await verify(FIRST_HOUR + 28 * HOUR + 8 * MINUTE)).toMatchObject({ findingsOpen: 0 });
});
