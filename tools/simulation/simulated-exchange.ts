import type { Candle } from '#core/candle.ts';
import { ExchangeError, type ExchangeErrorCode } from '#core/errors.ts';
import type { CandlePage, ExchangeRestApi, RefusedRow } from '#core/ports/exchange-rest-api.ts';
import type { Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import type { Dice } from './dice.ts';
import type { FaultCounter } from './fault-counter.ts';
import type { PageFault } from './faults.ts';
import { within, type Outages } from './outages.ts';
import type { Truth } from './simulated-truth.ts';
import type { Venue } from './workload.ts';

export type ExchangeWorld = {
  readonly exchange: Venue;
  readonly truth: Truth;
  readonly dice: Dice;
  readonly faults: FaultCounter;
  readonly outages: Pick<Outages, 'network' | 'delistings'>;
  readonly pageFaults: readonly PageFault[];
  /** The exchange's clock, UTC ms: true time. */
  readonly nowMs: () => number;
  /** Chance that a request meets a fault now. */
  readonly faultChance: () => number;
  readonly isStored: (series: Series, openTimeMs: number) => boolean;
  /** Told of every candle that is kept from an answer as a refused row, and of every one that has vanished from one. */
  readonly onRefused: (series: Series, openTimeMs: number) => void;
  readonly onVanished: (series: Series, openTimeMs: number) => void;
};

/** How the three exchanges differ in what matters to sync: rows of a page, closed candles that are kept, and rows without trades. */
export const HABITS: Readonly<Record<Venue, { readonly page: number; readonly horizon: number | null; readonly servesEmpty: boolean }>> = {
  binance: { page: 1000, horizon: null, servesEmpty: true },
  coinbase: { page: 300, horizon: null, servesEmpty: false },
  kraken: { page: 720, horizon: 720, servesEmpty: true },
};

/** An exchange behind the port, in virtual time: honest, but for the faults that the dice decide. */
export function simulatedExchange(world: ExchangeWorld): ExchangeRestApi {
  const { exchange, dice, faults } = world;
  const habit = HABITS[exchange];
  const delistings = world.outages.delistings.filter((one) => one.exchange === exchange);
  const begun = new Set<unknown>();
  let serverTimeMs: number | null = null;

  const failure = (code: ExchangeErrorCode): ExchangeError =>
    new ExchangeError(`${exchange} failed with ${code}`, { code, exchange, retryable: true });
  const delistingOf = (symbol: MarketSymbol) => delistings.find((one) => one.symbol === symbol && within([one], world.nowMs()));

  return {
    exchange,
    timeframes: ['1m', '5m', '1h'],
    maxCandlesPerRequest: habit.page,
    historyCandles: habit.horizon,
    servesEmptyCandles: habit.servesEmpty,
    async loadMarkets(symbols) {
      if (within(world.outages.network[exchange], world.nowMs())) {
        faults.count('tick in an outage of the network');
        throw failure('UNREACHABLE');
      }
      if (dice.hits(world.faultChance() / 20)) {
        faults.count('list of markets fails');
        throw failure('BAD_PAYLOAD');
      }
      const gone = symbols.filter((symbol) => (delistingOf(symbol)?.kind ?? 'listed') !== 'listed');
      for (const delisting of gone.map(delistingOf)) {
        if (!begun.has(delisting)) faults.count('market taken off the list');
        begun.add(delisting);
      }
      return {
        listed: symbols.filter((symbol) => !gone.includes(symbol)),
        unavailable: gone.map((symbol) => ({ symbol, reason: 'not in the list' })),
      };
    },
    async fetchCandles({ symbol, timeframe, fromMs, limit }) {
      if (delistingOf(symbol) !== undefined) {
        faults.count('market refused by name');
        throw failure('BAD_SYMBOL');
      }
      const series = { exchange, symbol, timeframe };
      const rows = rowsOf(world, series, fromMs, limit);
      const error = dice.hits(world.faultChance()) ? dice.pick(world.pageFaults) : null;
      if (error !== null && isError(error)) {
        faults.count(error);
        throw failure(error);
      }
      serverTimeMs = error === 'no time told' ? null : world.nowMs();
      if (error === 'no time told') faults.count(error);
      return error === null ? { candles: rows, refused: [] } : spoil(world, series, rows, error);
    },
    fetchTrades: async () => ({ trades: [], refused: [], hasMore: false }),
    serverTimeMs: () => serverTimeMs,
    close: async () => {},
  };
}

function rowsOf({ exchange, truth, nowMs, isStored, onVanished }: ExchangeWorld, series: Series, fromMs: number, limit: number): Candle[] {
  const { horizon } = HABITS[exchange];
  const stepMs = TIMEFRAME_MS[series.timeframe];
  const atMs = nowMs();
  const horizonMs = horizon === null ? 0 : floorToGrid(atMs, stepMs) - horizon * stepMs;
  const untilMs = Math.min(fromMs + limit * stepMs, atMs + 1);
  const { at, vanishesAtMs } = truth(series);
  const rows: Candle[] = [];
  for (let timeMs = Math.max(fromMs, horizonMs); timeMs < untilMs; timeMs += stepMs) {
    const candle = at(timeMs, atMs);
    if (candle !== null) rows.push(candle);
    else if ((vanishesAtMs(timeMs) ?? atMs) < atMs && isStored(series, timeMs)) onVanished(series, timeMs);
  }
  return rows;
}

type PageError = Extract<PageFault, ExchangeErrorCode>;

function isError(fault: PageFault): fault is PageError {
  return fault === 'TIMEOUT' || fault === 'UNREACHABLE' || fault === 'RATE_LIMITED' || fault === 'BAD_PAYLOAD';
}

/** A page with less in it than there is. A fault that would change nothing is none, and is not counted. */
function spoil({ dice, faults, onRefused }: ExchangeWorld, series: Series, rows: readonly Candle[], kind: PageFault): CandlePage {
  if (rows.length === 0 || kind === 'no time told') return { candles: rows, refused: [] };
  faults.count(kind);
  if (kind === 'empty page') return { candles: [], refused: [] };
  if (kind === 'cut short') return { candles: rows.slice(0, dice.between(0, rows.length - 1)), refused: [] };
  if (kind === 'newest rows late') return { candles: rows.slice(0, -dice.between(1, 3)), refused: [] };
  const share = dice.next() / 2;
  const surely = dice.between(0, rows.length - 1);
  const isKept = rows.map((_, i) => i !== surely && !dice.hits(share));
  const refused: RefusedRow[] = [];
  for (const { openTimeMs } of kind === 'rows refused' ? rows.filter((_, i) => !isKept[i]) : []) {
    refused.push({ reason: 'the close is not a decimal', row: `[${openTimeMs},null]` });
    onRefused(series, openTimeMs);
  }
  return { candles: rows.filter((_, i) => isKept[i]), refused };
}
