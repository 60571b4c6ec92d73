import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import type { FeedMessage, FeedProtocol } from '#core/feed-protocol.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import type { Trade, TradeSource } from '#core/trade.ts';
import { createBinanceFeed } from '#providers/binance/binance-feed.ts';
import { createCoinbaseFeed } from '#providers/coinbase/coinbase-feed.ts';
import { readKlines } from '#recorded-exchange/recording-files.ts';
import { seedOf, syntheticTrades } from '#recorded-exchange/synthetic-trades.ts';

/** Trades of one or several markets in the order in which they come. */
export type Input = { readonly name: string; readonly source: TradeSource; readonly trades: readonly Trade[] };

const ROOT = join(import.meta.dirname, '..');
const RECORDINGS = join(ROOT, 'recordings');
const MINUTE_MS = 60_000;

export const MARKETS_OF_MARCH: readonly (readonly [Exchange, string])[] = [
  ['binanceus', 'BTC/USDT'],
  ['coinbase', 'BTC/USDT'],
  ['kraken', 'BTC/USDT'],
  ['coinbase', 'BTC/USD'],
  ['kraken', 'BTC/USD'],
  ['binanceus', 'BTC/USDC'],
  ['kraken', 'BTC/USDC'],
  ['coinbase', 'USDT/USD'],
  ['kraken', 'USDT/USD'],
  ['kraken', 'USDC/USD'],
  ['binanceus', 'USDC/USDT'],
];

function unpacked(...path: readonly string[]): string {
  return gunzipSync(readFileSync(join(ROOT, ...path))).toString();
}

function symbolOf(text: string): MarketSymbol {
  const symbol = parseMarketSymbol(text);
  if (symbol === undefined) throw new Error(`"${text}" is not a symbol`);
  return symbol;
}

/** A price as an exchange would write it: eight significant digits. */
export function priceOf(value: number): Decimal {
  const price = parseDecimal(Number(value.toPrecision(8)));
  if (price === undefined) throw new Error(`"${value}" is not a price`);
  return price;
}

export function madeTrade(exchange: Exchange, symbol: string, id: string, price: number, eventTimeMs: number): Trade {
  const size = '1' as Decimal;
  return { exchange, symbol: symbolOf(symbol), id, price: priceOf(price), size, side: 'buy', eventTimeMs, receivedAtMs: eventTimeMs };
}

/** What really came over a WebSocket, by our own client; snapshots, which are no news, left out. */
function captured(protocol: FeedProtocol, symbols: readonly string[], file: string): readonly Trade[] {
  const session = protocol.openSession(symbols.map(symbolOf));
  const tradesOf = (message: FeedMessage): readonly Trade[] => {
    if (message.kind === 'several') return message.messages.flatMap(tradesOf);
    return message.kind === 'trades' && !message.isSnapshot ? message.trades : [];
  };
  return unpacked('recordings', 'trades', file)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly t: string; readonly data: string })
    .filter(({ t }) => t === 'recv')
    .flatMap(({ data }) => tradesOf(session.read(data, 0)));
}

function table(exchange: Exchange, symbol: string, text: string): readonly Trade[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const columns = header.split(',');
  return lines.map((line) => {
    const row = Object.fromEntries(line.split(',').map((cell, index) => [columns[index] ?? '', cell]));
    return madeTrade(exchange, symbol, row['trade_id'] ?? '', Number(row['price']), Number(row['timestamp']));
  });
}

/** All recorded trades. */
export function recordedTrades(): readonly Input[] {
  const binance = (asset: string): readonly Trade[] =>
    captured(createBinanceFeed('binance'), [`${asset}/USDT`], `binance-2024-08-08/ws/binance_${asset}-USDT.ndjson.gz`);
  const coinbase = captured(createCoinbaseFeed(), ['BTC/USD', 'ETH/USD'], 'coinbase-2026-08-09/ws/coinbase.ndjson.gz');
  const kraken = table('kraken', 'BTC/USDT', unpacked('recordings/trades/kraken-2023-11/trades/kraken_BTC-USDT.csv.gz'));
  const xrp = table('binance', 'XRP/ETH', unpacked('test/fixtures/trades/binance_XRP-ETH_trades.csv.gz'));
  return [
    { name: 'binance BTC/USDT 2024-08', source: 'stream', trades: binance('BTC') },
    { name: 'binance ETH/USDT 2024-08', source: 'stream', trades: binance('ETH') },
    { name: 'coinbase BTC, ETH 2026-08', source: 'stream', trades: coinbase },
    { name: 'kraken BTC/USDT 2023-11', source: 'stream', trades: kraken },
    { name: 'binance XRP/ETH 2019-10', source: 'stream', trades: xrp },
  ];
}

/** The minutes of March 2023 in which something was traded, their close as a trade in their last millisecond, all markets in order of time. */
export function minuteCloses(): readonly Trade[] {
  const trades = MARKETS_OF_MARCH.flatMap(([exchange, text]) => {
    const candles = readKlines(RECORDINGS, { exchange, symbol: symbolOf(text), timeframe: '1m' });
    return Array.from(candles.openTimesMs, (openTimeMs, row) => {
      const { close, volume } = candles.candle(row);
      return volume === '0' ? [] : [madeTrade(exchange, text, String(row), Number(close), openTimeMs + MINUTE_MS - 1)];
    }).flat();
  });
  return trades.sort((a, b) => a.eventTimeMs - b.eventTimeMs);
}

/** The made-up trades of the same minutes, as a replay sends them: a market after the other. */
export function syntheticMarch(): readonly Input[] {
  return MARKETS_OF_MARCH.map(([exchange, text]) => {
    const symbol = symbolOf(text);
    const candles = readKlines(RECORDINGS, { exchange, symbol, timeframe: '1m' });
    const seed = seedOf(`${exchange} ${text}`);
    let id = 0;
    const trades = Array.from(candles.openTimesMs, (_, row) => syntheticTrades(candles.candle(row), seed))
      .flat()
      .map(({ timeMs, price, size, side }): Trade => {
        id += 1;
        return { exchange, symbol, id: String(id), price, size, side, eventTimeMs: timeMs, receivedAtMs: timeMs };
      });
    return { name: `${exchange} ${text} made up`, source: 'synthetic', trades };
  });
}

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
