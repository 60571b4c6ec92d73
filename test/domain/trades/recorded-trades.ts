import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Candle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Timeframe } from '#core/timeframe.ts';
import type { CheckedTrade } from '#core/trade.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/trades');

export type RecordedMarket = { readonly exchange: Exchange; readonly symbol: MarketSymbol };

export const KRAKEN: RecordedMarket = { exchange: 'kraken', symbol: 'BTC/USDT' as MarketSymbol };
export const BINANCE: RecordedMarket = { exchange: 'binance', symbol: 'XRP/ETH' as MarketSymbol };

function rowsOf(market: RecordedMarket, what: string): readonly Readonly<Record<string, string>>[] {
  const name = `${market.exchange}_${market.symbol.replace('/', '-')}_${what}.csv.gz`;
  const [header = '', ...lines] = gunzipSync(readFileSync(join(FOLDER, name)))
    .toString()
    .trimEnd()
    .split('\n');
  const columns = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, index) => [columns[index] ?? '', value])));
}

function decimal(text: string | undefined): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`"${text}" in a fixture is not a decimal`);
  return value;
}

/** Real trades of six hours, in the order of their ids. */
export function recordedTrades(market: RecordedMarket): readonly CheckedTrade[] {
  return rowsOf(market, 'trades').map((row) => {
    const eventTimeMs = Number(row['timestamp']);
    const side = row['side'] === 'buy' ? 'buy' : 'sell';
    const trade = {
      ...market,
      id: row['trade_id'] ?? '',
      price: decimal(row['price']),
      size: decimal(row['amount']),
      side,
      eventTimeMs,
      receivedAtMs: eventTimeMs + 40,
    } as const;
    return { trade, source: 'stream', quality: 'good', reason: '' };
  });
}

/** The candles that the source made of the same hours; without minutes in which nothing was traded. */
export function recordedCandles(market: RecordedMarket, timeframe: Timeframe): readonly Omit<Candle, 'quoteVolume' | 'tradeCount'>[] {
  return rowsOf(market, timeframe).map((row) => ({
    openTimeMs: Number(row['open_time']),
    open: decimal(row['open']),
    high: decimal(row['high']),
    low: decimal(row['low']),
    close: decimal(row['close']),
    volume: decimal(row['volume']),
  }));
}
