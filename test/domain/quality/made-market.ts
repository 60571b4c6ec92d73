import type { Decimal } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Trade, TradeSource } from '#core/trade.ts';
import type { QualitySettings } from '#domain/quality/quality-verdict.ts';
import { createTradeQuality } from '#domain/quality/trade-quality.ts';

export const NOON = Date.UTC(2026, 10, 22, 12);

/** As shipped; written down here so that a test says what it relies on. */
export const SETTINGS: QualitySettings = {
  maxAgeMs: 60_000,
  maxAheadMs: 5000,
  jumpPercent: 5,
  outlierTrades: 51,
  outlierSpreads: 4,
  outlierFloorBps: 12,
  venuePercent: 2,
  venueCount: 3,
  venueFreshMs: 10_000,
  levelTrades: 5,
  levelMs: 2000,
  loneVenueMs: 2000,
};

export function madeTrade(price: string, eventTimeMs: number, id: string, exchange: Exchange = 'kraken', symbol = 'BTC/USDT'): Trade {
  return {
    exchange,
    symbol: symbol as MarketSymbol,
    id,
    price: price as Decimal,
    size: '1' as Decimal,
    side: 'buy',
    eventTimeMs,
    receivedAtMs: eventTimeMs,
  };
}

export type Sent = { readonly exchange?: Exchange; readonly symbol?: string; readonly source?: TradeSource; readonly id?: number };

/** Exchanges whose trades come the moment they happen. Time stands still unless it is told to pass. */
export function market(settings: Partial<QualitySettings> = {}) {
  const { check } = createTradeQuality({ ...SETTINGS, ...settings });
  let timeMs = NOON;
  let nextId = 1000;
  const judge = (price: number | string, { exchange = 'kraken', symbol = 'BTC/USDT', source = 'stream', id }: Sent = {}) => {
    const trade = madeTrade(String(price), timeMs, String(id ?? (nextId += 1)), exchange, symbol);
    return check(trade, timeMs, source);
  };
  return {
    check,
    judge,
    nowMs: () => timeMs,
    pass: (ms: number) => void (timeMs += ms),
    /** A trade a step; returns the verdicts in short: one letter each, `g` or `s` or `r`. */
    send(prices: readonly (number | string)[], stepMs = 10, sent: Sent = {}): string {
      return prices.map((price) => ((timeMs += stepMs), judge(price, sent).verdict[0])).join('');
    },
    /** The same price at each of these exchanges in turn, some seconds long. */
    settle(price: number, exchanges: readonly Exchange[], rounds = 60): void {
      for (let round = 0; round < rounds; round += 1) {
        timeMs += 100;
        for (const exchange of exchanges) judge(price, { exchange });
      }
    },
  };
}

export function times<T>(count: number, value: T): readonly T[] {
  return Array.from({ length: count }, () => value);
}
