import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ccxtBinance from '../node_modules/ccxt/js/src/pro/binance.js';
import ccxtCoinbase from '../node_modules/ccxt/js/src/pro/coinbase.js';
import ccxtKraken from '../node_modules/ccxt/js/src/pro/kraken.js';
import type { FeedProtocol, FeedSession } from '#core/feed-protocol.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { createBinanceFeed } from '#providers/binance/binance-feed.ts';
import { createCoinbaseFeed } from '#providers/coinbase/coinbase-feed.ts';
import { createKrakenFeed } from '#providers/kraken/kraken-feed.ts';

// How long one frame takes from bytes to trades: ours with validation and exact decimals, ccxt pro's with floating point and its cache.
// One process, interleaved rounds, medians. `npm run bench:parse`; the figures are ratios, because the machine is not always quiet.

const ROUNDS = 31;
const FRAMES_A_ROUND = 4000;

type CcxtPro = {
  number: unknown;
  safeMarket: unknown;
  handleMessage(client: unknown, message: unknown): void;
};
type CcxtClass = new (options: object) => CcxtPro;

type Case = { readonly protocol: FeedProtocol; readonly symbols: readonly string[]; readonly Ccxt: CcxtClass; readonly url: string };

const CASES: readonly Case[] = [
  {
    protocol: createBinanceFeed('binance'),
    symbols: ['BTC/USDT', 'ETH/USDT'],
    Ccxt: ccxtBinance as unknown as CcxtClass,
    url: 'wss://stream.binance.com:9443/ws/0',
  },
  {
    protocol: createCoinbaseFeed(),
    symbols: ['BTC/USD', 'ETH/USD'],
    Ccxt: ccxtCoinbase as unknown as CcxtClass,
    url: 'wss://advanced-trade-ws.coinbase.com',
  },
  {
    protocol: createKrakenFeed(),
    symbols: ['BTC/USDT'],
    Ccxt: ccxtKraken as unknown as CcxtClass,
    url: 'wss://ws.kraken.com/v2',
  },
];

function framesOf(exchange: string): readonly Buffer[] {
  const file = join(import.meta.dirname, '..', 'test', 'providers', exchange, 'frames', 'trades.ndjson');
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => Buffer.from(line));
}

function marketId(exchange: string, symbol: string): string {
  return exchange === 'binance' ? symbol.replace('/', '') : symbol.replace('/', exchange === 'coinbase' ? '-' : '/');
}

/** ccxt's exchange object with the markets it needs, and a client that drops what is resolved. */
function ccxtHandler({ protocol, symbols, Ccxt, url }: Case): (frame: Buffer) => void {
  const markets = Object.fromEntries(
    symbols.map((symbol) => {
      const [base, quote] = symbol.split('/');
      const id = marketId(protocol.exchange, symbol);
      const precision = { price: 0.01, amount: 1e-8 };
      const info = { wsname: symbol };
      return [symbol, { id, symbol, base, quote, baseId: base, quoteId: quote, type: 'spot', spot: true, active: true, precision, info }];
    }),
  );
  const exchange = new Ccxt({ markets, enableRateLimit: false });
  const client = { url, subscriptions: {}, futures: {}, lastPong: 0, resolve() {}, reject() {} };
  return (frame) => {
    // As its client does: text, ids beyond 15 digits into strings, parse, handle.
    const text = frame.toString();
    exchange.handleMessage(client, JSON.parse(text.replace(/:(\d{15,}),/g, ':"$1",')));
  };
}

function ownHandler(session: FeedSession): (frame: Buffer) => number {
  return (frame) => {
    const message = session.read(frame.toString(), 1_800_000_000_000);
    if (message.kind !== 'trades') throw new Error(`a frame of trades was read as "${message.kind}"`);
    return message.trades.length;
  };
}

function nanosecondsPerFrame(frames: readonly Buffer[], handle: (frame: Buffer) => unknown): number {
  const startedAt = process.hrtime.bigint();
  for (let index = 0; index < FRAMES_A_ROUND; index++) handle(frames[index % frames.length]!);
  return Number(process.hrtime.bigint() - startedAt) / FRAMES_A_ROUND;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const runs = CASES.map((part) => {
  const symbols = part.symbols.map((symbol) => parseMarketSymbol(symbol) as MarketSymbol);
  const frames = framesOf(part.protocol.exchange);
  const session = part.protocol.openSession(symbols);
  return { part, frames, own: ownHandler(session), ccxt: ccxtHandler(part), ownNs: [] as number[], ccxtNs: [] as number[] };
});
for (let round = -3; round < ROUNDS; round++) {
  for (const { frames, own, ccxt, ownNs, ccxtNs } of runs) {
    const [ours, theirs] = [nanosecondsPerFrame(frames, own), nanosecondsPerFrame(frames, ccxt)];
    // The first rounds warm up the compiler.
    if (round >= 0) {
      ownNs.push(ours);
      ccxtNs.push(theirs);
    }
  }
}

console.log(`frame to trades, ns a frame, medians of ${ROUNDS} interleaved rounds of ${FRAMES_A_ROUND} frames, ${process.version}`);
const ratios = runs.map(({ part, ownNs, ccxtNs }) => {
  const [ours, theirs] = [median(ownNs), median(ccxtNs)];
  console.log(
    `${part.protocol.exchange.padEnd(10)} ours ${ours.toFixed(0).padStart(6)}   ccxt pro ${theirs.toFixed(0).padStart(6)}   ratio ${(theirs / ours).toFixed(1)}`,
  );
  return theirs / ours;
});
console.log(`geometric mean of the ratios: ${(ratios.reduce((product, ratio) => product * ratio, 1) ** (1 / ratios.length)).toFixed(1)}`);
