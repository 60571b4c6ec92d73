import { describe, expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { ExchangeError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi, TradeRequest } from '#core/ports/exchange-rest-api.ts';
import type { Timeframe } from '#core/timeframe.ts';
import type { Trade } from '#core/trade.ts';
import { candlesOfTrades } from '#domain/trades/candles-of-trades.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { backfillCandles } from '#usecases/backfill-candles.ts';
import type { BackfillInput } from '#usecases/backfill-types.ts';
import { seeded } from '../campaigns/audited-store.ts';
import { decimal, exchangeError, fakeExchange, MINUTE, START } from './fake-exchange.ts';
import { BTC, SETTINGS } from './sync-world.ts';

/** The exchange keeps 720 candles; the window is long before them. */
const FROM = START - 5000 * MINUTE;
const minute = (number: number): number => FROM + number * MINUTE;
const UNTIL = minute(300);

/** Trades from a day before the window to the horizon, some minutes apart, some many in a minute; ids count up by one. */
function madeTrades(seed: number): readonly Trade[] {
  const random = seeded(seed);
  const trades: Trade[] = [];
  for (let timeMs = FROM - 1500 * MINUTE; timeMs < UNTIL + 100 * MINUTE; timeMs += Math.floor(random() ** 3 * 10 * MINUTE)) {
    trades.push({
      exchange: 'kraken',
      symbol: BTC,
      id: String(1000 + trades.length),
      price: decimal(Math.floor(100 + random() * 50)),
      size: decimal(`0.0000${1000 + Math.floor(random() * 9000)}`),
      side: 'buy',
      eventTimeMs: timeMs,
      receivedAtMs: timeMs,
    });
  }
  return trades;
}

type WorldOptions = { readonly trades?: readonly Trade[]; readonly pageSize?: number; readonly servesPastTrades?: boolean };

function world({ trades = madeTrades(1), pageSize = 50, servesPastTrades = true }: WorldOptions = {}) {
  const clock: Clock = { nowMs: () => START, sleepUntil: async () => {} };
  const db = createMemoryTimeSeriesDb();
  const requests: TradeRequest[] = [];
  let failure: ((index: number) => ExchangeError | null) | null = null;
  const api: ExchangeRestApi = {
    ...fakeExchange({ clock, historyCandles: 720 }),
    servesPastTrades,
    async fetchTrades(request) {
      requests.push(request);
      const error = failure?.(requests.length - 1) ?? null;
      if (error !== null) throw error;
      const rows = trades.filter(({ eventTimeMs }) => eventTimeMs >= request.fromMs).slice(0, pageSize);
      const wanted = rows.filter(({ id }) => BigInt(id) >= request.firstId && BigInt(id) <= request.lastId);
      return { trades: wanted, refused: [], hasMore: rows.length === pageSize };
    },
  };
  const run = async (facts: Partial<BackfillInput> = {}, timeframe: Timeframe = '1m') => {
    requests.splice(0);
    const series = { exchange: 'kraken', symbol: BTC, timeframe } as const;
    return await backfillCandles({ api, db, clock }, { series, peers: [], fromMs: FROM, untilMs: UNTIL, settings: SETTINGS, ...facts });
  };
  return {
    db,
    requests,
    run,
    failAt: (index: number | null) => void (failure = index === null ? null : (n) => (n === index ? exchangeError('TIMEOUT') : null)),
    stored: async (timeframe: Timeframe = '1m') =>
      (await db.readCandles({ exchange: 'kraken', symbols: [BTC], windows: { [timeframe]: { fromMs: 0, untilMs: START } } }))[0]?.candles ??
      [],
    ledger: async (states: readonly CandleGap['state'][] = ['open', 'explained']) =>
      await db.readCandleGaps({ exchange: 'kraken', symbols: [BTC], fromMs: 0, untilMs: START, states }),
  };
}

const inWindow = ({ eventTimeMs }: Trade): boolean => eventTimeMs >= FROM && eventTimeMs < UNTIL;
const withoutVersion = ({ openTimeMs, open, high, low, close, volume, quoteVolume, tradeCount }: Candle): Candle => ({
  openTimeMs,
  open,
  high,
  low,
  close,
  volume,
  quoteVolume,
  tradeCount,
});

describe('a window beyond what the exchange keeps of its candles', () => {
  test('is made from its trades, each candle exactly, and minutes without one are proven empty', async () => {
    const trades = madeTrades(1);
    const expected = candlesOfTrades(trades.filter(inWindow), MINUTE);
    const { run, stored, ledger } = world({ trades });
    const report = await run();
    expect(report).toMatchObject({ candles: 300, stored: expected.length, fromTrades: expected.length, missing: 0, failure: null });
    expect(report.explained).toEqual({ no_trades: 300 - expected.length });
    expect((await stored()).map(withoutVersion)).toEqual(expected);
    const [first] = await ledger();
    expect(first).toMatchObject({ reason: 'no_trades', state: 'explained' });
    expect(first?.evidence).toMatch(/^trades \d+ and \d+ follow each other around it; found by a backfill$/);
  });

  test('has candles that rank below those of the exchange itself', async () => {
    const { run, stored } = world();
    await run();
    expect(new Set((await stored()).map(({ version }) => (version >> 58n) & 15n))).toEqual(new Set([4n]));
  });

  test('is not asked for again by a second run', async () => {
    const { run, requests } = world();
    await run();
    expect(await run()).toMatchObject({ stored: 0, missing: 0, requests: 0 });
    expect(requests).toEqual([]);
  });

  test('goes on where a failure ended it, and leaves the same', async () => {
    const { run, stored, failAt } = world();
    failAt(2);
    expect(await run()).toMatchObject({ failure: { code: 'TIMEOUT' } });
    const early = (await stored()).length;
    failAt(null);
    expect(await run()).toMatchObject({ missing: 0, failure: null });
    const other = world();
    await other.run();
    expect(early).toBeGreaterThan(10);
    expect(await stored()).toEqual(await other.stored());
  });

  test('ends when it is stopped', async () => {
    const { run } = world();
    expect(await run({ signal: AbortSignal.abort() })).toMatchObject({ isStopped: true, requests: 0, missing: 300 });
  });

  test.each([7, 1000])('gives the same with pages of %i trades', async (pageSize) => {
    const [one, other] = [world({ pageSize }), world()];
    await one.run();
    await other.run();
    expect(await one.stored()).toEqual(await other.stored());
    expect(await one.ledger()).toEqual(await other.ledger());
  });

  test('is made in longer timeframes too', async () => {
    const trades = madeTrades(2);
    const expected = candlesOfTrades(trades.filter(inWindow), 5 * MINUTE);
    const { run, stored } = world({ trades });
    expect(await run({}, '5m')).toMatchObject({ candles: 60, fromTrades: expected.length, missing: 0 });
    expect((await stored('5m')).map(withoutVersion)).toEqual(expected);
  });

  test('stays lost at an exchange that does not serve past trades', async () => {
    const { run, requests } = world({ servesPastTrades: false });
    expect(await run()).toMatchObject({ stored: 0, explained: { retention_lost: 300 }, missing: 0 });
    expect(requests).toEqual([]);
  });
});

describe('trades that the exchange leaves out', () => {
  const all = madeTrades(3);
  const gone = all.find(({ eventTimeMs }) => eventTimeMs >= minute(100))?.id ?? '';
  const trades = all.filter(({ id }) => id !== gone);

  test('are asked for once more; what may lack them is lost, with its evidence, and is not asked for by the next run', async () => {
    const { run, requests, ledger } = world({ trades });
    const report = await run();
    expect(report.missing).toBe(0);
    expect(report.explained.retention_lost).toBeGreaterThan(0);
    expect(requests.filter(({ firstId, lastId }) => firstId === BigInt(gone) && lastId === BigInt(gone)).length).toBeGreaterThan(0);
    const lost = (await ledger()).find(({ reason }) => reason === 'retention_lost');
    expect(lost?.evidence).toMatch(new RegExp(`^the exchange keeps nothing before .*; its trades were asked for, and lack ${gone}$`));
    expect(await run()).toMatchObject({ requests: 0, missing: 0 });
  });
});

test('what was recorded as lost is resolved by trades', async () => {
  const { run, db, ledger } = world();
  const series = { exchange: 'kraken', symbol: BTC, timeframe: '1m' } as const;
  const first = candlesOfTrades(madeTrades(1).filter(inWindow), MINUTE)[0]?.openTimeMs ?? 0;
  const times = { attempts: 0, nextTryMs: null, detectedAtMs: 1, resolvedAtMs: null, updatedAtMs: 1 };
  const lost = {
    series,
    reason: 'retention_lost',
    evidence: 'the exchange keeps nothing before',
    state: 'explained',
    resolvedBy: '',
    ...times,
  } as const;
  await db.insertCandleGaps([{ ...lost, fromMs: first, untilMs: UNTIL }]);
  await db.insertWatermarks([{ series, fromMs: FROM, completeUntilMs: START, rereadUntilMs: START, updatedAtMs: 1 }]);
  expect(await run()).toMatchObject({ missing: 0 });
  expect(await ledger(['resolved'])).toMatchObject([{ fromMs: first, resolvedBy: 'trades' }]);
  expect((await ledger()).filter(({ reason }) => reason === 'retention_lost')).toEqual([]);
  const revisions = await db.readCandleRevisions({ exchange: 'kraken', fromMs: 0, untilMs: START + 1 });
  expect(revisions[0]).toMatchObject({ before: null, openTimeMs: first });
});
