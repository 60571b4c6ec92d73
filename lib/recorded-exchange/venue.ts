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
import { parseCapturedMessages, parseTradeTable } from './recorded-trades.ts';
import { readKlines, readRecordedBody, readRecordedText } from './recording-files.ts';
import { shiftedCandles, shiftedMessages, shiftedOutages } from './shifted-time.ts';
import type { SocketProtocol } from './socket-protocol.ts';
import { createSyntheticTape, seedOf } from './synthetic-trades.ts';
import { createRecordedTape, type TradeTape } from './trade-tape.ts';
import type { ListedMarket, VenueMarket } from './venue-market.ts';
import type { RecordedBodies, VenueKind, VenueProtocol } from './venue-protocol.ts';

const VENUES = {
  binance: binanceVenue,
  binanceus: binanceVenue,
  coinbase: coinbaseVenue,
  kraken: krakenVenue,
} as const satisfies Record<Exchange, VenueKind>;

const PRICE_DECIMALS_WITHOUT_CANDLES = 2;

export type OpenedVenue = { readonly protocol: VenueProtocol; readonly socket: SocketProtocol; readonly markets: readonly VenueMarket[] };

type CandlesByTimeframe = Partial<Record<Timeframe, RecordedCandles>>;

/** A recording, and by how much later than it was everything in it is to happen. */
type MovedRecording = RecordingManifest & { readonly shiftMs: number };

/** Reads all files of a venue of the recording and returns what answers its requests. Throws `ConfigError` for bad files. */
export function openVenue(recording: RecordingManifest, exchange: Exchange, shiftMs: number): OpenedVenue {
  const manifest = { ...recording, shiftMs, outages: shiftedOutages(recording.outages, shiftMs) };
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
    tape: tapeOf(manifest, exchange, market, candlesOf(market.symbol), kind),
  }));
  return { protocol: kind.createProtocol(markets, bodies), socket: kind.socket, markets };
}

/** The market's recorded trades; where there are none, trades that are made up from its minutes. */
function tapeOf(
  manifest: MovedRecording,
  exchange: Exchange,
  market: ListedMarket,
  candles: CandlesByTimeframe,
  kind: VenueKind,
): TradeTape | undefined {
  const recorded = manifest.trades.find((one) => one.exchange === exchange && one.symbol === market.symbol);
  if (recorded !== undefined) return recordedTape(manifest, recorded.file, market, kind);
  const minutes = candles['1m'];
  return minutes === undefined ? undefined : createSyntheticTape(minutes, seedOf(`${exchange} ${market.symbol}`));
}

function recordedTape({ dir, shiftMs }: MovedRecording, name: string, market: ListedMarket, kind: VenueKind): TradeTape {
  const { file, text } = readRecordedText(dir, name);
  if (name.startsWith('trades/')) return createRecordedTape(shiftedMessages(parseTradeTable(file, text), shiftMs));
  if (shiftMs !== 0)
    throw new ConfigError(
      `${file} holds captured messages, which carry their own times and cannot happen at another one; leave out --now, or take a recording without "ws/" files`,
    );
  if (kind.readMessage === undefined)
    throw new ConfigError(
      `${file} holds captured messages, which are not read for this exchange; write a table of trades: trades/<name>.csv.gz`,
    );
  const captured = parseCapturedMessages(file, text, market.id, kind.readMessage, kind.repeatsMessages);
  const earlier = captured.filter((message) => message.isSnapshot).flatMap((message) => message.trades);
  return createRecordedTape(
    captured.filter((message) => !message.isSnapshot),
    earlier,
  );
}

function readCandles(manifest: MovedRecording, exchange: Exchange): Map<MarketSymbol, CandlesByTimeframe> {
  const recorded = new Map<MarketSymbol, CandlesByTimeframe>();
  for (const series of manifest.series.filter((one) => one.exchange === exchange)) {
    const candles = {
      ...recorded.get(series.symbol),
      [series.timeframe]: shiftedCandles(readKlines(manifest.dir, series), manifest.shiftMs),
    };
    recorded.set(series.symbol, candles);
  }
  for (const { exchange: at, symbol } of manifest.trades) if (at === exchange && !recorded.has(symbol)) recorded.set(symbol, {});
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
  const decimals = Object.values(candles).map((one) => one.priceDecimals);
  return decimals.length === 0 ? PRICE_DECIMALS_WITHOUT_CANDLES : Math.max(...decimals);
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
