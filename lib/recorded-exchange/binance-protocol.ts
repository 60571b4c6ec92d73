import type { Decimal } from '#core/decimal.ts';
import { parseMarketSymbol, splitSymbol, type MarketSymbol } from '#core/symbol.ts';
import { isTimeframe, TIMEFRAME_MS } from '#core/timeframe.ts';
import { binanceSocket, binanceTradeRow, readBinanceMessage } from './binance-live.ts';
import type { JsonObject, ListedMarket, VenueMarket } from './venue-market.ts';
import {
  isJsonObject,
  jsonAnswer,
  padded,
  smallestStep,
  wholeNumber,
  type VenueAnswer,
  type VenueKind,
  type VenueRequest,
} from './venue-protocol.ts';

const DECIMALS = 8;
const DEFAULT_ROWS = 500;
const MAX_ROWS = 1000;
const WEIGHT: Readonly<Record<string, number>> = { '/api/v3/klines': 2, '/api/v3/exchangeInfo': 20, '/api/v3/historicalTrades': 25 };
const MINUTE_MS = 60_000;

// Columns that recordings do not have. A count of 0 beside a volume above 0 cannot come from the venue itself: it says "not recorded".
const UNRECORDED_FIGURE = '0.00000000';
const TAKER_COLUMNS = `"${UNRECORDED_FIGURE}","${UNRECORDED_FIGURE}","0"`;

/** Binance spot, and Binance.US, which speaks the same protocol. */
export const binanceVenue: VenueKind = {
  emptyCandles: 'filled',
  socket: binanceSocket,
  readMessage: readBinanceMessage,
  repeatsMessages: true,
  listedMarkets: (body) => {
    const symbols = isJsonObject(body) ? body['symbols'] : undefined;
    return Array.isArray(symbols) ? symbols.flatMap(listedMarket) : undefined;
  },
  builtMarket,
  candleText: (_market, timeframe) => {
    const price = (value: Decimal): string => `"${padded(value, DECIMALS)}"`;
    return (candle) => {
      const { openTimeMs, open, high, low, close, volume, quoteVolume, tradeCount } = candle;
      const quote = quoteVolume === null ? `"${UNRECORDED_FIGURE}"` : price(quoteVolume);
      const columns = [
        openTimeMs,
        ...[open, high, low, close, volume].map(price),
        openTimeMs + TIMEFRAME_MS[timeframe] - 1,
        quote,
        tradeCount ?? 0,
        TAKER_COLUMNS,
      ];
      // Joined once, not concatenated: an answer copies hundreds of these texts, and a concatenated one is walked piece by piece each time.
      return ['[', columns.join(','), ']'].join('');
    };
  },
  createProtocol: (markets, bodies) => {
    const byId = new Map(markets.map((market) => [market.id, market]));
    const envelope = isJsonObject(bodies.markets) ? bodies.markets : BUILT_ENVELOPE;
    const used = usedWeight();
    return {
      answer: (request) => {
        const answer = answerOf(request, byId, envelope);
        return answer && { ...answer, headers: { 'X-MBX-USED-WEIGHT-1M': String(used(request)) } };
      },
      refusal: (status, path) => refusal(status, 0, status === 404 ? `Path ${path}, Method GET is invalid` : 'Method is invalid'),
    };
  },
};

/** Binance.US allows 1200 a minute; only a recorded list of markets says what another venue allows. */
const BUILT_ENVELOPE: JsonObject = {
  timezone: 'UTC',
  serverTime: 0,
  rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 1200 }],
  exchangeFilters: [],
  symbols: [],
};

function listedMarket(entry: unknown): ListedMarket[] {
  if (!isJsonObject(entry) || typeof entry['symbol'] !== 'string') return [];
  const symbol = parseMarketSymbol(`${String(entry['baseAsset'])}/${String(entry['quoteAsset'])}`);
  return symbol === undefined ? [] : [{ symbol, id: entry['symbol'], entry }];
}

function builtMarket(symbol: MarketSymbol, priceDecimals: number): ListedMarket {
  const { base, quote } = splitSymbol(symbol);
  const tickSize = smallestStep(priceDecimals);
  const entry = {
    symbol: base + quote,
    status: 'TRADING',
    baseAsset: base,
    baseAssetPrecision: DECIMALS,
    quoteAsset: quote,
    quotePrecision: DECIMALS,
    quoteAssetPrecision: DECIMALS,
    orderTypes: ['LIMIT'],
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [{ filterType: 'PRICE_FILTER', minPrice: tickSize, maxPrice: '1000000.00000000', tickSize }],
    permissions: ['SPOT'],
    permissionSets: [['SPOT']],
  };
  return { symbol, id: entry.symbol, entry };
}

function usedWeight(): (request: VenueRequest) => number {
  let minute = Number.NaN;
  let used = 0;
  return ({ path, nowMs }) => {
    const now = Math.floor(nowMs / MINUTE_MS);
    if (now !== minute) used = 0;
    minute = now;
    used += WEIGHT[path] ?? 1;
    return used;
  };
}

type Markets = ReadonlyMap<string, VenueMarket>;

function answerOf({ path, query, nowMs }: VenueRequest, markets: Markets, envelope: JsonObject): VenueAnswer | undefined {
  if (path === '/api/v3/klines') return klines(query, nowMs, markets);
  if (path === '/api/v3/historicalTrades') return historicalTrades(query, nowMs, markets);
  if (path === '/api/v3/exchangeInfo') return exchangeInfo(query, nowMs, markets, envelope);
  if (path === '/api/v3/time') return jsonAnswer({ serverTime: nowMs });
  if (path === '/api/v3/ping') return jsonAnswer({});
  return undefined;
}

function klines(query: URLSearchParams, nowMs: number, markets: Markets): VenueAnswer {
  for (const name of ['symbol', 'interval']) if (!query.get(name)) return mandatory(name);
  const [startTime, endTime, limit] = ['startTime', 'endTime', 'limit'].map((name) => wholeNumber(query, name));
  const illegal = Object.entries({ startTime, endTime, limit }).find(([, value]) => Number.isNaN(value));
  if (illegal !== undefined) return illegalCharacters(illegal[0]);
  if (limit === 0) return refusal(400, -1130, "Data sent for parameter 'limit' is not valid.");
  const market = markets.get(query.get('symbol') ?? '');
  if (market === undefined) return INVALID_SYMBOL;
  const interval = query.get('interval');
  if (!isTimeframe(interval)) return refusal(400, -1120, 'Invalid interval.');
  const rows = market.windows[interval]?.texts({
    nowMs,
    fromMs: startTime ?? 0,
    toMs: endTime ?? nowMs,
    limit: Math.min(limit ?? DEFAULT_ROWS, MAX_ROWS),
    keep: startTime === undefined ? 'newest' : 'oldest',
  });
  return { status: 200, body: `[${(rows ?? []).join(',')}]` };
}

function historicalTrades(query: URLSearchParams, nowMs: number, markets: Markets): VenueAnswer {
  const [fromId, limit = DEFAULT_ROWS] = ['fromId', 'limit'].map((name) => wholeNumber(query, name));
  if (Number.isNaN(fromId)) return illegalCharacters('fromId');
  if (Number.isNaN(limit)) return illegalCharacters('limit');
  const market = markets.get(query.get('symbol') ?? '');
  if (market === undefined) return INVALID_SYMBOL;
  const most = Math.min(limit, MAX_ROWS);
  const trades = fromId === undefined ? market.tape?.within(0, nowMs, most, 'newest') : market.tape?.fromId(fromId, most, nowMs);
  return jsonAnswer((trades ?? []).map(binanceTradeRow));
}

function exchangeInfo(query: URLSearchParams, nowMs: number, markets: Markets, envelope: JsonObject): VenueAnswer {
  const ids = wantedIds(query, markets);
  if (ids === undefined) return illegalCharacters('symbols');
  const found = ids.map((id) => markets.get(id)?.entry);
  if (found.includes(undefined)) return INVALID_SYMBOL;
  return jsonAnswer({ ...envelope, serverTime: nowMs, symbols: found });
}

/** Undefined when `symbols` is not a JSON list of names. */
function wantedIds(query: URLSearchParams, markets: Markets): string[] | undefined {
  const one = query.get('symbol');
  if (one !== null) return [one];
  const list = query.get('symbols');
  if (list === null) return [...markets.keys()];
  if (!/^\["[^"\\]{1,40}"(?:,"[^"\\]{1,40}")*\]$/.test(list)) return undefined;
  return list.slice(2, -2).split('","');
}

const INVALID_SYMBOL = refusal(400, -1121, 'Invalid symbol.');

function mandatory(name: string): VenueAnswer {
  return refusal(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

function illegalCharacters(name: string): VenueAnswer {
  return refusal(400, -1100, `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`);
}

function refusal(status: number, code: number, msg: string): VenueAnswer {
  return jsonAnswer({ code, msg }, status);
}
