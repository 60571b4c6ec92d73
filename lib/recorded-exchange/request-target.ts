import type { FaultEndpoint } from '#core/fault-plan.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Timeframe } from '#core/timeframe.ts';
import type { ListedMarket } from './venue-market.ts';

/** What a request asks for; parts that it does not name are undefined. */
export type RequestTarget = {
  readonly endpoint: FaultEndpoint | undefined;
  readonly symbol: MarketSymbol | undefined;
  readonly timeframe: Timeframe | undefined;
};

const TIMEFRAME_WORDS: Readonly<Record<string, Timeframe>> = {
  '1m': '1m',
  '1': '1m',
  ONE_MINUTE: '1m',
  '5m': '5m',
  '5': '5m',
  FIVE_MINUTE: '5m',
  '1h': '1h',
  '60': '1h',
  ONE_HOUR: '1h',
};

/** Paths of the three protocols. The first group, where there is one, is the market. */
const PATHS: readonly (readonly [RegExp, FaultEndpoint])[] = [
  [/^\/api\/v3\/klines$/, 'candles'],
  [/^\/api\/v3\/exchangeInfo$/, 'markets'],
  [/^\/api\/v3\/(?:historicalTrades|trades)$/, 'trades'],
  [/^\/api\/v3\/brokerage\/market\/products$/, 'markets'],
  [/^\/api\/v3\/brokerage\/market\/products\/([^/]+)\/candles$/, 'candles'],
  [/^\/api\/v3\/brokerage\/market\/products\/([^/]+)\/ticker$/, 'trades'],
  [/^\/0\/public\/OHLC$/, 'candles'],
  [/^\/0\/public\/AssetPairs$/, 'markets'],
  [/^\/0\/public\/Trades$/, 'trades'],
];

/** Reads path and query of any of the venues. */
export function requestTarget(path: string, query: URLSearchParams, markets: readonly ListedMarket[]): RequestTarget {
  for (const [pattern, endpoint] of PATHS) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const id = match[1] ?? query.get('symbol') ?? query.get('pair');
    const timeframe = query.get('interval') ?? query.get('granularity') ?? '';
    return { endpoint, symbol: markets.find((market) => market.id === id)?.symbol, timeframe: TIMEFRAME_WORDS[timeframe] };
  }
  return { endpoint: undefined, symbol: undefined, timeframe: undefined };
}
