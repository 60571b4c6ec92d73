import { EXCHANGES, isExchange } from '#core/exchange.ts';
import { seriesKey } from '#core/series.ts';
import { parseMarketSymbol } from '#core/symbol.ts';
import { isTimeframe, TIMEFRAMES } from '#core/timeframe.ts';
import type { ChartRequest } from './page-chart.ts';
import type { SeriesStatus } from '../platform-status.ts';

const KNOWN = ['exchange', 'symbol', 'timeframe', 'from', 'limit'] as const;
const DEFAULT_LIMIT = 400;
const MAX_LIMIT = 1500;
// The last millisecond that a date can have, less what is read beyond it.
const MAX_TIME_MS = 8e15;

/** A parameter of a request that cannot be used. The message names it, its value and what is expected. */
export class ParameterError extends Error {
  readonly code = 'PARAMETER';

  constructor(name: string, value: string | null, expected: string) {
    const problem = value === null ? 'is missing' : `is ${JSON.stringify(value.slice(0, 80))}`;
    super(`parameter ${JSON.stringify(name.slice(0, 80))} ${problem}, expected ${expected}`);
    this.name = 'ParameterError';
  }
}

/** Reads the query of a chart. Only series that the platform has are accepted. Throws `ParameterError`. */
export function parseChartRequest(query: URLSearchParams, known: readonly SeriesStatus[]): ChartRequest {
  requireKnownOnce(query);
  const exchange = query.get('exchange');
  if (!isExchange(exchange)) throw new ParameterError('exchange', exchange, `one of ${EXCHANGES.join(', ')}`);
  const symbolText = query.get('symbol');
  const symbol = parseMarketSymbol(symbolText);
  if (symbol === undefined) throw new ParameterError('symbol', symbolText, 'a symbol such as "BTC/USD"');
  const timeframe = query.get('timeframe');
  if (!isTimeframe(timeframe)) throw new ParameterError('timeframe', timeframe, `one of ${TIMEFRAMES.join(', ')}`);
  const series = { exchange, symbol, timeframe };
  if (!known.some((one) => seriesKey(one) === seriesKey(series))) {
    const there = known.filter((one) => one.exchange === exchange && one.timeframe === timeframe).map((one) => one.symbol);
    throw new ParameterError(
      'symbol',
      symbol,
      there.length === 0 ? `a series; ${exchange} has none in ${timeframe}` : `one of ${there.join(', ')}`,
    );
  }
  return { series, fromMs: parseFrom(query.get('from')), limit: parseLimit(query.get('limit')) };
}

function requireKnownOnce(query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (!(KNOWN as readonly string[]).includes(name))
      throw new ParameterError(name, query.get(name), `no such parameter; known are ${KNOWN.join(', ')}`);
    if (query.getAll(name).length > 1) throw new ParameterError(name, query.getAll(name).join(' and '), 'it once');
  }
}

function parseFrom(text: string | null): number | null {
  if (text === null) return null;
  const fromMs = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(fromMs <= MAX_TIME_MS)) throw new ParameterError('from', text, 'UTC milliseconds since 1970 in digits');
  return fromMs;
}

function parseLimit(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new ParameterError('limit', text, `a whole number from 1 to ${MAX_LIMIT}`);
  return limit;
}
