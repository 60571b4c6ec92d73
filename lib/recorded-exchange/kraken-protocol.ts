import { parseMarketSymbol, splitSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, TIMEFRAMES, type Timeframe } from '#core/timeframe.ts';
import { krakenSocket, krakenTradeRow } from './kraken-live.ts';
import type { JsonObject, ListedMarket, VenueMarket } from './venue-market.ts';
import {
  isJsonObject,
  jsonAnswer,
  padded,
  smallestStep,
  wholeNumber,
  type RecordedBodies,
  type VenueAnswer,
  type VenueKind,
  type VenueRequest,
} from './venue-protocol.ts';

const MAX_CLOSED_ROWS = 720;
const MAX_TRADES = 1000;
const VOLUME_DECIMALS = 8;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

// Kraken's own names; other assets keep theirs.
const WS_NAMES: Readonly<Record<string, string>> = { BTC: 'XBT', DOGE: 'XDG' };
const ASSET_IDS: Readonly<Record<string, string>> = {
  BTC: 'XXBT',
  ETH: 'XETH',
  XRP: 'XXRP',
  DOGE: 'XXDG',
  USD: 'ZUSD',
  EUR: 'ZEUR',
  GBP: 'ZGBP',
};

/** Kraken spot, its public paths. Errors come inside an answer with status 200. */
export const krakenVenue: VenueKind = {
  emptyCandles: 'filled',
  socket: krakenSocket,
  readMessage: undefined,
  repeatsMessages: false,
  listedMarkets: (body) => {
    const pairs = isJsonObject(body) ? body['result'] : undefined;
    return isJsonObject(pairs) ? Object.entries(pairs).flatMap(([id, entry]) => listedMarket(id, entry)) : undefined;
  },
  builtMarket,
  candleText: ({ entry }) => {
    const decimals = typeof entry['pair_decimals'] === 'number' ? entry['pair_decimals'] : 0;
    return ({ openTimeMs, open, high, low, close, volume, tradeCount }) => {
      const prices = [open, high, low, close].map((price) => `"${padded(price, decimals)}"`).join(',');
      // The average price was not recorded; "0.0" is what Kraken itself writes where it has none.
      return `[${openTimeMs / SECOND_MS},${prices},"0.0","${padded(volume, VOLUME_DECIMALS)}",${tradeCount ?? 0}]`;
    };
  },
  createProtocol: (markets, bodies) => {
    const byName = new Map(markets.flatMap((market) => namesOf(market).map((name) => [name, market])));
    const assets = assetsOf(markets, bodies);
    return {
      answer: (request) => answerOf(request, { all: markets, byName, assets }),
      refusal: (status) => refusal('EGeneral:Unknown method', status),
    };
  },
};

function listedMarket(id: string, entry: unknown): ListedMarket[] {
  if (!isJsonObject(entry) || typeof entry['wsname'] !== 'string') return [];
  const unified = entry['wsname'].split('/').map((name) => Object.keys(WS_NAMES).find((asset) => WS_NAMES[asset] === name) ?? name);
  const symbol = parseMarketSymbol(unified.join('/'));
  return symbol === undefined ? [] : [{ symbol, id, entry }];
}

function builtMarket(symbol: MarketSymbol, priceDecimals: number): ListedMarket {
  const { base, quote } = splitSymbol(symbol);
  const [wsBase, wsQuote] = [base, quote].map((asset) => WS_NAMES[asset] ?? asset);
  const id = `${wsBase}${wsQuote}`;
  const entry = {
    altname: id,
    wsname: `${wsBase}/${wsQuote}`,
    aclass_base: 'currency',
    base: ASSET_IDS[base] ?? base,
    aclass_quote: 'currency',
    quote: ASSET_IDS[quote] ?? quote,
    lot: 'unit',
    pair_decimals: priceDecimals,
    lot_decimals: VOLUME_DECIMALS,
    lot_multiplier: 1,
    tick_size: smallestStep(priceDecimals),
    status: 'online',
  };
  return { symbol, id, entry };
}

function namesOf({ id, entry }: ListedMarket): string[] {
  return [id, entry['altname'], entry['wsname']].filter((name) => typeof name === 'string');
}

function assetsOf(markets: readonly ListedMarket[], bodies: RecordedBodies): JsonObject {
  const recorded = isJsonObject(bodies.assets) && isJsonObject(bodies.assets['result']) ? bodies.assets['result'] : {};
  const built = markets.flatMap(({ symbol, entry }) => {
    const { base, quote } = splitSymbol(symbol);
    return [builtAsset(entry['base'], base), builtAsset(entry['quote'], quote)];
  });
  return { ...Object.fromEntries(built), ...recorded };
}

function builtAsset(id: unknown, asset: string): [string, JsonObject] {
  return [
    String(id),
    { aclass: 'currency', altname: WS_NAMES[asset] ?? asset, decimals: VOLUME_DECIMALS, display_decimals: 5, status: 'enabled' },
  ];
}

type Venue = { readonly all: readonly VenueMarket[]; readonly byName: ReadonlyMap<string, VenueMarket>; readonly assets: JsonObject };

function answerOf({ path, query, nowMs }: VenueRequest, venue: Venue): VenueAnswer | undefined {
  if (path === '/0/public/OHLC') return ohlc(query, nowMs, venue);
  if (path === '/0/public/Trades') return trades(query, nowMs, venue);
  if (path === '/0/public/AssetPairs') return assetPairs(query, venue);
  if (path === '/0/public/Assets') return assets(query, venue);
  if (path === '/0/public/Time') return result({ unixtime: Math.floor(nowMs / SECOND_MS), rfc1123: rfc1123(nowMs) });
  if (path === '/0/public/SystemStatus')
    return result({ status: 'online', timestamp: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z') });
  return undefined;
}

function ohlc(query: URLSearchParams, nowMs: number, { byName }: Venue): VenueAnswer {
  const pair = query.get('pair');
  const since = wholeNumber(query, 'since');
  const timeframe = timeframeOf(query);
  if (!pair) return refusal('EGeneral:Invalid arguments');
  if (timeframe === undefined) return refusal('EGeneral:Invalid arguments:interval');
  if (Number.isNaN(since)) return refusal('EGeneral:Invalid arguments:since');
  const market = byName.get(pair);
  if (market === undefined) return refusal('EQuery:Unknown asset pair');
  const window = market.windows[timeframe];
  const openMs = nowMs - (nowMs % TIMEFRAME_MS[timeframe]);
  const fromMs = since === undefined ? 0 : since * SECOND_MS + 1;
  const closed = window?.texts({ nowMs, fromMs, toMs: openMs - 1, limit: MAX_CLOSED_ROWS, keep: 'newest' }) ?? [];
  // The open candle comes whatever `since` says, even when that is in the future.
  const open = window?.openText(nowMs);
  const rows = open === undefined ? closed : [...closed, open];
  const last = (window?.lastClosedMs(nowMs) ?? 0) / SECOND_MS;
  return { status: 200, body: `{"error":[],"result":{"${market.id}":[${rows.join(',')}],"last":${last}}}` };
}

function trades(query: URLSearchParams, nowMs: number, { byName }: Venue): VenueAnswer {
  const pair = query.get('pair');
  if (!pair) return refusal('EGeneral:Invalid arguments');
  const since = query.get('since') ?? '';
  const count = wholeNumber(query, 'count') ?? MAX_TRADES;
  if (!/^\d{0,19}$/.test(since) || !(count >= 1)) return refusal('EGeneral:Invalid arguments');
  const market = byName.get(pair);
  if (market === undefined) return refusal('EQuery:Unknown asset pair');
  const limit = Math.min(count, MAX_TRADES);
  // Nanoseconds, exclusive; without it the newest come.
  const fromMs = since === '' ? 0 : Number((BigInt(since) + 1_000_000n) / 1_000_000n);
  const found = market.tape?.within(fromMs, nowMs, limit, since === '' ? 'newest' : 'oldest') ?? [];
  const last = found.at(-1);
  return result({ [market.id]: found.map(krakenTradeRow), last: last === undefined ? since : `${BigInt(last.timeMs) * 1_000_000n}` });
}

function timeframeOf(query: URLSearchParams): Timeframe | undefined {
  const minutes = wholeNumber(query, 'interval') ?? 1;
  return TIMEFRAMES.find((timeframe) => TIMEFRAME_MS[timeframe] === minutes * MINUTE_MS);
}

function assetPairs(query: URLSearchParams, { all, byName }: Venue): VenueAnswer {
  const names = query.get('pair')?.split(',');
  const found = names === undefined ? all : names.map((name) => byName.get(name));
  const known = found.filter((market) => market !== undefined);
  if (known.length < found.length) return refusal('EQuery:Unknown asset pair');
  return result(Object.fromEntries(known.map(({ id, entry }) => [id, entry])));
}

function assets(query: URLSearchParams, venue: Venue): VenueAnswer {
  const names = query.get('asset')?.split(',');
  if (names === undefined) return result(venue.assets);
  const found = Object.entries(venue.assets).filter(([id, entry]) =>
    names.some((name) => name === id || (isJsonObject(entry) && name === entry['altname'])),
  );
  return found.length < names.length ? refusal('EQuery:Unknown asset') : result(Object.fromEntries(found));
}

/** `Sat, 11 Mar 23 00:00:00 +0000`: the year has two digits there. */
function rfc1123(timeMs: number): string {
  return new Date(timeMs)
    .toUTCString()
    .replace(/ \d\d(\d\d) /, ' $1 ')
    .replace('GMT', '+0000');
}

function result(value: unknown): VenueAnswer {
  return jsonAnswer({ error: [], result: value });
}

function refusal(message: string, status = 200): VenueAnswer {
  return jsonAnswer({ error: [message] }, status);
}
