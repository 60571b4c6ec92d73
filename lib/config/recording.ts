import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { load, YAMLException } from 'js-yaml';
import * as z from 'zod';
import { ConfigError } from '#core/errors.ts';
import { EXCHANGES, type Exchange } from '#core/exchange.ts';
import type { Outage, RecordedMetadata, RecordingManifest } from '#core/recording.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAMES } from '#core/timeframe.ts';

export const MANIFEST_FILE = 'recording.yaml';

const MAX_MANIFEST_BYTES = 256 * 1024;

/**
 * Reads and checks `recording.yaml` of a recording folder; the format is in docs/recordings.md. The files that it names are
 * not opened here. Throws `ConfigError`: one line with file, path, value, expectation and cure.
 */
export function loadRecordingManifest(dir: string): RecordingManifest {
  const file = join(dir, MANIFEST_FILE);
  const document = parseYaml(file, readManifestText(file));
  const parsed = MANIFEST.safeParse(document);
  if (!parsed.success) throw new ConfigError(issueMessage(file, document, parsed.error));
  return checkedManifest(dir, file, parsed.data);
}

// ---- shape of the file ----

const SYMBOL_EXPECTED = 'is not a market symbol; write BASE/QUOTE in capitals, such as "BTC/USD"';
const TIME_EXPECTED = 'is not a UTC time on a whole minute; write it as 2023-03-11T00:00:00Z';
const FILE_EXPECTED = 'is not a file in the folder rest/; write it as rest/<name>.json.gz';
const TIMEFRAME_EXPECTED = `is not a timeframe; use one of ${TIMEFRAMES.join(', ')}`;
const TEXT_EXPECTED = 'is not a text of 1 to 2000 characters; describe the recording there';
const SYMBOLS_EXPECTED = 'is neither "all" nor a list of market symbols; write all, or a list such as [BTC/USD]';

const symbol = z.custom<MarketSymbol>((value) => parseMarketSymbol(value) !== undefined, { error: SYMBOL_EXPECTED });
const time = z.custom<string>((value) => parseTime(value) !== undefined, { error: TIME_EXPECTED }).transform((text) => parseTime(text) ?? 0);
const bodyFile = z.string({ error: FILE_EXPECTED }).regex(/^rest\/[\w.-]+\.json\.gz$/, { error: FILE_EXPECTED });
const text = z.string({ error: TEXT_EXPECTED }).min(1, { error: TEXT_EXPECTED }).max(2000, { error: TEXT_EXPECTED });

const VENUE = z.strictObject({
  series: z.array(z.strictObject({ symbol, timeframes: z.array(z.enum(TIMEFRAMES, { error: TIMEFRAME_EXPECTED })).min(1) })).min(1),
  metadata: z
    .strictObject({ markets: bodyFile.optional(), assets: bodyFile.optional(), built: z.array(symbol).default([]) })
    .optional(),
});

const MANIFEST = z.strictObject({
  name: text,
  description: text,
  replay: z.strictObject({ from: time, until: time }),
  venues: z.strictObject(Object.fromEntries(EXCHANGES.map((exchange) => [exchange, VENUE.optional()])) as Record<Exchange, z.ZodOptional<typeof VENUE>>),
  outages: z
    .array(
      z.strictObject({
        exchange: z.enum(EXCHANGES, { error: `is not an exchange; use one of ${EXCHANGES.join(', ')}` }),
        symbols: z.union([z.literal('all'), z.array(symbol).min(1)], { error: SYMBOLS_EXPECTED }),
        from: time,
        to: time,
      }),
    )
    .default([]),
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
  const { series, metadata } = venuesOf(file, data);
  const { from, until } = data.replay;
  if (until <= from) throw new ConfigError(`${file}: replay.until "${iso(until)}" is not after replay.from "${iso(from)}"; set a later time`);
  return {
    dir,
    name: data.name,
    description: data.description,
    series,
    metadata,
    outages: data.outages.map((entry, index) => checkedOutage(`${file}: outages[${index}]`, entry, series)),
    replayFromMs: from,
    replayUntilMs: until,
  };
}

function venuesOf(file: string, data: ManifestFile): { series: Series[]; metadata: Partial<Record<Exchange, RecordedMetadata>> } {
  const series: Series[] = [];
  const metadata: Partial<Record<Exchange, RecordedMetadata>> = {};
  for (const exchange of EXCHANGES) {
    const venue = data.venues[exchange];
    if (venue === undefined) continue;
    const where = `${file}: venues.${exchange}`;
    const own = venue.series.flatMap((entry) => entry.timeframes.map((timeframe) => ({ exchange, symbol: entry.symbol, timeframe })));
    refuseDuplicates(where, own);
    series.push(...own);
    metadata[exchange] = metadataOf(where, exchange, venue.metadata, new Set(own.map((one) => one.symbol)));
  }
  if (series.length === 0) throw new ConfigError(`${file}: venues is empty; list at least one of ${EXCHANGES.join(', ')} with a series`);
  return { series, metadata };
}

function refuseDuplicates(where: string, series: readonly Series[]): void {
  const seen = new Set<string>();
  for (const one of series) {
    const key = seriesKey(one);
    if (seen.has(key)) throw new ConfigError(`${where}.series lists "${key}" twice; each series belongs there once; remove one`);
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

// ---- reading YAML ----

function readManifestText(file: string): string {
  try {
    const bytes = statSync(file).size;
    if (bytes > MAX_MANIFEST_BYTES) {
      throw new ConfigError(`${file} has ${bytes} bytes; at most ${MAX_MANIFEST_BYTES} are read; is it a recording.yaml?`);
    }
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ConfigError(`${file} cannot be read (${code}); a recording folder holds a readable recording.yaml (docs/recordings.md)`, { cause });
  }
}

function parseYaml(file: string, source: string): unknown {
  try {
    return load(source);
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const line = cause.mark === undefined ? '' : ` line ${cause.mark.line + 1}`;
    throw new ConfigError(`${file}${line}: ${oneLine(cause.reason)}; correct the YAML there`, { cause });
  }
}

function issueMessage(file: string, document: unknown, error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return `${file} is not a recording manifest; see docs/recordings.md`;
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return `${file}: ${path === '' ? '' : `${path}: `}unknown key "${issue.keys[0] ?? ''}"; remove it or correct its name (docs/recordings.md)`;
  }
  const value = valueAt(document, issue.path);
  const problem = issue.code === 'invalid_type' || issue.code === 'too_small' ? shapeProblem(issue, value) : issue.message;
  const shown = value === undefined ? 'is missing; ' : `${quoted(value)} `;
  return oneLine(`${file}: ${path === '' ? 'the document' : path} ${shown}${problem}`);
}

function shapeProblem(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'add the key (docs/recordings.md)';
  if (issue.message.startsWith('is ')) return issue.message;
  if (issue.code === 'too_small') return 'has too few entries; list at least one';
  return `has the wrong shape; expected ${issue.code === 'invalid_type' ? issue.expected : 'another value'} (docs/recordings.md)`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('').replace(/^\./, '');
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    const known = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return known ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }, document);
}

function quoted(value: unknown): string {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${shown.length > 80 ? `${shown.slice(0, 80)}...` : shown}"`;
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}
