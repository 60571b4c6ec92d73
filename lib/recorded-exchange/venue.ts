import { join } from 'node:path';
import { ConfigError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { RecordedMetadata, RecordingManifest } from '#core/recording.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { binanceVenue } from './binance-protocol.ts';
import { createCandleWindow, type CandleWindow } from './candle-window.ts';
import { coinbaseVenue } from './coinbase-protocol.ts';
import type { RecordedCandles } from './kline-csv.ts';
import { krakenVenue } from './kraken-protocol.ts';
import { readKlines, readRecordedBody } from './recording-files.ts';
import type { ListedMarket, RecordedBodies, VenueKind, VenueMarket, VenueProtocol } from './venue-protocol.ts';

const VENUES = {
  binance: binanceVenue,
  binanceus: binanceVenue,
  coinbase: coinbaseVenue,
  kraken: krakenVenue,
} as const satisfies Record<Exchange, VenueKind>;

type CandlesByTimeframe = Partial<Record<Timeframe, RecordedCandles>>;

/** Reads all files of a venue of the recording and returns what answers its requests. Throws `ConfigError` for bad files. */
export function openVenue(manifest: RecordingManifest, exchange: Exchange): VenueProtocol {
  const kind = VENUES[exchange];
  const metadata = manifest.metadata[exchange] ?? { markets: null, assets: null, built: [] };
  const bodies: RecordedBodies = {
    markets: metadata.markets === null ? null : readRecordedBody(manifest.dir, metadata.markets),
    assets: metadata.assets === null ? null : readRecordedBody(manifest.dir, metadata.assets),
  };
  const listed = listedIn(manifest, kind, metadata, bodies);
  const recorded = readCandles(manifest, exchange);
  const candlesOf = (symbol: MarketSymbol): CandlesByTimeframe => recorded.get(symbol) ?? {};
  const built = builtMarkets(manifest, exchange, listed, recorded, kind, metadata);
  const markets = [...listed, ...built].map((market): VenueMarket => ({
    ...market,
    windows: windowsOf(manifest, exchange, market, candlesOf(market.symbol), kind),
  }));
  return kind.createProtocol(markets, bodies);
}

function readCandles(manifest: RecordingManifest, exchange: Exchange): Map<MarketSymbol, CandlesByTimeframe> {
  const recorded = new Map<MarketSymbol, CandlesByTimeframe>();
  for (const series of manifest.series.filter((one) => one.exchange === exchange)) {
    const candles = { ...recorded.get(series.symbol), [series.timeframe]: readKlines(manifest.dir, series) };
    recorded.set(series.symbol, candles);
  }
  return recorded;
}

function listedIn(manifest: RecordingManifest, kind: VenueKind, metadata: RecordedMetadata, bodies: RecordedBodies): ListedMarket[] {
  if (metadata.markets === null) return [];
  const listed = kind.listedMarkets(bodies.markets);
  if (listed !== undefined) return listed;
  throw new ConfigError(
    `${join(manifest.dir, metadata.markets)} is not a list of markets of that venue; record it again or remove it from recording.yaml`,
  );
}

function builtMarkets(
  manifest: RecordingManifest,
  exchange: Exchange,
  listed: readonly ListedMarket[],
  recorded: ReadonlyMap<MarketSymbol, CandlesByTimeframe>,
  kind: VenueKind,
  metadata: RecordedMetadata,
): ListedMarket[] {
  const known = new Set(listed.map((market) => market.symbol));
  const where = `${join(manifest.dir, 'recording.yaml')}: venues.${exchange}.metadata.built`;
  for (const symbol of recorded.keys()) {
    const isBuilt = metadata.built.includes(symbol);
    if (isBuilt && known.has(symbol)) throw new ConfigError(`${where} "${symbol}" is in ${metadata.markets ?? ''} already; remove it`);
    if (!isBuilt && !known.has(symbol))
      throw new ConfigError(`${where} lacks "${symbol}", of which no metadata were recorded; add it there`);
  }
  return metadata.built.map((symbol) => kind.builtMarket(symbol, priceDecimalsOf(recorded.get(symbol) ?? {})));
}

function priceDecimalsOf(candles: CandlesByTimeframe): number {
  return Math.max(0, ...Object.values(candles).map((one) => one.priceDecimals));
}

function windowsOf(
  manifest: RecordingManifest,
  exchange: Exchange,
  market: ListedMarket,
  candles: CandlesByTimeframe,
  kind: VenueKind,
): Partial<Record<Timeframe, CandleWindow>> {
  const windows: Partial<Record<Timeframe, CandleWindow>> = {};
  // Minutes come first: the longer candles are rolled up from them while they are open.
  for (const timeframe of TIMEFRAMES) {
    const recorded = candles[timeframe];
    if (recorded === undefined) continue;
    windows[timeframe] = createCandleWindow({
      series: { exchange, symbol: market.symbol, timeframe },
      candles: recorded,
      outages: manifest.outages,
      empty: kind.emptyCandles,
      minutes: windows['1m'],
      text: kind.candleText(market, timeframe),
    });
  }
  return windows;
}
