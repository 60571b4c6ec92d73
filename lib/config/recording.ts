import { join } from 'node:path';
import * as z from 'zod/mini';
import { ConfigError } from '#core/errors.ts';
import { EXCHANGES, type Exchange } from '#core/exchange.ts';
import type { Outage, RecordedMetadata, RecordedTrades, RecordingManifest } from '#core/recording.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAMES } from '#core/timeframe.ts';
import { describeIssues } from './problems.ts';
import { list, object, oneOf, SYMBOL, textLike, textOfLength, withDefault } from './shapes.ts';
import { readYamlFile } from './yaml-file.ts';

const MANIFEST_FILE = 'recording.yaml';

/**
 * Reads and checks `recording.yaml` of a recording folder; the format is in docs/recordings.md. The files that it names are
 * not opened here. Throws `ConfigError` with one line per problem: file, path, value, expectation and cure.
 */
export function loadRecordingManifest(dir: string): RecordingManifest {
  const file = join(dir, MANIFEST_FILE);
  const document = readYamlFile(file);
  const parsed = MANIFEST.safeParse(document);
  if (!parsed.success) throw new ConfigError(describeIssues(file, document, parsed.error));
  return checkedManifest(dir, file, parsed.data);
}

// ---- shape of the file ----

const TIME_EXPECTED = 'a UTC time on a whole minute such as 2023-03-11T00:00:00Z';
const FILE_EXPECTED = 'a file in the folder rest/, written as rest/<name>.json.gz';
const TEXT_EXPECTED = 'a text of 1 to 2000 characters that describes the recording';
const MAX_ENTRIES = 2000;

const time = z.pipe(
  z.custom<string>((value) => parseTime(value) !== undefined, { error: TIME_EXPECTED }),
  z.transform((moment) => parseTime(moment) ?? 0),
);
const bodyFile = textLike(FILE_EXPECTED, /^rest\/[\w.-]+\.json\.gz$/);
const prose = textOfLength(TEXT_EXPECTED, 1, 2000);
const symbols = list(SYMBOL, 'symbols', MAX_ENTRIES);

const TRADES_EXPECTED = 'a file of the folder, written as ws/<name>.ndjson.gz or trades/<name>.csv.gz';
const tradesFile = textLike(TRADES_EXPECTED, /^(?:ws\/[\w.-]+\.ndjson|trades\/[\w.-]+\.csv)\.gz$/);

const VENUE = object({
  series: z.optional(
    list(object({ symbol: SYMBOL, timeframes: list(oneOf(TIMEFRAMES), 'timeframes', TIMEFRAMES.length) }), 'series', MAX_ENTRIES),
  ),
  trades: z.optional(list(object({ symbol: SYMBOL, file: tradesFile }), 'trades', MAX_ENTRIES)),
  metadata: z.optional(
    object({
      markets: z.optional(bodyFile),
      assets: z.optional(bodyFile),
      built: withDefault(z.array(SYMBOL, { error: 'a list of symbols' }), []),
    }),
  ),
});

const OUTAGE = object({
  exchange: oneOf(EXCHANGES),
  symbols: z.union([z.literal('all'), symbols], { error: 'all, or a list of symbols such as [BTC/USD]' }),
  from: time,
  to: time,
});

const MANIFEST = object({
  name: prose,
  description: prose,
  replay: object({ from: time, until: time }),
  venues: object(
    Object.fromEntries(EXCHANGES.map((exchange) => [exchange, z.optional(VENUE)])) as Record<Exchange, z.ZodMiniOptional<typeof VENUE>>,
  ),
  outages: withDefault(z.array(OUTAGE, { error: 'a list of outages' }), []),
});

type ManifestFile = z.infer<typeof MANIFEST>;

function parseTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/.test(value)) return undefined;
  const timeMs = Date.parse(value);
  // 2023-02-30 parses as the 2nd of March: only a text that comes back unchanged names a day that exists.
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString() === value.replace('Z', '.000Z') ? timeMs : undefined;
}

// ---- what a shape cannot say ----

function checkedManifest(dir: string, file: string, data: ManifestFile): RecordingManifest {
  const { series, trades, metadata } = venuesOf(file, data);
  const { from, until } = data.replay;
  if (until <= from)
    throw new ConfigError(`${file}: replay.until "${iso(until)}" is not after replay.from "${iso(from)}"; set a later time`);
  return {
    dir,
    name: data.name,
    description: data.description,
    series,
    trades,
    metadata,
    outages: data.outages.map((entry, index) => checkedOutage(`${file}: outages[${index}]`, entry, series)),
    replayFromMs: from,
    replayUntilMs: until,
  };
}

type Venues = { series: Series[]; trades: RecordedTrades[]; metadata: Partial<Record<Exchange, RecordedMetadata>> };

function venuesOf(file: string, data: ManifestFile): Venues {
  const series: Series[] = [];
  const trades: RecordedTrades[] = [];
  const metadata: Partial<Record<Exchange, RecordedMetadata>> = {};
  for (const exchange of EXCHANGES) {
    const venue = data.venues[exchange];
    if (venue === undefined) continue;
    const where = `${file}: venues.${exchange}`;
    if (venue.series === undefined && venue.trades === undefined)
      throw new ConfigError(`${where} has neither series nor trades; list what was recorded, or remove the venue`);
    const own = (venue.series ?? []).flatMap((entry) =>
      entry.timeframes.map((timeframe) => ({ exchange, symbol: entry.symbol, timeframe })),
    );
    const ownTrades = (venue.trades ?? []).map((entry) => ({ exchange, ...entry }));
    refuseDuplicates(`${where}.series`, own.map(seriesKey), 'series');
    refuseDuplicates(
      `${where}.trades`,
      ownTrades.map(({ symbol }) => symbol),
      'market',
    );
    series.push(...own);
    trades.push(...ownTrades);
    metadata[exchange] = metadataOf(where, exchange, venue.metadata, new Set([...own, ...ownTrades].map((one) => one.symbol)));
  }
  if (series.length + trades.length === 0)
    throw new ConfigError(`${file}: venues is empty; list at least one of ${EXCHANGES.join(', ')} with a series`);
  return { series, trades, metadata };
}

function refuseDuplicates(where: string, keys: readonly string[], noun: string): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) throw new ConfigError(`${where} lists "${key}" twice; each ${noun} belongs there once; remove one`);
    seen.add(key);
  }
}

function metadataOf(
  where: string,
  exchange: Exchange,
  data: NonNullable<ManifestFile['venues'][Exchange]>['metadata'],
  symbols: ReadonlySet<MarketSymbol>,
): RecordedMetadata {
  // Without recorded bodies there is nothing but the candles to build from.
  if (data === undefined) return { markets: null, assets: null, built: [...symbols] };
  if (data.assets !== undefined && exchange !== 'kraken') {
    throw new ConfigError(`${where}.metadata.assets "${data.assets}" is for kraken only; remove the key`);
  }
  const stray = data.built.find((one) => !symbols.has(one));
  if (stray !== undefined) throw new ConfigError(`${where}.metadata.built "${stray}" has no series in ${where.split(': ')[1]}; remove it`);
  return { markets: data.markets ?? null, assets: data.assets ?? null, built: data.built };
}

function checkedOutage(where: string, entry: ManifestFile['outages'][number], series: readonly Series[]): Outage {
  const symbols = new Set(series.filter((one) => one.exchange === entry.exchange).map((one) => one.symbol));
  if (symbols.size === 0) throw new ConfigError(`${where}.exchange "${entry.exchange}" has no series here; name a venue of this file`);
  const stray = entry.symbols === 'all' ? undefined : entry.symbols.find((one) => !symbols.has(one));
  if (stray !== undefined) throw new ConfigError(`${where}.symbols "${stray}" has no series at ${entry.exchange}; remove it or write all`);
  if (entry.to <= entry.from) {
    throw new ConfigError(`${where}.to "${iso(entry.to)}" is not after from "${iso(entry.from)}"; set a later time or remove the outage`);
  }
  return { exchange: entry.exchange, symbols: entry.symbols, fromMs: entry.from, toMs: entry.to };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
