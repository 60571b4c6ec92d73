/** The venues this platform knows. `binanceus` is Binance.US: the same protocol as `binance`, another order book. */
export const EXCHANGES = ['binance', 'binanceus', 'coinbase', 'kraken'] as const;

export type Exchange = (typeof EXCHANGES)[number];

export function isExchange(value: unknown): value is Exchange {
  return (EXCHANGES as readonly unknown[]).includes(value);
}
