import type { Exchange } from './exchange.ts';
import type { Series } from './series.ts';
import type { MarketSymbol } from './symbol.ts';

/** A time in which an exchange was down and made no candles: `fromMs` inclusive, `toMs` exclusive, UTC. */
export type Outage = {
  readonly exchange: Exchange;
  readonly symbols: readonly MarketSymbol[] | 'all';
  readonly fromMs: number;
  readonly toMs: number;
};

/** Where a venue's market metadata come from: recorded bodies (paths inside the folder), and the markets without any. */
export type RecordedMetadata = {
  /** Body of the exchange's list of markets, or null when none was recorded. */
  readonly markets: string | null;
  /** Body of Kraken's list of assets; null elsewhere or when none was recorded. */
  readonly assets: string | null;
  /** Markets whose metadata are made up from the candles, because nothing was recorded for them. */
  readonly built: readonly MarketSymbol[];
};

/** Recorded trades of one market: a captured session (`ws/<name>.ndjson.gz`) or a table (`trades/<name>.csv.gz`). */
export type RecordedTrades = { readonly exchange: Exchange; readonly symbol: MarketSymbol; readonly file: string };

/** What a recording folder holds, checked. The candles themselves are in `klines/`, one file a series. */
export type RecordingManifest = {
  /** The folder, as it was given. */
  readonly dir: string;
  readonly name: string;
  readonly description: string;
  /** In the order of the file; no series twice. */
  readonly series: readonly Series[];
  /** No market twice. Where there are candles but no trades, trades are made up from the candles. There are series or trades. */
  readonly trades: readonly RecordedTrades[];
  /** One entry for each exchange that has a series or trades. */
  readonly metadata: Readonly<Partial<Record<Exchange, RecordedMetadata>>>;
  readonly outages: readonly Outage[];
  /** Where a replay of this folder begins, UTC ms, on a whole minute. */
  readonly replayFromMs: number;
  /** Where it ends: the last tick, UTC ms, on a whole minute, after `replayFromMs`. */
  readonly replayUntilMs: number;
};
