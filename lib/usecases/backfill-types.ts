import type { GapReason } from '#core/candle-gap.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { TimeWindow } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import type { Failure } from './fetch-windows.ts';
import type { SyncPorts, SyncSettings } from './sync-types.ts';

export type BackfillProgress = {
  /** Candles of the window that have been looked at, from its start. */
  readonly done: number;
  readonly total: number;
  readonly requests: number;
  readonly stored: number;
};

export type BackfillPorts = {
  readonly api: ExchangeRestApi;
  readonly db: SyncPorts['db'];
  readonly clock: Clock;
  /** Told after each page. */
  readonly onProgress?: (progress: BackfillProgress) => void;
};

/** Open times from `fromMs` (inclusive) to `untilMs` (exclusive), on the grid of the timeframe, all of them closed. */
export type BackfillInput = TimeWindow & {
  readonly series: Series;
  /** Symbols of the exchange whose stored candles tell whether it was silent as a whole. */
  readonly peers: readonly Series['symbol'][];
  readonly settings: Pick<SyncSettings, 'closeGraceMs' | 'recheckCandles' | 'rereadAfterHours'>;
  /** Ends it after the page that is being worked on. */
  readonly signal?: AbortSignal;
};

export type BackfillReport = {
  readonly series: Series;
  /** Candles of the window: = `present` + those of `explained` + `missing`. */
  readonly candles: number;
  readonly requests: number;
  /** Written by this run. */
  readonly stored: number;
  /** Of these made from the exchange's public trades, because it no longer serves its own candles. */
  readonly fromTrades: number;
  /** Stored before, with other values; the ledger of revisions keeps what they were. */
  readonly changed: number;
  /** Stored before this run. */
  readonly alreadyThere: number;
  readonly refused: number;
  /** In the store now, as read back from it. */
  readonly present: number;
  /** Not in the store, and why, by the ledger of gaps. */
  readonly explained: Readonly<Partial<Record<GapReason, number>>>;
  /** Neither in the store nor explained. */
  readonly missing: number;
  readonly firstMissingMs: number | null;
  /** Why the run ended early, or null. */
  readonly failure: Failure | null;
  readonly isStopped: boolean;
};
