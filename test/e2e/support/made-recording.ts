import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const DAY_MS = Date.UTC(2024, 1, 29);

/** A leap day of made-up markets that no committed recording has: other symbols, columns in another order, rare trades, tiny prices. */
export function makeRecording(folder: string): void {
  mkdirSync(join(folder, 'klines'), { recursive: true });
  writeFileSync(
    join(folder, 'recording.yaml'),
    `name: made-2024-02-29
description: A leap day of DOGE and ETH that never was
replay:
  from: 2024-02-29T10:00:00Z
  until: 2024-02-29T23:00:00Z
venues:
  coinbase:
    series:
      - { symbol: ETH/EUR, timeframes: [1m, 1h] }
  kraken:
    series:
      - { symbol: DOGE/USD, timeframes: [1m, 5m] }
      - { symbol: ETH/EUR, timeframes: [5m] }
outages:
  - { exchange: kraken, symbols: [DOGE/USD], from: 2024-02-29T10:20:00Z, to: 2024-02-29T10:33:00Z }
`,
  );
  const ether = minutes({ seed: 1, price: 310_000, rareness: 5, downFrom: DAY_MS, downTo: DAY_MS });
  write(folder, 'coinbase_ETH-EUR_1m', ether, 2);
  write(folder, 'coinbase_ETH-EUR_1h', rolledUp(ether, 3_600_000), 2);
  const doge = minutes({
    seed: 3,
    price: 1_200_000,
    rareness: 3,
    downFrom: Date.UTC(2024, 1, 29, 10, 20),
    downTo: Date.UTC(2024, 1, 29, 10, 33),
  });
  write(folder, 'kraken_DOGE-USD_1m', doge, 7);
  write(folder, 'kraken_DOGE-USD_5m', rolledUp(doge, 300_000), 7);
  const rareEther = minutes({ seed: 5, price: 310_000, rareness: 2, downFrom: DAY_MS, downTo: DAY_MS });
  write(folder, 'kraken_ETH-EUR_5m', rolledUp(rareEther, 300_000), 2);
}

/** Prices in ticks, the volume in hundred-millionths: integers, so that the same seed gives the same bytes on every machine. */
type MadeCandle = { openMs: number; open: number; high: number; low: number; close: number; volume: number };

type Market = {
  readonly seed: number;
  readonly price: number;
  readonly rareness: number;
  readonly downFrom: number;
  readonly downTo: number;
};

/** One minute in `rareness` has no row, and none that lies in the time in which the market is down. */
function minutes({ seed, price, rareness, downFrom, downTo }: Market): readonly MadeCandle[] {
  let state = seed;
  const dice = (sides: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
  let last = price;
  const candles: MadeCandle[] = [];
  for (let openMs = DAY_MS; openMs < DAY_MS + 86_400_000; openMs += 60_000) {
    if (openMs > DAY_MS && (dice(rareness) === 0 || (openMs >= downFrom && openMs < downTo))) continue;
    const open = last + dice(21) - 10;
    const close = open + dice(41) - 20;
    last = close;
    candles.push({
      openMs,
      open,
      high: Math.max(open, close) + dice(10),
      low: Math.min(open, close) - dice(10),
      close,
      volume: 1 + dice(2_000_000_000),
    });
  }
  return candles;
}

function rolledUp(candles: readonly MadeCandle[], stepMs: number): readonly MadeCandle[] {
  const buckets = new Map<number, MadeCandle>();
  for (const candle of candles) {
    const openMs = candle.openMs - (candle.openMs % stepMs);
    const bucket = buckets.get(openMs);
    if (bucket === undefined) {
      buckets.set(openMs, { ...candle, openMs });
      continue;
    }
    bucket.high = Math.max(bucket.high, candle.high);
    bucket.low = Math.min(bucket.low, candle.low);
    bucket.close = candle.close;
    bucket.volume += candle.volume;
  }
  return [...buckets.values()];
}

function write(folder: string, name: string, candles: readonly MadeCandle[], priceDecimals: number): void {
  const text = (value: number, decimals: number): string =>
    `${Math.floor(value / 10 ** decimals)}.${String(value % 10 ** decimals).padStart(decimals, '0')}`;
  const lines = candles.map(({ openMs, open, high, low, close, volume }) =>
    [text(volume, 8), ...[close, low, high, open].map((price) => text(price, priceDecimals)), openMs].join(','),
  );
  writeFileSync(join(folder, 'klines', `${name}.csv.gz`), gzipSync(`volume,close,low,high,open,open_time\n${lines.join('\n')}\n`));
}
