import type { StoredCandle } from '../candle.ts';
import type { CandleAgreement } from '../candle-agreement.ts';
import type { CandleFinding } from '../candle-finding.ts';
import type { CandleGap, GapState } from '../candle-gap.ts';
import type { CandleRevision } from '../candle-revision.ts';
import type { Exchange } from '../exchange.ts';
import type { Series } from '../series.ts';
import type { MarketSymbol } from '../symbol.ts';
import type { Timeframe } from '../timeframe.ts';
import type { TradeGap } from '../trade-gap.ts';
import type { TradeLine } from '../trade-line.ts';
import type { TradeMinute } from '../trade-minute.ts';
import type { Watermark } from '../watermark.ts';

export type SeriesCandles = { readonly series: Series; readonly candles: readonly StoredCandle[] };

export type SeriesExtent = { readonly series: Series; readonly firstMs: number; readonly newestMs: number };

/** Open times from `fromMs` (inclusive) to `untilMs` (exclusive), UTC ms. */
export type TimeWindow = { readonly fromMs: number; readonly untilMs: number };

export type CandleQuery = {
  readonly exchange: Exchange;
  readonly symbols: readonly MarketSymbol[];
  /** Timeframes that are not named are not read. */
  readonly windows: Readonly<Partial<Record<Timeframe, TimeWindow>>>;
};

export type IndicatorQuery = TimeWindow & {
  readonly exchange: Exchange;
  readonly symbols: readonly MarketSymbol[];
  readonly timeframe: Timeframe;
};

/** Candles of one series as columns for computing; all arrays have the same length, oldest first. Floating point by purpose. */
export type IndicatorInput = {
  readonly series: Series;
  readonly openTimesMs: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Version of each candle. */
  readonly versions: BigUint64Array;
  /**
   * Per candle the `fingerprint` of its stored indicator values; 0 where there are none, and for candles before `seenFromMs`.
   * Per candle, because one highest version proves nothing: versions put finality before time, so a candle that is closed after
   * another was verified has the lower one, and a hole in the values has none at all.
   */
  readonly seenFingerprints: BigUint64Array;
};

export type IndicatorInputQuery = {
  readonly exchange: Exchange;
  /** Per timeframe the first open time to read, inclusive, UTC ms. Timeframes that are not named are not read. */
  readonly fromMs: Readonly<Partial<Record<Timeframe, number>>>;
  /** Per timeframe: indicator values at or after this open time are read for `seenFingerprints`; none for timeframes not named. */
  readonly seenFromMs: Readonly<Partial<Record<Timeframe, number>>>;
  /** Only these symbols; every stored one when absent. */
  readonly symbols?: readonly MarketSymbol[] | undefined;
};

/** Values of one candle: one row in the store per name. */
export type IndicatorValues = {
  readonly series: Series;
  readonly openTimeMs: number;
  readonly values: Readonly<Record<string, number>>;
  /** Version of this candle when the values were computed: decides which of two rows wins, the one written later when equal. */
  readonly candleVersion: bigint;
  /** Identifies the candles and settings that the values were computed from; positive, fits UInt64, not ordered. Equal means fresh. */
  readonly fingerprint: bigint;
  readonly computedAtMs: number;
};

/** Gaps that overlap the window, in one of the states. */
export type CandleGapQuery = TimeWindow & {
  readonly exchange: Exchange;
  readonly symbols: readonly MarketSymbol[];
  readonly states: readonly GapState[];
};

/** Revisions that were detected in the window. */
export type CandleRevisionQuery = TimeWindow & { readonly exchange: Exchange };

export type TradeQuery = TimeWindow & { readonly exchange: Exchange; readonly symbols: readonly MarketSymbol[] };

/** Candles and indicators in a database of time series (ClickHouse or its like). All failures are `StoreError`. */
export interface TimeSeriesDb {
  /** Brings the schema up to date; repeating it changes nothing. Returns the names of the migrations applied now. */
  migrate(): Promise<readonly string[]>;
  /** Writes whole candles. Repeating it, or writing an older version later, does not change what is read. */
  insertCandles(series: readonly SeriesCandles[]): Promise<void>;
  /** The winning version of each candle, oldest first, in one query; series without candles there are left out. */
  readCandles(query: CandleQuery): Promise<readonly SeriesCandles[]>;
  /** Open time of the first and the newest stored candle of every series of the exchange that has candles. */
  storedExtents(exchange: Exchange): Promise<readonly SeriesExtent[]>;
  /** Writes rows of the ledger of gaps. A row of the same series and first time replaces the stored one when its `updatedAtMs` is not lower. */
  insertCandleGaps(gaps: readonly CandleGap[]): Promise<void>;
  /** By timeframe, symbol and first time. */
  readCandleGaps(query: CandleGapQuery): Promise<readonly CandleGap[]>;
  /** Writes watermarks. Of two of one series the one that has come further wins, both of its times added up. */
  insertWatermarks(marks: readonly Watermark[]): Promise<void>;
  readWatermarks(exchange: Exchange): Promise<readonly Watermark[]>;
  /** Writes what candles were before. A row of the same candle and version before replaces the stored one. */
  insertCandleRevisions(revisions: readonly CandleRevision[]): Promise<void>;
  /** By time of detection, then series and open time. */
  readCandleRevisions(query: CandleRevisionQuery): Promise<readonly CandleRevision[]>;
  /** Every stored series of the exchange (or those of `symbols`) from the given open times on, in one query. */
  readIndicatorInputs(query: IndicatorInputQuery): Promise<readonly IndicatorInput[]>;
  insertIndicators(rows: readonly IndicatorValues[]): Promise<void>;
  /** Oldest first per series. */
  readIndicators(query: IndicatorQuery): Promise<readonly IndicatorValues[]>;
  /** Writes gaps. A row of the same exchange, symbol and first id replaces the stored one when its `updatedAtMs` is not lower. */
  insertTradeGaps(gaps: readonly TradeGap[]): Promise<void>;
  /** Gaps whose `toMs` lies in the window, by exchange, symbol and first id. */
  readTradeGaps(query: TradeQuery): Promise<readonly TradeGap[]>;
  /** Writes minutes. A row of the same exchange, symbol and minute replaces the stored one when its `updatedAtMs` is not lower. */
  insertTradeMinutes(minutes: readonly TradeMinute[]): Promise<void>;
  /** Minutes that open in the window, by exchange, symbol and time. */
  readTradeMinutes(query: TradeQuery): Promise<readonly TradeMinute[]>;
  /** Writes where lines of trade ids began. A row of the same market replaces the stored one when its `beganAtMs` is not lower. */
  insertTradeLines(lines: readonly TradeLine[]): Promise<void>;
  /** Lines that began in the window, by symbol. */
  readTradeLines(query: TradeQuery): Promise<readonly TradeLine[]>;
  /** Writes how far witnesses agree. A row of the same exchange, symbol and hour replaces the stored one when its `updatedAtMs` is not lower. */
  insertAgreements(agreements: readonly CandleAgreement[]): Promise<void>;
  /** Hours that begin in the window, by symbol and hour. */
  readAgreements(query: TradeQuery): Promise<readonly CandleAgreement[]>;
  /** Writes findings. A row of the same candle and witness replaces the stored one when its `updatedAtMs` is not lower. */
  insertCandleFindings(findings: readonly CandleFinding[]): Promise<void>;
  /** Findings that are not settled, about candles that open in the window; by timeframe, symbol, time and witness. */
  readOpenFindings(query: TradeQuery): Promise<readonly CandleFinding[]>;
  close(): Promise<void>;
}
