import { onTestFinished } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { syncCandles, type SyncReport } from '#usecases/sync-candles.ts';
import { answeringServer, json, type Answer } from '../providers/ccxt/answering-server.ts';
import { handClock } from '../providers/ccxt/hand-clock.ts';
import { restParts } from '../providers/ccxt/rest-parts.ts';
import { SETTINGS } from '../usecases/sync-world.ts';

export const MINUTE = 60_000;
export const TICK = Date.UTC(2023, 2, 11, 12);
export const VENUES = ['binance', 'coinbase', 'kraken'] as const;
export type Venue = (typeof VENUES)[number];

/** One candle as a test writes it: minutes from `TICK`, and figures that differ from the usual ones. */
export type Row = { readonly minute: number; readonly close?: string; readonly volume?: string; readonly shiftMs?: number };

/** Rows `from` (inclusive) to `until` (exclusive), in minutes from `TICK`. */
export function rows(from: number, until: number): Row[] {
  return Array.from({ length: until - from }, (_, index) => ({ minute: from + index }));
}

/** The market's name at the exchange. */
export function marketId(venue: Venue, symbol: string): string {
  return symbol.replace('/', venue === 'coinbase' ? '-' : '');
}

/** What the exchange writes for these rows, in its own order. */
export function candleBody(venue: Venue, symbol: string, list: readonly Row[]): unknown {
  const wire = list.map(({ minute, close = '2', volume = '5', shiftMs = 0 }) => {
    const timeMs = TICK + minute * MINUTE + shiftMs;
    if (venue === 'coinbase') return { start: String(timeMs / 1000), low: '1', high: '9', open: '1', close, volume };
    if (venue === 'kraken') return [timeMs / 1000, '1', '9', '1', close, '1.5', volume, 4];
    return [timeMs, '1', '9', '1', close, volume, timeMs + MINUTE - 1, '10', 4, '0', '0', '0'];
  });
  if (venue === 'coinbase') return { candles: wire.toReversed() };
  return venue === 'kraken' ? { error: [], result: { [marketId(venue, symbol)]: wire, last: 1 } } : wire;
}

/** The exchange's list of these markets. */
export function listingBody(venue: Venue, symbols: readonly string[]): unknown {
  if (venue === 'binance') return { symbols: symbols.map((symbol) => ({ symbol: marketId(venue, symbol), status: 'TRADING' })) };
  if (venue === 'coinbase') return { products: symbols.map((symbol) => ({ product_id: marketId(venue, symbol), status: 'online' })) };
  const pairs = symbols.map((symbol) => [marketId(venue, symbol), { wsname: symbol.replace('BTC', 'XBT'), status: 'online' }]);
  return { error: [], result: Object.fromEntries(pairs) };
}

type EdgeOptions = { readonly symbols?: readonly string[]; readonly deadlineMs?: number; readonly concurrency?: number };

/** The real REST client and the real sync over a server that answers in a venue's protocol, a clock that the test moves, and the memory store. */
export async function edgeWorld(
  venue: Venue,
  candles: Answer,
  { symbols = ['BTC/USD'], deadlineMs = 5000, concurrency = SETTINGS.concurrency }: EdgeOptions = {},
) {
  const clock = handClock(TICK + 3000);
  const parts = restParts(clock);
  let candleAnswer = candles;
  let listing: Answer = json(listingBody(venue, symbols));
  const asked: string[] = [];
  const server = await answeringServer((response, request) => {
    const url = request.url ?? '';
    // Every answer tells the time, as exchanges do.
    response.setHeader('date', new Date(clock.nowMs()).toUTCString());
    if (/exchangeInfo|AssetPairs|market\/products(\?|$)/.test(url)) return listing(response, request);
    asked.push(url);
    return candleAnswer(response, request);
  });
  /** Another process: its memory is new, the cache is the same. */
  const process = () => {
    const api = createCcxtRestApi({ ...parts, exchange: venue as Exchange, restUrl: server.url, deadlineMs });
    onTestFinished(() => api.close());
    return api;
  };
  let api = process();
  const db = createMemoryTimeSeriesDb();
  const marketSymbols = symbols as readonly MarketSymbol[];
  return {
    venue,
    clock,
    parts,
    server,
    db,
    /** Paths of all requests for candles. */
    asked,
    api: () => api,
    restart: () => void (api = process()),
    answer: (next: Answer) => void (candleAnswer = next),
    list: (next: Answer) => void (listing = next),
    async tick(minute = 0, timeframes: readonly Timeframe[] = ['1m']): Promise<SyncReport> {
      clock.moveTo(Math.max(clock.nowMs(), TICK + minute * MINUTE + 3000));
      return await syncCandles(
        { api, db, clock },
        { symbols: marketSymbols, timeframes, settings: { ...SETTINGS, concurrency, backfillLimit: 10 }, tickMs: TICK + minute * MINUTE },
      );
    },
    async stored(symbol = symbols[0] ?? ''): Promise<readonly StoredCandle[]> {
      const all = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
      const windows = Object.fromEntries(TIMEFRAMES.map((timeframe) => [timeframe, all]));
      const found = await db.readCandles({ exchange: venue, symbols: [symbol as MarketSymbol], windows });
      return found.flatMap((entry) => entry.candles);
    },
    async storedMinutes(symbol?: string): Promise<number[]> {
      return (await this.stored(symbol)).map(({ openTimeMs }) => (openTimeMs - TICK) / MINUTE);
    },
  };
}

/** Answers with the candles of the asked market, as the exchange would at this time. */
export function serving(venue: Venue, list: readonly Row[], symbol = 'BTC/USD'): Answer {
  return json(candleBody(venue, symbol, list));
}
