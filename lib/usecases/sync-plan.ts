import type { StoredCandle } from '#core/candle.ts';
import type { Exchange } from '#core/exchange.ts';
import { fnv1a } from '#core/fnv1a.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import {
  isDue,
  isRereadTurn,
  mergeWindows,
  planFetch,
  recheckFromMs,
  rereadDue,
  rereadReach,
  rereadWindows,
  type FetchWindow,
} from '#domain/candles/fetch-plan.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import { NOTHING, type KnownSeries, type SyncMemory } from './sync-memory.ts';
import type { SyncInput, SyncPorts } from './sync-types.ts';

export type Job = {
  readonly series: Series;
  readonly timeframeMs: number;
  readonly known: KnownSeries;
  /** What is missing or new. */
  readonly main: FetchWindow & { readonly isBackfill: boolean };
  /** Older candles, to be read again. */
  readonly again: readonly FetchWindow[];
  /** Candles that open before this have reached the last age at which they are read again. */
  readonly rereadDueMs: number;
  /** Older ones cannot be had any more. */
  readonly rereadFromMs: number;
};

export const UNKNOWN_SERIES: KnownSeries = {
  candles: new Map(),
  held: NOTHING,
  fromMs: null,
  completeUntilMs: null,
  writtenUntilMs: null,
  rereadUntilMs: null,
  gaps: [],
};

const HOUR_MS = 3_600_000;

/** Decides for every series whether and what to fetch. */
export function planJobs(api: ExchangeRestApi, input: SyncInput, memory: SyncMemory, series: readonly Series[]): readonly Job[] {
  const { tickMs, settings } = input;
  return series.flatMap((one) => {
    const timeframeMs = TIMEFRAME_MS[one.timeframe];
    const known = memory.series.get(seriesKey(one)) ?? UNKNOWN_SERIES;
    const due = { tickMs, timeframeMs, completeUntilMs: known.completeUntilMs };
    if (!isDue(due)) return [];
    const planned = planFetch({ ...due, recentGapMs: recentGap(api, input, known, timeframeMs) }, settings);
    // Before the series begins there is nothing to ask for.
    const main = { ...planned, fromMs: Math.max(planned.fromMs, Math.min(known.fromMs ?? 0, planned.untilMs - timeframeMs)) };
    const again = windowsAgain(api, input, one, known, main);
    const rereadDueMs = rereadDue(due, settings, api);
    return [{ series: one, timeframeMs, known, main, again, rereadDueMs, rereadFromMs: rereadReach(due, api) }];
  });
}

/** A gap that is longer than the newest candles is looked at only where it ends among them: one request is enough for all of them. */
function recentGap(
  { maxCandlesPerRequest }: ExchangeRestApi,
  { tickMs, settings }: SyncInput,
  { gaps }: KnownSeries,
  timeframeMs: number,
): number | null {
  const untilMs = floorToGrid(tickMs, timeframeMs);
  const candles = (untilMs - recheckFromMs(tickMs, timeframeMs, settings)) / timeframeMs;
  // The candle before, and the open one, are not to cost a request of their own.
  const spare = Math.ceil((candles + 2) / maxCandlesPerRequest) > Math.ceil(candles / maxCandlesPerRequest) ? 2 : 0;
  const fromMs = untilMs - (candles - spare) * timeframeMs;
  const recent = gaps.filter(({ untilMs }) => untilMs > fromMs);
  return recent.length === 0 ? null : Math.max(fromMs, Math.min(...recent.map((gap) => gap.fromMs)));
}

/** Closed candles that are old enough to be looked at again, and gaps whose next try is due; what overlaps the main window is in it. */
function windowsAgain(
  { historyCandles, maxCandlesPerRequest }: ExchangeRestApi,
  { tickMs, settings }: SyncInput,
  series: Series,
  { fromMs, gaps, rereadUntilMs }: KnownSeries,
  main: FetchWindow,
): readonly FetchWindow[] {
  if (fromMs === null) return [];
  const timeframeMs = TIMEFRAME_MS[series.timeframe];
  const moment = { tickMs, timeframeMs };
  // Behind by more than its turn, as after an outage, the last reading is tried at every tick.
  const isBehind = (rereadUntilMs ?? fromMs) < rereadDue(moment, settings, { historyCandles }) - 2 * HOUR_MS;
  const all = rereadWindows(moment, settings, { fromMs, rereadUntilMs: rereadUntilMs ?? fromMs, historyCandles });
  const rereads = isRereadTurn(moment, fnv1a(seriesKey(series))) ? all : isBehind ? all.slice(-1) : [];
  const due = gaps.filter(({ nextTryMs, untilMs }) => nextTryMs !== null && nextTryMs <= tickMs && untilMs <= main.fromMs);
  const windows = [...rereads, ...due.map((gap) => ({ fromMs: gap.fromMs, untilMs: gap.untilMs + timeframeMs }))]
    .map((window) => ({ fromMs: window.fromMs, untilMs: Math.min(window.untilMs, main.fromMs) }))
    .filter((window) => window.fromMs < window.untilMs);
  return mergeWindows(windows, timeframeMs, maxCandlesPerRequest);
}

/** Stored candles that lie before those in mind and will be compared with what is fetched. */
export async function readOlder(
  db: SyncPorts['db'],
  exchange: Exchange,
  { timeframes }: SyncInput,
  jobs: readonly Job[],
): Promise<ReadonlyMap<string, readonly StoredCandle[]>> {
  const older = new Map<string, StoredCandle[]>();
  for (const timeframe of timeframes) {
    const groups = Map.groupBy(
      jobs.filter(({ series }) => series.timeframe === timeframe).flatMap(windowsBeforeMemory),
      ({ fromMs, untilMs }) => `${fromMs} ${untilMs}`,
    );
    for (const group of groups.values()) {
      const [{ fromMs, untilMs } = { fromMs: 0, untilMs: 0 }] = group;
      const symbols = [...new Set(group.map(({ symbol }) => symbol))];
      // oxlint-disable-next-line no-await-in-loop -- series of one turn share their windows: there is seldom more than one
      for (const { series, candles } of await db.readCandles({ exchange, symbols, windows: { [timeframe]: { fromMs, untilMs } } }))
        older.set(seriesKey(series), [...(older.get(seriesKey(series)) ?? []), ...candles]);
    }
  }
  return older;
}

function windowsBeforeMemory({ series, main, again, known }: Job): readonly (FetchWindow & { readonly symbol: MarketSymbol })[] {
  const heldFromMs = Math.min(known.held.firstMs, main.untilMs);
  const back = main.isBackfill || main.fromMs >= heldFromMs ? [] : [{ fromMs: main.fromMs, untilMs: heldFromMs }];
  return [...back, ...again].map((window) => ({ ...window, symbol: series.symbol }));
}
