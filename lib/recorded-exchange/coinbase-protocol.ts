import { parseMarketSymbol, splitSymbol, type MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { coinbaseSocket, coinbaseTradeRow, readCoinbaseMessage } from './coinbase-live.ts';
import type { ListedMarket, VenueMarket } from './venue-market.ts';
import {
  isJsonObject,
  jsonAnswer,
  smallestStep,
  wholeNumber,
  type VenueAnswer,
  type VenueKind,
  type VenueRequest,
} from './venue-protocol.ts';

const MAX_BUCKETS = 350;
const MAX_TRADES = 1000;
const SECOND_MS = 1000;
const PRODUCTS = '/api/v3/brokerage/market/products';
const GRANULARITIES: Readonly<Record<string, Timeframe>> = { ONE_MINUTE: '1m', FIVE_MINUTE: '5m', ONE_HOUR: '1h' };

// Nothing was recorded of these paths; clients ask for them and do with empty answers.
const EMPTY_ANSWERS: Readonly<Record<string, unknown>> = {
  '/v2/currencies': { data: [] },
  '/v2/currencies/crypto': { data: [] },
  '/v2/exchange-rates': { data: { currency: 'USD', rates: {} } },
};

/** Coinbase Advanced Trade, its public market paths. */
export const coinbaseVenue: VenueKind = {
  emptyCandles: 'absent',
  socket: coinbaseSocket,
  readMessage: readCoinbaseMessage,
  repeatsMessages: false,
  listedMarkets: (body) => {
    const products = isJsonObject(body) ? body['products'] : undefined;
    return Array.isArray(products) ? products.flatMap(listedMarket) : undefined;
  },
  builtMarket,
  candleText:
    () =>
    ({ openTimeMs, open, high, low, close, volume }) =>
      `{"start":"${openTimeMs / SECOND_MS}","low":"${low}","high":"${high}","open":"${open}","close":"${close}","volume":"${volume}"}`,
  createProtocol: (markets) => {
    const byId = new Map(markets.map((market) => [market.id, market]));
    return {
      answer: (request) => answerOf(request, byId),
      refusal: (status, path) => refusal(status, status === 404 ? 'NOT_FOUND' : 'METHOD_NOT_ALLOWED', `no such route: ${path}`),
    };
  },
};

function listedMarket(entry: unknown): ListedMarket[] {
  if (!isJsonObject(entry) || typeof entry['product_id'] !== 'string') return [];
  const symbol = parseMarketSymbol(`${String(entry['base_currency_id'])}/${String(entry['quote_currency_id'])}`);
  return symbol === undefined ? [] : [{ symbol, id: entry['product_id'], entry }];
}

function builtMarket(symbol: MarketSymbol, priceDecimals: number): ListedMarket {
  const { base, quote } = splitSymbol(symbol);
  const increment = smallestStep(priceDecimals);
  const id = `${base}-${quote}`;
  const entry = {
    product_id: id,
    base_currency_id: base,
    quote_currency_id: quote,
    base_increment: '0.00000001',
    quote_increment: increment,
    price_increment: increment,
    status: 'online',
    product_type: 'SPOT',
    is_disabled: false,
    trading_disabled: false,
    cancel_only: false,
    limit_only: false,
    post_only: false,
    auction_mode: false,
    view_only: false,
    display_name: id,
    alias: '',
    alias_to: [],
  };
  return { symbol, id, entry };
}

type Markets = ReadonlyMap<string, VenueMarket>;

function answerOf({ path, query, nowMs }: VenueRequest, markets: Markets): VenueAnswer | undefined {
  if (path === PRODUCTS) return products(query, markets);
  if (path === '/api/v3/brokerage/time') return time(nowMs);
  if (Object.hasOwn(EMPTY_ANSWERS, path)) return jsonAnswer(EMPTY_ANSWERS[path]);
  if (!path.startsWith(`${PRODUCTS}/`)) return undefined;
  const [id = '', rest, ...more] = path.slice(PRODUCTS.length + 1).split('/');
  if (more.length > 0 || (rest !== undefined && rest !== 'candles' && rest !== 'ticker')) return undefined;
  const market = markets.get(id);
  if (market === undefined) return refusal(404, 'NOT_FOUND', `valid product_id is required: ${id}`);
  if (rest === 'ticker') return ticker(market, query, nowMs);
  return rest === undefined ? jsonAnswer(market.entry) : candles(market, query, nowMs);
}

function products(query: URLSearchParams, markets: Markets): VenueAnswer {
  const type = query.get('product_type') ?? 'SPOT';
  const found = type === 'SPOT' ? [...markets.values()].map((market) => market.entry) : [];
  return jsonAnswer({ products: found, num_products: found.length });
}

function time(nowMs: number): VenueAnswer {
  const iso = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return jsonAnswer({ iso, epochSeconds: String(Math.floor(nowMs / SECOND_MS)), epochMillis: String(nowMs) });
}

function candles(market: VenueMarket, query: URLSearchParams, nowMs: number): VenueAnswer {
  const timeframe = GRANULARITIES[query.get('granularity') ?? ''];
  if (timeframe === undefined) return invalid(`granularity must be one of ${Object.keys(GRANULARITIES).join(', ')}`);
  const [start, end, limit = MAX_BUCKETS] = ['start', 'end', 'limit'].map((name) => wholeNumber(query, name));
  if (start === undefined || end === undefined || Number.isNaN(start + end))
    return invalid('start and end must be unix timestamps in seconds');
  if (Number.isNaN(limit) || limit < 1 || limit > MAX_BUCKETS) return invalid(`limit must be between 1 and ${MAX_BUCKETS}`);
  const stepSeconds = TIMEFRAME_MS[timeframe] / SECOND_MS;
  const buckets = Math.floor(end / stepSeconds) - Math.ceil(start / stepSeconds) + 1;
  if (buckets > MAX_BUCKETS) return invalid(`number of candles requested should be less than ${MAX_BUCKETS}`);
  const rows = market.windows[timeframe]?.texts({ nowMs, fromMs: start * SECOND_MS, toMs: end * SECOND_MS, limit, keep: 'newest' });
  return { status: 200, body: `{"candles":[${(rows ?? []).reverse().join(',')}]}` };
}

/** The newest trades of a span of time, newest first. */
function ticker({ id, tape }: VenueMarket, query: URLSearchParams, nowMs: number): VenueAnswer {
  const [limit, start = 0, end] = ['limit', 'start', 'end'].map((name) => wholeNumber(query, name));
  if (limit === undefined || !(limit >= 1) || Number.isNaN(start) || Number.isNaN(end))
    return invalid('limit, start and end must be whole numbers');
  const untilMs = Math.min(nowMs, end === undefined ? nowMs : end * SECOND_MS);
  const trades = [...(tape?.within(start * SECOND_MS, untilMs, Math.min(limit, MAX_TRADES), 'newest') ?? [])].reverse();
  const last = trades[0]?.price ?? '';
  return jsonAnswer({ trades: trades.map((trade) => coinbaseTradeRow(trade, id)), best_bid: last, best_ask: last });
}

function invalid(message: string): VenueAnswer {
  return refusal(400, 'INVALID_ARGUMENT', message);
}

function refusal(status: number, error: string, message: string): VenueAnswer {
  return jsonAnswer({ error, error_details: message, message }, status);
}
