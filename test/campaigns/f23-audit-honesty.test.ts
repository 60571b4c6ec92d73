import { expect, test } from 'vitest';
import type { AuditFinding } from '#core/audit-finding.ts';
import type { StoredCandle } from '#core/candle.ts';
import { fromScaled, toScaled, type Decimal } from '#core/decimal.ts';
import type { SeriesCandles, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { seriesKey } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { candleVersion } from '#domain/candles/version.ts';
import { auditStore, type AuditReport } from '#usecases/audit-store.ts';
import { FROM, goodStore, INDICATORS, MINUTE, seeded, SYMBOLS } from './audited-store.ts';

// F23: an audit is worth something only if it finds everything that is wrong, and nothing that is right.

const MINUTES = 3 * 1440;
const PLANTED = 1000;

type Plant = (candle: StoredCandle) => readonly StoredCandle[];

const more = (value: Decimal, by: bigint): Decimal => fromScaled(toScaled(value) + by);
const openVersion = ({ openTimeMs }: StoredCandle): bigint =>
  candleVersion({ finality: 'closed', sourceRank: 8, fetchedAtMs: openTimeMs + 30_000, sequence: 0 });

/** What a broken platform would leave in the place of a good candle. */
const PLANTS = {
  lost: () => [],
  'there twice': (candle) => [candle, candle],
  'stored while open': (candle) => [{ ...candle, version: openVersion(candle) }],
  'another volume': (candle) => [{ ...candle, volume: more(candle.volume, 1n) }],
  'another high': (candle) => [{ ...candle, high: more(candle.high, 10n ** 20n) }],
  'a low above the open': (candle) => [{ ...candle, low: more(candle.high, 1n), high: more(candle.high, 2n) }],
  'beside the grid': (candle) => [{ ...candle, openTimeMs: candle.openTimeMs + 1 }],
  'no price': (candle) => [{ ...candle, low: '0' as Decimal }],
} as const satisfies Record<string, Plant>;

/** Plants by the time they are planted at: at most one in five minutes of a market, so that each finding has one cause. */
function plant(count: number, seed: number): ReadonlyMap<string, keyof typeof PLANTS> {
  const random = seeded(seed);
  const kinds = Object.keys(PLANTS) as (keyof typeof PLANTS)[];
  const planted = new Map<string, keyof typeof PLANTS>();
  const slots = SYMBOLS.flatMap((symbol) =>
    Array.from({ length: MINUTES / 5 - 1 }, (_, slot) => `coinbase ${symbol} 1m ${FROM + slot * 5 * MINUTE}`),
  );
  while (planted.size < count) {
    const slot = slots.splice(Math.floor(random() * slots.length), 1)[0];
    if (slot === undefined) throw new RangeError('more plants than places');
    planted.set(slot, kinds[planted.size % kinds.length] ?? 'lost');
  }
  return planted;
}

function spoiled(db: TimeSeriesDb, planted: ReadonlyMap<string, keyof typeof PLANTS>): TimeSeriesDb {
  const spoil = ({ series, candles }: SeriesCandles): SeriesCandles => {
    const used = new Set<string>();
    return {
      series,
      candles: candles.flatMap((candle) => {
        // The first candle of its five minutes.
        const slot = `${seriesKey(series)} ${Math.floor(candle.openTimeMs / (5 * MINUTE)) * 5 * MINUTE}`;
        const kind = planted.get(slot);
        if (kind === undefined || used.has(slot)) return [candle];
        used.add(slot);
        return PLANTS[kind](candle);
      }),
    };
  };
  return { ...db, readCandles: async (query) => (await db.readCandles(query)).map(spoil) };
}

const audit = (db: TimeSeriesDb): Promise<AuditReport> =>
  auditStore({ db }, { exchanges: ['coinbase'], indicators: INDICATORS, sampleCandles: 100, keptFromMs: Number.NEGATIVE_INFINITY });

const slotOf = ({ series, openTimeMs }: AuditFinding): string =>
  `coinbase ${series.symbol} 1m ${Math.floor(openTimeMs / (5 * MINUTE)) * 5 * MINUTE}`;

test('F23: a good store has no findings', async () => {
  const report = await audit(await goodStore(MINUTES, 1));
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ series: 9 });
  expect(report.candles).toBeGreaterThan(3 * MINUTES);
  expect(report.explained['no_trades']).toBeGreaterThan(100);
  expect(report.indicatorValues).toBeGreaterThan(9 * 72 * 3);
});

test(`F23: ${PLANTED} of ${PLANTED} planted faults are found, and nothing else`, async () => {
  const planted = plant(PLANTED, 2);
  const { findings } = await audit(spoiled(await goodStore(MINUTES, 1), planted));
  const found = new Set(findings.filter(({ check }) => check !== 'indicator').map(slotOf));
  const missed = [...planted].filter(([slot]) => !found.has(slot));
  expect(missed).toEqual([]);
  const isCaused = (finding: AuditFinding): boolean => {
    const stepMs = TIMEFRAME_MS[finding.series.timeframe];
    return [...planted.keys()].some((slot) => {
      const timeMs = Number(slot.split(' ').at(-1));
      return slot.includes(finding.series.symbol) && timeMs + 5 * MINUTE > finding.openTimeMs && timeMs < finding.openTimeMs + stepMs;
    });
  };
  expect(findings.filter((finding) => !isCaused(finding))).toEqual([]);
});

test('F23: values that their candles do not give are found, and values that are missing', async () => {
  const db = await goodStore(MINUTES, 3);
  const spoiledValues: TimeSeriesDb = {
    ...db,
    readIndicators: async (query) =>
      (await db.readIndicators(query)).flatMap((row, i) => {
        if (i === 10) return [];
        return i === 20 ? [{ ...row, values: { ...row.values, SMA_20: (row.values['SMA_20'] ?? 0) * (1 + 1e-6) } }] : [row];
      }),
  };
  const { byCheck } = await audit(spoiledValues);
  expect(byCheck).toMatchObject({ indicator: 2 * 9, 'roll-up': 0, 'unexplained gap': 0 });
});
