import type { Candle } from '#core/candle.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { holesOf } from '#domain/candles/grid.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import type { SyncInput, SyncPorts } from '#usecases/sync-candles.ts';
import { candleAt, fakeExchange, MINUTE, START, type FakeExchange } from '../usecases/fake-exchange.ts';
import { BTC, ETH, SETTINGS } from '../usecases/sync-world.ts';

/** The ports that a process of sync calls, one after the other: where it can be killed, or be overtaken by another. */
const CALLS = [
  'loadMarkets',
  'fetchCandles',
  'readCandles',
  'storedExtents',
  'readWatermarks',
  'readCandleGaps',
  'insertCandleRevisions',
  'insertCandles',
  'insertCandleGaps',
  'insertWatermarks',
] as const;

type Around = (call: string, work: () => Promise<unknown>) => Promise<unknown>;

export type SyncParts = {
  readonly exchange: FakeExchange;
  readonly db: TimeSeriesDb;
  setNow(nowMs: number): void;
  /** Ports of one process; `around` is told of every call. */
  ports(around?: Around): SyncPorts;
};

/** An honest exchange and a store in memory, which processes of sync share. */
export function syncParts(options: Omit<Parameters<typeof fakeExchange>[0], 'clock'> = {}): SyncParts {
  let nowMs = START;
  const clock: Clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
  const exchange = fakeExchange({ clock, ...options });
  const db = createMemoryTimeSeriesDb();
  return {
    exchange,
    db,
    setNow: (next) => void (nowMs = next),
    ports(around = (_call, work) => work()) {
      const guarded = <T extends object>(target: T): T =>
        new Proxy(target, {
          get(of, name) {
            const value: unknown = Reflect.get(of, name);
            if (typeof value !== 'function' || !(CALLS as readonly unknown[]).includes(name)) return value;
            return (...args: readonly unknown[]) =>
              around(String(name), async () => await (value as (...all: readonly unknown[]) => Promise<unknown>)(...args));
          },
        });
      return { api: guarded(exchange), db: guarded(db), clock };
    },
  };
}

export function inputAt(tickMs: number, given: Partial<SyncInput> = {}): SyncInput {
  return { symbols: [BTC, ETH], timeframes: ['1m', '5m'], tickMs, settings: { ...SETTINGS, backfillLimit: 30 }, ...given };
}

export type Difference = { readonly lost: number; readonly duplicates: number; readonly wrong: number; readonly open: number };

/** The store against the exchange, from the first stored candle to the tick. */
export async function differenceFrom(
  db: TimeSeriesDb,
  tickMs: number,
  timeframes: readonly Timeframe[] = ['1m', '5m'],
): Promise<Difference> {
  const sums = { lost: 0, duplicates: 0, wrong: 0, open: 0 };
  for (const timeframe of timeframes) {
    const stepMs = TIMEFRAME_MS[timeframe];
    const all = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
    const groups = await db.readCandles({ exchange: 'kraken', symbols: [BTC, ETH], windows: { [timeframe]: all } });
    if (groups.length !== 2) sums.lost += 1;
    for (const { candles } of groups) {
      const times = new Set(candles.map(({ openTimeMs }) => openTimeMs));
      sums.duplicates += candles.length - times.size;
      sums.open += candles.filter(({ openTimeMs }) => openTimeMs + stepMs > tickMs).length;
      sums.wrong += candles.filter((candle) => !isTrue(candle)).length;
      sums.lost += holesOf(times, Math.min(...times), Math.floor(tickMs / stepMs) * stepMs, stepMs).reduce(
        (sum, hole) => sum + hole.candles,
        0,
      );
    }
  }
  return sums;
}

function isTrue(candle: Candle): boolean {
  const should = candleAt(candle.openTimeMs);
  return (['open', 'high', 'low', 'close', 'volume'] as const).every((field) => should[field] === candle[field]);
}

export const NOTHING_WRONG: Difference = { lost: 0, duplicates: 0, wrong: 0, open: 0 };

export { MINUTE, START };
