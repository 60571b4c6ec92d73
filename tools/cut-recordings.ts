/**
 * Cuts the folders under `recordings/` from a folder of collected market data: `node tools/cut-recordings.ts <source folder>`.
 * The same source gives the same bytes. What is cut from where, and why it may be, is in recordings/README.md.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { argv } from 'node:process';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fromScaled, parseDecimal, toScaled, type Decimal } from '../lib/core/decimal.ts';
import type { Exchange } from '../lib/core/exchange.ts';
import { TIMEFRAME_MS, type Timeframe } from '../lib/core/timeframe.ts';

type Row = {
  readonly openTimeMs: number;
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
  readonly volume: Decimal;
  readonly quoteVolume: Decimal | null;
  readonly trades: number | null;
};

type Span = { readonly from: string; readonly until: string };
/** `file` holds candles of `source`; the others are rolled up from it. */
type Cut = { readonly symbol: string; readonly file: string; readonly source: Timeframe; readonly spans: Partial<Record<Timeframe, Span>> };
type Outage = { readonly exchange: Exchange; readonly symbols: string; readonly from: string; readonly to: string };
type Venue = { readonly exchange: Exchange; readonly cuts: readonly Cut[]; readonly metadata: readonly string[] };
type Folder = {
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly replay: Span;
  readonly venues: readonly Venue[];
  readonly outages: readonly Outage[];
};

const OUT = join(import.meta.dirname, '..', 'recordings');

// ---- what is cut ----

type Spans = Cut['spans'];
const depeg = (spans: Spans, exchange: Exchange, symbols: readonly string[]): Cut[] =>
  symbols.map((symbol) => {
    const market = symbol.replace('/', exchange === 'binanceus' ? '' : '-');
    return { symbol, file: `klines/depeg-2023-03/${exchange}_${market}_1m.csv.gz`, source: '1m', spans };
  });

const DEFAULT_SPANS: Spans = {
  '1m': { from: '2023-03-10T00:00:00Z', until: '2023-03-13T00:00:00Z' },
  '5m': { from: '2023-03-01T00:00:00Z', until: '2023-03-13T00:00:00Z' },
  '1h': { from: '2023-03-01T00:00:00Z', until: '2023-03-13T00:00:00Z' },
};
const COINBASE_OUTAGE_SPANS: Spans = {
  '1m': { from: '2023-03-04T06:00:00Z', until: '2023-03-05T06:00:00Z' },
  '5m': { from: '2023-03-03T00:00:00Z', until: '2023-03-05T06:00:00Z' },
  '1h': { from: '2023-03-01T00:00:00Z', until: '2023-03-05T06:00:00Z' },
};
const KRAKEN_OUTAGE_SPANS: Spans = {
  '1m': { from: '2023-03-16T06:00:00Z', until: '2023-03-17T06:00:00Z' },
  '5m': { from: '2023-03-15T00:00:00Z', until: '2023-03-17T06:00:00Z' },
  '1h': { from: '2023-03-13T00:00:00Z', until: '2023-03-17T06:00:00Z' },
};
const BINANCE_OUTAGE_SPAN: Span = { from: '2023-03-22T12:00:00Z', until: '2023-03-25T00:00:00Z' };
const OTHER_SPANS: Spans = {
  '1m': { from: '2025-06-10T00:00:00Z', until: '2025-06-12T00:00:00Z' },
  '5m': { from: '2025-06-09T00:00:00Z', until: '2025-06-12T00:00:00Z' },
  '1h': { from: '2025-06-05T00:00:00Z', until: '2025-06-12T00:00:00Z' },
};

const COINBASE_DOWN: Outage = { exchange: 'coinbase', symbols: 'all', from: '2023-03-04T17:00:00Z', to: '2023-03-04T21:37:00Z' };
const COINBASE_MARKETS = 'markets: rest/coinbase_products.json.gz';
const KRAKEN_BODIES = ['markets: rest/kraken_AssetPairs.json.gz', 'assets: rest/kraken_Assets.json.gz'];
const BINANCE_MARKETS = 'markets: rest/binance_exchangeInfo.json.gz';

const FOLDERS: readonly Folder[] = [
  {
    path: '.',
    name: 'usdc-depeg-2023-03',
    description: 'The de-peg of USDC, 10 to 12 March 2023, at Binance.US, Coinbase and Kraken',
    replay: { from: '2023-03-11T00:00:00Z', until: '2023-03-13T00:00:00Z' },
    venues: [
      {
        exchange: 'binanceus',
        cuts: depeg(DEFAULT_SPANS, 'binanceus', ['BTC/USDT', 'BTC/USDC', 'USDC/USDT']),
        metadata: ['built: [BTC/USDT, BTC/USDC, USDC/USDT]'],
      },
      { exchange: 'coinbase', cuts: depeg(DEFAULT_SPANS, 'coinbase', ['BTC/USDT', 'BTC/USD', 'USDT/USD']), metadata: [COINBASE_MARKETS] },
      {
        exchange: 'kraken',
        cuts: depeg(DEFAULT_SPANS, 'kraken', ['BTC/USDC', 'BTC/USDT', 'BTC/USD', 'USDC/USD', 'USDT/USD']),
        metadata: KRAKEN_BODIES,
      },
    ],
    outages: [COINBASE_DOWN],
  },
  {
    path: 'outages/coinbase-2023-03-04',
    name: 'coinbase-outage-2023-03-04',
    description: 'Coinbase down for 277 minutes on 4 March 2023',
    replay: { from: '2023-03-04T15:00:00Z', until: '2023-03-05T00:00:00Z' },
    venues: [
      {
        exchange: 'coinbase',
        cuts: depeg(COINBASE_OUTAGE_SPANS, 'coinbase', ['BTC/USDT', 'BTC/USD', 'USDT/USD']),
        metadata: [COINBASE_MARKETS],
      },
    ],
    outages: [COINBASE_DOWN],
  },
  {
    path: 'outages/kraken-2023-03-16',
    name: 'kraken-outage-2023-03-16',
    description: 'Kraken without a trade for 12 minutes on 16 March 2023',
    replay: { from: '2023-03-16T21:00:00Z', until: '2023-03-17T00:00:00Z' },
    venues: [
      { exchange: 'kraken', cuts: depeg(KRAKEN_OUTAGE_SPANS, 'kraken', ['BTC/USDT', 'BTC/USD', 'USDT/USD']), metadata: KRAKEN_BODIES },
    ],
    outages: [{ exchange: 'kraken', symbols: 'all', from: '2023-03-16T22:01:00Z', to: '2023-03-16T22:13:00Z' }],
  },
  {
    path: 'outages/binance-2023-03-24',
    name: 'binance-outage-2023-03-24',
    description: 'Binance without spot trading on 24 March 2023: flat candles from 11:30, none from 12:40 to 14:00',
    replay: { from: '2023-03-24T10:00:00Z', until: '2023-03-24T18:00:00Z' },
    venues: [
      {
        exchange: 'binance',
        cuts: [
          {
            symbol: 'BTC/USDT',
            file: 'klines/long/binance_BTCUSDT_5m_2023-01-01_2023-12-30.csv.gz',
            source: '5m',
            spans: { '5m': BINANCE_OUTAGE_SPAN },
          },
          {
            symbol: 'BTC/USDT',
            file: 'klines/long/binance_BTCUSDT_1h_2023-01-01_2024-01-10.csv.gz',
            source: '1h',
            spans: { '1h': { from: '2023-03-18T00:00:00Z', until: '2023-03-25T00:00:00Z' } },
          },
          {
            symbol: 'ETH/USDT',
            file: 'klines/long/binance_ETHUSDT_5m_2023-01-01_2023-12-30.csv.gz',
            source: '5m',
            spans: { '5m': BINANCE_OUTAGE_SPAN },
          },
        ],
        metadata: [BINANCE_MARKETS],
      },
    ],
    outages: [{ exchange: 'binance', symbols: 'all', from: '2023-03-24T12:40:00Z', to: '2023-03-24T14:00:00Z' }],
  },
  {
    path: 'other/btc-eth-2025-06',
    name: 'binance-2025-06',
    description: 'Two ordinary days of BTC and ETH at Binance, 10 and 11 June 2025',
    replay: { from: '2025-06-10T12:00:00Z', until: '2025-06-12T00:00:00Z' },
    venues: [
      {
        exchange: 'binance',
        cuts: ['BTC', 'ETH'].map((base) => ({
          symbol: `${base}/USDT`,
          file: `klines/binance-2025/binance_${base}USDT_1m_2025-05-20_2025-06-30.csv.gz`,
          source: '1m' as const,
          spans: OTHER_SPANS,
        })),
        metadata: [BINANCE_MARKETS],
      },
    ],
    outages: [],
  },
];

// ---- candles ----

function readRows(source: string, { file, source: timeframe }: Cut, isKraken: boolean): Row[] {
  const [header = '', ...lines] = gunzipSync(readFileSync(join(source, file)))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const names = header.split(',');
  return lines.map((line, index) => {
    const cells = line.split(',');
    const text = (name: string): string => cells[names.indexOf(name)] ?? '';
    const figure = (name: string): Decimal => decimal(text(name), `${file} line ${index + 2} ${name}`);
    const openTimeMs = Number(text('open_time'));
    if (openTimeMs % TIMEFRAME_MS[timeframe] !== 0) throw new RangeError(`${file} line ${index + 2}: open_time is off the grid`);
    return {
      openTimeMs,
      open: figure('open'),
      high: figure('high'),
      low: figure('low'),
      close: figure('close'),
      // Kraken trades in steps of 1e-8; what lies below is noise of the floating-point sums at the source.
      volume: isKraken ? roundedTo8(text('volume')) : figure('volume'),
      quoteVolume: names.includes('quote_volume') ? figure('quote_volume') : null,
      trades: names.includes('trades') ? Number(text('trades')) : null,
    };
  });
}

function decimal(text: string, where: string): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new RangeError(`${where}: "${text}" is not an exact decimal`);
  return value;
}

/** Half up, on the digits of the text. */
function roundedTo8(text: string): Decimal {
  const match = /^(\d+)(?:\.(\d+))?(?:e(-?\d+))?$/i.exec(text);
  if (match === null) throw new RangeError(`volume "${text}" is not a number`);
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const places = fraction.length - Number(exponent) - 8;
  const digits = BigInt(whole + fraction);
  const units = places <= 0 ? digits * 10n ** BigInt(-places) : (digits + 5n * 10n ** BigInt(places - 1)) / 10n ** BigInt(places);
  return fromScaled(units * 10n ** 10n);
}

/** Buckets without a row stay away. Rows without a trade repeat an old price: they count only where the bucket has nothing else. */
function rollUp(rows: readonly Row[], timeframe: Timeframe): Row[] {
  const buckets = Map.groupBy(rows, (row) => row.openTimeMs - (row.openTimeMs % TIMEFRAME_MS[timeframe]));
  return [...buckets].map(([openTimeMs, all]) => {
    const traded = all.filter((row) => row.volume !== '0');
    return rolled(openTimeMs, traded.length > 0 ? traded : all);
  });
}

function rolled(openTimeMs: number, rows: readonly Row[]): Row {
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('a bucket has at least one row');
  const byPrice = (pick: 'high' | 'low'): Decimal[] => rows.map((row) => row[pick]).sort((a, b) => (toScaled(a) < toScaled(b) ? -1 : 1));
  return {
    openTimeMs,
    open: first.open,
    high: byPrice('high').at(-1) ?? first.high,
    low: byPrice('low')[0] ?? first.low,
    close: last.close,
    volume: fromScaled(rows.reduce((sum, row) => sum + toScaled(row.volume), 0n)),
    quoteVolume:
      first.quoteVolume === null ? null : fromScaled(rows.reduce((sum, row) => sum + toScaled(row.quoteVolume ?? first.volume), 0n)),
    trades: first.trades === null ? null : rows.reduce((sum, row) => sum + (row.trades ?? 0), 0),
  };
}

function csvOf(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) throw new RangeError('nothing was cut: the span holds no row');
  const extras = [first.quoteVolume === null ? '' : ',quote_volume', first.trades === null ? '' : ',trades'].join('');
  const lines = rows.map((row) =>
    [row.openTimeMs, row.open, row.high, row.low, row.close, row.volume, row.quoteVolume, row.trades]
      .filter((value) => value !== null)
      .join(','),
  );
  return `open_time,open,high,low,close,volume${extras}\n${lines.join('\n')}\n`;
}

function cutCandles(source: string, folder: Folder): void {
  for (const { exchange, cuts } of folder.venues) {
    for (const cut of cuts) {
      const rows = readRows(source, cut, exchange === 'kraken');
      for (const [timeframe, span] of Object.entries(cut.spans) as [Timeframe, Span][]) {
        const wanted = rows.filter((row) => row.openTimeMs >= Date.parse(span.from) && row.openTimeMs < Date.parse(span.until));
        const kept = timeframe === cut.source ? wanted : rollUp(wanted, timeframe);
        write(folder, `klines/${exchange}_${cut.symbol.replace('/', '-')}_${timeframe}.csv.gz`, gzipped(csvOf(kept)));
      }
    }
  }
}

// ---- metadata ----

type Json = Record<string, unknown>;
type Body = { readonly source: string; readonly cut: (body: Json, symbols: ReadonlySet<string>) => Json };

const isOf = (symbols: ReadonlySet<string>, base: unknown, quote: unknown): boolean => symbols.has(`${String(base)}/${String(quote)}`);
const KRAKEN_ASSETS: Record<string, string> = { BTC: 'XXBT', USD: 'ZUSD' };

const BODIES: Readonly<Record<string, Body>> = {
  'rest/binance_exchangeInfo.json.gz': {
    source: 'rest/binance_exchangeInfo_2024-09-08.json.gz',
    cut: (body, symbols) => ({
      ...body,
      symbols: (body['symbols'] as Json[]).filter((one) => isOf(symbols, one['baseAsset'], one['quoteAsset'])),
    }),
  },
  'rest/coinbase_products.json.gz': {
    source: 'rest/coinbase_products_2026-08-09.json.gz',
    cut: (body, symbols) => {
      const products = (body['products'] as Json[]).filter((one) => isOf(symbols, one['base_currency_id'], one['quote_currency_id']));
      return { ...body, products, num_products: products.length };
    },
  },
  'rest/kraken_AssetPairs.json.gz': {
    source: 'rest/kraken_AssetPairs_2025-07-23.json.gz',
    cut: (body, symbols) => ({
      ...body,
      result: Object.fromEntries(
        Object.entries(body['result'] as Record<string, Json>).filter(([, pair]) =>
          symbols.has(String(pair['wsname']).replace('XBT', 'BTC')),
        ),
      ),
    }),
  },
  'rest/kraken_Assets.json.gz': {
    source: 'rest/kraken_Assets_2023-03-11.json.gz',
    cut: (body, symbols) => {
      const used = new Set([...symbols].flatMap((symbol) => symbol.split('/')).map((asset) => KRAKEN_ASSETS[asset] ?? asset));
      return { ...body, result: Object.fromEntries(Object.entries(body['result'] as Json).filter(([id]) => used.has(id))) };
    },
  },
};

function cutMetadata(source: string, folder: Folder): void {
  for (const { cuts, metadata } of folder.venues) {
    const symbols = new Set(cuts.map((cut) => cut.symbol));
    for (const line of metadata) {
      const name = line.split(': ')[1] ?? '';
      const body = BODIES[name];
      if (body === undefined) continue;
      const recorded = JSON.parse(gunzipSync(readFileSync(join(source, body.source))).toString('utf8')) as Json;
      write(folder, name, gzipped(JSON.stringify(body.cut(recorded, symbols))));
    }
  }
}

// ---- files ----

function manifestOf(folder: Folder): string {
  const venues = folder.venues.flatMap(({ exchange, cuts, metadata }) => {
    const bySymbol = Map.groupBy(cuts, (cut) => cut.symbol);
    const series = [...bySymbol].map(
      ([symbol, own]) => `      - { symbol: ${symbol}, timeframes: [${own.flatMap((cut) => Object.keys(cut.spans)).join(', ')}] }`,
    );
    return [`  ${exchange}:`, '    series:', ...series, '    metadata:', ...metadata.map((line) => `      ${line}`)];
  });
  const outages = folder.outages.map(
    (one) => `  - { exchange: ${one.exchange}, symbols: ${one.symbols}, from: ${one.from}, to: ${one.to} }`,
  );
  const lines = [
    '# Written by tools/cut-recordings.ts. The format is described in docs/recordings.md.',
    `name: ${folder.name}`,
    `description: ${JSON.stringify(folder.description)}`,
    'replay:',
    `  from: ${folder.replay.from}`,
    `  until: ${folder.replay.until}`,
    'venues:',
    ...venues,
    ...(outages.length === 0 ? [] : ['outages:', ...outages]),
  ];
  return `${lines.join('\n')}\n`;
}

function gzipped(text: string): Uint8Array {
  const bytes = gzipSync(text, { level: 9 });
  // Byte 9 names the operating system, the only thing in the header that differs between machines; 255 is "unknown".
  bytes[9] = 255;
  return bytes;
}

function write(folder: Folder, name: string, content: Uint8Array | string): void {
  const file = join(OUT, folder.path, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function checksums(): string {
  const files = readdirSync(OUT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (entry.name.endsWith('.gz') || entry.name === 'recording.yaml'))
    .map((entry) => relative(OUT, join(entry.parentPath, entry.name)))
    // Those have a tool and a list of their own.
    .filter((file) => !file.startsWith('trades/'))
    .sort();
  return files
    .map(
      (file) =>
        `${createHash('sha256')
          .update(readFileSync(join(OUT, file)))
          .digest('hex')}  ${file}\n`,
    )
    .join('');
}

const [, , source] = argv;
if (source === undefined) throw new Error('which source folder? node tools/cut-recordings.ts <source folder>');
for (const stale of ['klines', 'rest', 'outages', 'other']) rmSync(join(OUT, stale), { recursive: true, force: true });
for (const folder of FOLDERS) {
  cutCandles(source, folder);
  cutMetadata(source, folder);
  write(folder, 'recording.yaml', manifestOf(folder));
}
writeFileSync(join(OUT, 'SHA256SUMS'), checksums());
