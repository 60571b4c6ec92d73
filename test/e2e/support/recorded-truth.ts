import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { load } from 'js-yaml';

// What the venues of a recording folder serve, worked out a second time on purpose and from the files alone: nothing of lib/ is used.

export const STEP_MS: Readonly<Record<string, number>> = { '1m': 60_000, '5m': 300_000, '1h': 3_600_000 };

/** Decimals as integers of 1e-18; `quote` and `trades` null where the venue says nothing about them. */
export type TrueCandle = {
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly volume: bigint;
  readonly quote: bigint | null;
  readonly trades: bigint | null;
};

type Rows = { readonly byTime: ReadonlyMap<number, TrueCandle>; readonly firstMs: number; readonly lastMs: number };
type Outage = { readonly exchange: string; readonly symbols: 'all' | readonly string[]; readonly from: string; readonly to: string };
type Manifest = {
  readonly name: string;
  readonly venues: Readonly<
    Record<string, { readonly series: readonly { readonly symbol: string; readonly timeframes: readonly string[] }[] }>
  >;
  readonly outages?: readonly Outage[];
};

type TrueSeries = {
  readonly exchange: string;
  readonly symbol: string;
  readonly timeframe: string;
  /** `kraken BTC/USD 5m`, as reports name it. */
  readonly key: string;
  /** The closed candle that opens at the time, as the venue serves it; undefined where it serves none. */
  readonly at: (openMs: number) => TrueCandle | undefined;
};

export function manifestOf(folder: string): Manifest {
  return load(readFileSync(join(folder, 'recording.yaml'), 'utf8')) as Manifest;
}

function seriesOf(folder: string): readonly TrueSeries[] {
  const { venues, outages = [] } = manifestOf(folder);
  return Object.entries(venues).flatMap(([exchange, venue]) =>
    venue.series.flatMap(({ symbol, timeframes }) => {
      const own = outages.filter((one) => one.exchange === exchange && (one.symbols === 'all' || one.symbols.includes(symbol)));
      const isDown = (fromMs: number, toMs: number): boolean =>
        own.some((one) => Date.parse(one.from) <= fromMs && toMs <= Date.parse(one.to));
      const minutes = readRows(folder, exchange, symbol, '1m');
      return timeframes.map((timeframe) => ({
        exchange,
        symbol,
        timeframe,
        key: `${exchange} ${symbol} ${timeframe}`,
        at: servedBy(exchange, timeframe, { rows: readRows(folder, exchange, symbol, timeframe), minutes, isDown }),
      }));
    }),
  );
}

type Source = {
  readonly rows: Rows | undefined;
  readonly minutes: Rows | undefined;
  readonly isDown: (fromMs: number, toMs: number) => boolean;
};

function servedBy(exchange: string, timeframe: string, { rows, minutes, isDown }: Source): (openMs: number) => TrueCandle | undefined {
  const stepMs = STEP_MS[timeframe] ?? Number.NaN;
  const single = (from: Rows | undefined, openMs: number, lengthMs: number): TrueCandle | undefined =>
    from === undefined || isDown(openMs, openMs + lengthMs)
      ? undefined
      : (from.byTime.get(openMs) ?? flatAt(exchange, from, openMs, lengthMs));
  return (openMs) => {
    const hasMinutes = minutes !== undefined && minutes.firstMs <= openMs && openMs + stepMs <= minutes.lastMs + 60_000;
    if (timeframe === '1m' || !hasMinutes) return single(rows, openMs, stepMs);
    const parts: TrueCandle[] = [];
    for (let timeMs = openMs; timeMs < openMs + stepMs; timeMs += 60_000) {
      const part = single(minutes, timeMs, 60_000);
      if (part !== undefined) parts.push(part);
    }
    return parts.length === 0 ? undefined : rolledUp(parts);
  };
}

/** A step without a row: Coinbase sends none, the others repeat the close before, inside the recording. */
function flatAt(exchange: string, { byTime, firstMs, lastMs }: Rows, openMs: number, stepMs: number): TrueCandle | undefined {
  if (exchange === 'coinbase' || openMs < firstMs || openMs > lastMs) return undefined;
  let beforeMs = openMs;
  while (!byTime.has(beforeMs)) beforeMs -= stepMs;
  const close = byTime.get(beforeMs)?.close ?? 0n;
  return { open: close, high: close, low: close, close, volume: 0n, quote: exchange === 'kraken' ? null : 0n, trades: 0n };
}

/** Minutes without volume repeat an old price: they decide none while another minute has volume. */
function rolledUp(parts: readonly TrueCandle[]): TrueCandle {
  const traded = parts.filter(({ volume }) => volume > 0n);
  const deciding = traded.length > 0 ? traded : parts;
  const total = (read: (part: TrueCandle) => bigint | null): bigint | null =>
    parts.reduce<bigint | null>((sum, part) => {
      const value = read(part);
      return sum === null || value === null ? null : sum + value;
    }, 0n);
  return {
    open: deciding[0]?.open ?? 0n,
    high: deciding.reduce((most, { high }) => (high > most ? high : most), deciding[0]?.high ?? 0n),
    low: deciding.reduce((least, { low }) => (low < least ? low : least), deciding[0]?.low ?? 0n),
    close: deciding.at(-1)?.close ?? 0n,
    volume: total(({ volume }) => volume) ?? 0n,
    quote: total(({ quote }) => quote),
    trades: total(({ trades }) => trades),
  };
}

function readRows(folder: string, exchange: string, symbol: string, timeframe: string): Rows | undefined {
  const file = join(folder, 'klines', `${exchange}_${symbol.replace('/', '-')}_${timeframe}.csv.gz`);
  if (!existsSync(file)) return undefined;
  const [header = '', ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  const columns = header.split(',');
  const byTime = new Map<number, TrueCandle>();
  for (const line of lines) {
    const cells = line.split(',');
    const cell = (name: string): string | undefined => cells[columns.indexOf(name)];
    const figure = (name: string): bigint => scaled(cell(name) ?? '');
    const volume = figure('volume');
    // Binance sends both figures, Kraken the count, Coinbase neither. Where they were not recorded a 0 is served, which is unknown
    // beside a volume and true without one.
    const sent = (name: string, isSent: boolean): string | null => (isSent ? (cell(name) ?? (volume === 0n ? '0' : null)) : null);
    const quote = sent('quote_volume', exchange.startsWith('binance'));
    const trades = sent('trades', exchange !== 'coinbase');
    byTime.set(Number(cell('open_time')), {
      open: figure('open'),
      high: figure('high'),
      low: figure('low'),
      close: figure('close'),
      volume,
      quote: quote === null ? null : scaled(quote),
      trades: trades === null ? null : BigInt(trades),
    });
  }
  const times = [...byTime.keys()];
  return { byTime, firstMs: Math.min(...times), lastMs: Math.max(...times) };
}

/** Plain decimal text as an integer of 1e-18. */
export function scaled(text: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,18}))?$/.exec(text);
  if (match === null) throw new Error(`"${text}" is not a plain decimal`);
  const magnitude = BigInt(`${match[2]}${(match[3] ?? '').padEnd(18, '0')}`);
  return match[1] === '-' ? -magnitude : magnitude;
}

/** A candle as one comparable line. */
export function candleLine(key: string, openMs: number, candle: TrueCandle): string {
  const { open, high, low, close, volume, quote, trades } = candle;
  return [key, new Date(openMs).toISOString(), open, high, low, close, volume, quote ?? 'unknown', trades ?? 'unknown'].join(' ');
}

export type Window = { readonly fromMs: number; readonly untilMs: number; readonly backfill: number };

/** Every closed candle that was served from `backfill` candles before the first tick to the last tick, by series. */
export function expectedCandles(folder: string, { fromMs, untilMs, backfill }: Window): ReadonlyMap<string, readonly string[]> {
  return new Map(
    seriesOf(folder).map(({ key, timeframe, at }) => {
      const stepMs = STEP_MS[timeframe] ?? Number.NaN;
      const lines: string[] = [];
      for (let openMs = (Math.floor(fromMs / stepMs) - backfill) * stepMs; openMs + stepMs <= untilMs; openMs += stepMs) {
        const candle = at(openMs);
        if (candle !== undefined) lines.push(candleLine(key, openMs, candle));
      }
      return [key, lines];
    }),
  );
}
