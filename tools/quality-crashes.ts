import type { Trade, TradeSource } from '#core/trade.ts';
import { madeTrade, priceOf, seeded, syntheticMarch } from './quality-inputs.ts';

export type Crash = { readonly name: string; readonly source: TradeSource; readonly trades: readonly Trade[] };

const SEED = 20_230_817;

/** Crashes that happened, on paths made up from their candles: the recordings have no trades of them. */
export function crashes(): readonly Crash[] {
  const aroundPeg = (name: string): Crash => {
    const input = syntheticMarch().find((one) => one.name.startsWith(name));
    const [fromMs, untilMs] = [Date.UTC(2023, 2, 11, 7), Date.UTC(2023, 2, 11, 8)];
    const trades = (input?.trades ?? []).filter(({ eventTimeMs }) => eventTimeMs >= fromMs && eventTimeMs < untilMs);
    return { name: `${name} 2023-03-11 07:00 to 08:00`, source: 'synthetic', trades };
  };
  return [
    aroundPeg('kraken BTC/USDC'),
    aroundPeg('kraken USDC/USD'),
    aroundPeg('binanceus USDC/USDT'),
    fiveMinutes('binance BTC/USDT 2023-08-17 21:40, evenly', 300),
    fiveMinutes('binance BTC/USDT 2023-08-17 21:40, within 20 s', 20),
    fiveMinutes('binance BTC/USDT 2023-08-17 21:40, within 1 s', 1),
    fiveMinutes('binance BTC/USDT 2023-08-17 21:40, at once', 0),
  ];
}

/**
 * Binance BTC/USDT, 2023-08-17 21:40 UTC, five minutes: open 27578.74, high 27605.86, low 25188, close 25188.01. A walk of 40 trades a second
 * with noise of 1 bp, whose fall takes so many seconds.
 */
function fiveMinutes(name: string, fallSeconds: number): Crash {
  const [open, low, openTimeMs] = [27_578.74, 25_188, Date.UTC(2023, 7, 17, 21, 40)];
  const random = seeded(SEED);
  const fallStartMs = fallSeconds >= 300 ? 0 : 120_000;
  const trades = Array.from({ length: 300 * 40 }, (_, index) => {
    const afterMs = index * 25;
    const part =
      fallSeconds === 0 ? Number(afterMs >= fallStartMs) : Math.min(1, Math.max(0, (afterMs - fallStartMs) / (fallSeconds * 1000)));
    const price = (open + (low - open) * part) * (1 + (random() - 0.5) / 5000);
    return madeTrade('binance', 'BTC/USDT', String(index + 1), Math.min(27_605.86, Math.max(low, price)), openTimeMs + afterMs);
  });
  return { name, source: 'stream', trades };
}

/** Recorded trades whose prices are lower by so much from the middle on. */
export function lastingCrash(trades: readonly Trade[], percent: number): Crash {
  const middle = Math.floor(trades.length / 2);
  const fallen = trades.map((trade, index) =>
    index < middle ? trade : { ...trade, price: priceOf(Number(trade.price) * (1 - percent / 100)) },
  );
  return { name: `binance BTC/USDT 2024-08, from the middle on ${percent} % lower`, source: 'stream', trades: fallen };
}
