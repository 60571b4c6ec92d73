import { expect, test } from 'vitest';
import type { Candle } from '#core/candle.ts';
import type { Decimal } from '#core/decimal.ts';
import { StoreError } from '#core/errors.ts';
import type { CandlePage, CandleRequest } from '#core/ports/exchange-rest-api.ts';
import { seriesKey } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import { candleVersion, fetchedAtMs } from '#domain/candles/version.ts';
import { syncCandles, type SyncPorts } from '#usecases/sync-candles.ts';
import { simulate } from '../../tools/simulation/simulate.ts';
import { DEFAULTS, START, type Sabotage } from '../../tools/simulation/workload.ts';

// F22: faults that platforms like this one have had, built in on purpose. A battery that does not see them is worth nothing.

const MINUTE = 60_000;

type Db = SyncPorts['db'];
const withDb = (change: (db: Db) => Partial<Db>): Sabotage => ({
  ports: (ports) => ({ ...ports, db: { ...ports.db, ...change(ports.db) } }),
});
const withPages = (change: (page: CandlePage, request: CandleRequest) => CandlePage | Promise<CandlePage>): Sabotage => ({
  ports: (ports) => ({
    ...ports,
    api: { ...ports.api, fetchCandles: async (request) => await change(await ports.api.fetchCandles(request), request) },
  }),
});
const withRows = (change: (candle: Candle, request: CandleRequest) => Candle): Sabotage =>
  withPages((page, request) => ({ ...page, candles: page.candles.map((candle) => change(candle, request)) }));

const BUGS = {
  'only the five latest are fetched': withPages((page) => ({ ...page, candles: page.candles.slice(-6) })),
  'the open candle is stored': {
    settings: { closeGraceMs: -60_000 },
    sync: (ports, input) =>
      syncCandles({ ...ports, api: { ...ports.api, serverTimeMs: () => null } }, { ...input, tickMs: input.tickMs + MINUTE }),
  },
  'the watermark is an hour ahead': withDb((db) => ({
    insertWatermarks: (marks) =>
      db.insertWatermarks(marks.map((mark) => ({ ...mark, completeUntilMs: mark.completeUntilMs + 60 * MINUTE }))),
  })),
  'corrections are not stored': withDb((db) => ({
    insertCandles: (groups) =>
      db.insertCandles(
        groups.map(({ series, candles }) => ({
          series,
          candles: candles.filter(
            ({ version }) => version < candleVersion({ finality: 'revised', sourceRank: 0, fetchedAtMs: 0, sequence: 0 }),
          ),
        })),
      ),
  })),
  'the older version wins': withDb((db) => ({
    insertCandles: (groups) =>
      db.insertCandles(
        groups.map(({ series, candles }) => ({
          series,
          candles: candles.map((candle) => ({
            ...candle,
            version: candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: 4e12 - fetchedAtMs(candle.version), sequence: 0 }),
          })),
        })),
      ),
  })),
  'a failed write is ignored': withDb((db) => ({
    insertCandles: async (groups) => {
      try {
        await db.insertCandles(groups);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
    },
  })),
  'gaps are not written': withDb(() => ({ insertCandleGaps: async () => {} })),
  'a gap that was filled stays in the ledger': withDb((db) => ({
    insertCandleGaps: (gaps) => db.insertCandleGaps(gaps.filter(({ state }) => state !== 'resolved')),
  })),
  'what a candle was before is not kept': withDb(() => ({ insertCandleRevisions: async () => {} })),
  'nothing is read a second time': { settings: { rereadAfterHours: [] } },
  'a volume that is missing becomes 0': withRows((candle) =>
    candle.openTimeMs % (7 * MINUTE) === 0 ? { ...candle, volume: '0' as Decimal } : candle,
  ),
  'a time zone shifts the candles': withRows((candle) => ({ ...candle, openTimeMs: candle.openTimeMs - 60 * MINUTE })),
  'numbers drift': withRows((candle) => ({ ...candle, close: String(Number(candle.close) * 1.000_000_1).slice(0, 15) as Decimal })),
  'an empty minute is filled with the price before': withPages((page, { fromMs, limit }) => {
    const byTime = new Map(page.candles.map((candle) => [candle.openTimeMs, candle]));
    const filled: Candle[] = [];
    for (
      let timeMs = fromMs;
      timeMs < Math.min(fromMs + limit * MINUTE, (page.candles.at(-1)?.openTimeMs ?? 0) + MINUTE);
      timeMs += MINUTE
    ) {
      const last = byTime.get(timeMs) ?? filled.at(-1);
      if (last !== undefined) filled.push({ ...last, openTimeMs: timeMs });
    }
    return { ...page, candles: filled };
  }),
  'the rows of another market are taken': {
    ports: (ports) => ({
      ...ports,
      api: { ...ports.api, fetchCandles: (request) => ports.api.fetchCandles({ ...request, symbol: 'BTC/USD' as never }) },
    }),
  },
  'high and low are exchanged': withRows((candle) => ({ ...candle, high: candle.low, low: candle.high })),
  'seconds are taken for milliseconds': {
    ...withRows((candle) => ({ ...candle, openTimeMs: candle.openTimeMs / 1000 })),
    // One tick shows it; the next ones would look for gaps in each minute since 1970.
    sync: async (ports, input) => {
      if (input.tickMs > START) throw new StoreError('one tick is enough', { retryable: true });
      return await syncCandles(ports, input);
    },
  },
  'the watermark is the newest candle': withDb((db) => ({
    insertWatermarks: async (marks) => {
      const newest = await Promise.all(
        marks.map(async ({ series }) =>
          (await db.storedExtents(series.exchange)).find((one) => seriesKey(one.series) === seriesKey(series)),
        ),
      );
      await db.insertWatermarks(
        marks.map((mark, i) => ({ ...mark, completeUntilMs: (newest[i]?.newestMs ?? 0) + TIMEFRAME_MS[mark.series.timeframe] })),
      );
    },
  })),
  'a page is asked for twice': {
    ports: (ports) => ({
      ...ports,
      api: {
        ...ports.api,
        async fetchCandles(request) {
          await ports.api.fetchCandles(request);
          return await ports.api.fetchCandles(request);
        },
      },
    }),
  },
  'a candle is replaced before what it was is kept': withDb((db) => {
    const later: CandleRevision[] = [];
    return {
      insertCandleRevisions: async (revisions) => void later.push(...revisions),
      insertCandles: async (groups) => {
        await db.insertCandles(groups);
        await db.insertCandleRevisions(later.splice(0));
      },
    };
  }),
  'the watermark is written before the candles': withDb((db) => {
    const later: Parameters<Db['insertCandles']>[0][number][] = [];
    return {
      insertCandles: async (groups) => void later.push(...groups),
      insertWatermarks: async (marks) => {
        await db.insertWatermarks(marks);
        await db.insertCandles(later.splice(0));
      },
    };
  }),
  'a gap that another one swallows ends before it begins': withDb((db) => ({
    insertCandleGaps: (gaps) =>
      db.insertCandleGaps(gaps.map((gap) => (gap.state === 'resolved' ? { ...gap, untilMs: gap.fromMs - MINUTE } : gap))),
  })),
  'a market that was not listed is missing for no reason': withDb((db) => ({
    insertCandleGaps: (gaps) =>
      db.insertCandleGaps(
        gaps.map((gap) => (gap.state === 'explained' && gap.reason === 'not_listed' ? { ...gap, reason: 'unknown' as const } : gap)),
      ),
  })),
  'a report forgets what was still open': {
    sync: async (ports, input) => {
      const report = await syncCandles(ports, input);
      return { ...report, series: report.series.map((one) => ({ ...one, stillOpen: 0 })) };
    },
  },
  'a gap is explained by the first answer': withDb((db) => ({
    readCandleGaps: async (query) =>
      (await db.readCandleGaps({ ...query, states: ['open', 'explained'] })).map((gap) => ({ ...gap, state: 'explained' as const })),
  })),
} satisfies Readonly<Record<string, Sabotage>>;

const LOST = 'no candle is lost';
const FINAL = 'what is stored is what the exchange serves in the end';
const OPEN = 'no open candle is stored';
const MARK = 'a watermark passes only what is stored or explained';
const SERVED = 'what is stored was served like that';
const LEDGER = 'what a candle was before is in the ledger of revisions';

/** The checks that must see each bug, all of them and no other: a bug that only another check sees has taken a check's eyes. */
const CAUGHT_BY: Readonly<Record<keyof typeof BUGS, readonly string[]>> = {
  'only the five latest are fetched': [LOST],
  'the open candle is stored': [OPEN],
  'the watermark is an hour ahead': [MARK],
  'corrections are not stored': [FINAL],
  'the older version wins': [FINAL],
  'a failed write is ignored': [MARK],
  'gaps are not written': [MARK],
  'a gap that was filled stays in the ledger': ['audit: candle in a gap'],
  'what a candle was before is not kept': [LEDGER],
  'nothing is read a second time': [FINAL],
  'a volume that is missing becomes 0': [SERVED],
  'a time zone shifts the candles': [SERVED],
  'numbers drift': [SERVED],
  'an empty minute is filled with the price before': [SERVED],
  'the rows of another market are taken': [SERVED],
  'high and low are exchanged': [SERVED],
  'seconds are taken for milliseconds': [SERVED],
  'the watermark is the newest candle': [MARK],
  'a page is asked for twice': ['a report tells every request', 'a series asks three times a tick, and for the pages that it is behind'],
  'a candle is replaced before what it was is kept': [LEDGER],
  'the watermark is written before the candles': [MARK],
  'a gap that another one swallows ends before it begins': ['a row of the ledger has a beginning and an end'],
  'a market that was not listed is missing for no reason': ['what was not listed stays so in the ledger'],
  'a report forgets what was still open': ['the figures of a report add up'],
  'a gap is explained by the first answer': [MARK],
};

test('F22: without a bug nothing is found', { timeout: 60_000 }, async () => {
  for (const seed of SEEDS) expect((await simulate({ ...DEFAULTS, seed, faultyMinutes: 300 })).violations).toEqual([]);
});

const SEEDS = [22, 23, 24, 25];

test.each(Object.entries(CAUGHT_BY))(
  'F22: %s, and it is caught by %s',
  async (name, checks) => {
    const sabotage = BUGS[name as keyof typeof BUGS];
    let invariants: readonly string[] = [];
    for (const seed of SEEDS) {
      // oxlint-disable-next-line no-await-in-loop -- the next seed only when this one did not see it
      const { violations } = await simulate({ ...DEFAULTS, seed, faultyMinutes: 300, sabotage });
      invariants = [...new Set(violations.map(({ invariant }) => invariant))];
      if (invariants.length > 0) break;
    }
    expect(invariants.toSorted()).toEqual(checks.toSorted());
  },
  60_000,
);
