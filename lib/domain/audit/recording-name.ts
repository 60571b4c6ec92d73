/** What the name of a recording file says. */
export type RecordingName = {
  /** As it is written: `kraken`; empty where the name says none. */
  readonly exchange: string;
  /** As the source writes it, without separators, in capitals: `BTCUSD`. */
  readonly market: string;
  /** Length of a candle, ms; null where the name says none. */
  readonly timeframeMs: number | null;
  /** Whether it says that there are candles or trades in the file: by a timeframe, or as an answer about them. */
  readonly isOfRows: boolean;
  /** Files of one recording share it: the folder, without its `klines`, `trades` or `ws`. */
  readonly folder: string;
};

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A recorded answer may be named after what was asked for: `kraken_OHLC_XBTUSDT_1m`. */
const ANSWERS: ReadonlySet<string> = new Set(['OHLC', 'Trades', 'klines', 'candles']);

/** Longest candle that a name may ask for: a day. */
const MAX_MINUTES = 1440;

/**
 * Reads `klines/kraken_BTC-USD_1m.csv.gz`, `binance_BTCUSDT_15m_2025-05-20_2025-06-30.csv.gz` or `kraken_XXBTZUSD_60.csv.gz` (minutes): exchange,
 * market, timeframe, and whatever follows. Never refuses: what a name does not say is empty or null.
 */
export function readRecordingName(path: string): RecordingName {
  const slash = path.lastIndexOf('/');
  const [exchange = '', ...words] = path
    .slice(slash + 1)
    .replace(/\.(?:csv|ndjson|jsonl|json)(?:\.(?:gz|zst))?$/, '')
    .split('_');
  const [market = '', ...rest] = ANSWERS.has(words[0] ?? '') ? words.slice(1) : words;
  const timeframeMs = rest.map(timeframeOf).find((found) => found !== null) ?? null;
  const folder = path.slice(0, Math.max(0, slash)).replace(/(?:^|\/)(?:klines|trades|ws|rest)$/, '');
  const isOfRows = timeframeMs !== null || words.some((word) => ANSWERS.has(word));
  return { exchange, market: market.replaceAll('-', '').toUpperCase(), timeframeMs, isOfRows, folder };
}

function timeframeOf(text: string): number | null {
  const [, count = '', unit = 'm'] = /^(\d{1,4})([mhd])?$/.exec(text) ?? [];
  const lengthMs = Number(count) * (UNIT_MS[unit] ?? 0);
  return lengthMs > 0 && lengthMs <= MAX_MINUTES * 60_000 ? lengthMs : null;
}

/** `5m`, `1h`, `1d`; for people. */
export function timeframeText(timeframeMs: number): string {
  const unit = Object.entries(UNIT_MS).findLast(([, unitMs]) => timeframeMs % unitMs === 0);
  return unit === undefined ? `${timeframeMs} ms` : `${timeframeMs / unit[1]}${unit[0]}`;
}
