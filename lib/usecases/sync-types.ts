import type { CandleGap } from '#core/candle-gap.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi, RefusedRow } from '#core/ports/exchange-rest-api.ts';
import type { Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Timeframe } from '#core/timeframe.ts';
import type { FetchSettings } from '#domain/candles/fetch-plan.ts';
import type { Hole } from '#domain/candles/grid.ts';
import type { Failure } from './fetch-windows.ts';
import type { SyncDb, SyncMemory } from './sync-memory.ts';

export type SyncSettings = FetchSettings & {
  /** A candle counts as closed this long after its end, by the exchange's clock. */
  readonly closeGraceMs: number;
  /** Requests in flight at the exchange. */
  readonly concurrency: number;
};

export type SyncPorts = {
  readonly api: ExchangeRestApi;
  readonly db: SyncDb;
  readonly clock: Clock;
  /** Told after each series, for showing progress. */
  readonly onSeries?: (report: SeriesSyncReport) => void;
};

export type SyncInput = {
  readonly symbols: readonly MarketSymbol[];
  readonly timeframes: readonly Timeframe[];
  /** Which timeframes of a symbol are wanted; all of them when absent. A recording may have a symbol in one timeframe only. */
  readonly hasSeries?: (series: Series) => boolean;
  /** The scheduled time, a whole minute, UTC ms. */
  readonly tickMs: number;
  readonly settings: SyncSettings;
  /** Kept by the caller from one tick of this exchange to the next; without it the store is read at every tick. */
  readonly memory?: SyncMemory;
};

export type SeriesSyncReport = {
  readonly series: Series;
  readonly isBackfill: boolean;
  /** First open time that this fetch looked at. */
  readonly fromMs: number;
  readonly requests: number;
  /** Candles that the exchange sent in the asked ranges: = stored + changed + unchanged + stillOpen. */
  readonly fetched: number;
  readonly stored: number;
  /** Sent with other values than stored: the new version replaces the old one, which the ledger of revisions keeps. */
  readonly changed: number;
  readonly unchanged: number;
  /** Sent, but not closed yet by the exchange's clock or beyond the tick: not stored. */
  readonly stillOpen: number;
  readonly refused: readonly RefusedRow[];
  /** Newest closed candle that is there after this fetch; null when there is none. */
  readonly newestOpenTimeMs: number | null;
  /** The series is complete up to here: stored, or explained in the ledger of gaps; null while it has no candles. */
  readonly completeUntilMs: number | null;
  /** Closed candles of the asked range that are still not there after this fetch. */
  readonly missing: readonly Hole[];
  /** Rows of the ledger of gaps that this fetch has written. */
  readonly gaps: readonly CandleGap[];
  /** Asked for in a backfill, but before the first candle that the exchange has sent: its history begins later. */
  readonly beforeHistory: number;
  readonly missingReason: 'not_sent' | 'fetch_failed' | null;
  readonly failure: Failure | null;
};
