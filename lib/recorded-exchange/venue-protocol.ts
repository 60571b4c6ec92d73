import type { Candle } from '#core/candle.ts';
import type { Decimal } from '#core/decimal.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Timeframe } from '#core/timeframe.ts';
import type { EmptyCandles } from './candle-window.ts';
import type { ReadMessage } from './recorded-trades.ts';
import type { SocketProtocol } from './socket-protocol.ts';
import type { JsonObject, ListedMarket, VenueMarket } from './venue-market.ts';

export type VenueRequest = {
  /** As sent, without the query: `/api/v3/klines`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly nowMs: number;
};

/** `body` is JSON. */
export type VenueAnswer = {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Recorded bodies, or null where none was recorded. */
export type RecordedBodies = { readonly markets: unknown; readonly assets: unknown };

export type VenueProtocol = {
  /** Undefined when the venue has no such path. */
  answer(request: VenueRequest): VenueAnswer | undefined;
  /** The venue's own way to refuse a path or a method. */
  refusal(status: 404 | 405, path: string): VenueAnswer;
};

/** One wire protocol: how markets are listed, candles are written and requests are answered. */
export type VenueKind = {
  readonly emptyCandles: EmptyCandles;
  /** The markets of a recorded list of markets; undefined when the body is not one. */
  listedMarkets(body: unknown): ListedMarket[] | undefined;
  /** An entry for a market that was not recorded, with as many price decimals as its candles have. */
  builtMarket(symbol: MarketSymbol, priceDecimals: number): ListedMarket;
  candleText(market: ListedMarket, timeframe: Timeframe): (candle: Candle) => string;
  createProtocol(markets: readonly VenueMarket[], bodies: RecordedBodies): VenueProtocol;
  readonly socket: SocketProtocol;
  /** How captured messages are read; undefined where none of the venue's kind were captured. */
  readonly readMessage: ReadMessage | undefined;
  /** A captured message can be sent again as it was. */
  readonly repeatsMessages: boolean;
};

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function jsonAnswer(value: unknown, status = 200): VenueAnswer {
  return { status, body: JSON.stringify(value) };
}

/** With zeros up to `decimals` fraction digits, as venues write prices. Digits beyond stay: nothing is cut off. */
export function padded(value: Decimal, decimals: number): string {
  const point = value.indexOf('.');
  if (point === -1) return decimals === 0 ? value : `${value}.${'0'.repeat(decimals)}`;
  return value.padEnd(point + 1 + decimals, '0');
}

/** `0.01` for 2, `1` for 0. */
export function smallestStep(decimals: number): string {
  return decimals === 0 ? '1' : `0.${'1'.padStart(decimals, '0')}`;
}

/** The parameter as a whole number; undefined when it was not sent, NaN when it is not a number in digits. */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
