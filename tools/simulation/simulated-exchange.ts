import type { Candle } from '#core/candle.ts';
import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import type { Dice } from './dice.ts';
import type { FaultCounter } from './fault-counter.ts';
import type { Truth } from './simulated-truth.ts';

export type ExchangeWorld = {
  readonly exchange: Exchange;
  readonly truth: Truth;
  readonly dice: Dice;
  readonly faults: FaultCounter;
  /** The exchange's clock, UTC ms: true time. */
  readonly nowMs: () => number;
  /** Chance that a request meets a fault now. */
  readonly faultChance: () => number;
  readonly isDown: () => boolean;
};

const ERRORS = ['TIMEOUT', 'UNREACHABLE', 'RATE_LIMITED', 'BAD_PAYLOAD'] as const;

/** How the three exchanges differ in what matters to sync. */
const HABITS: Readonly<
  Record<'binance' | 'coinbase' | 'kraken', { readonly page: number; readonly horizon: number | null; readonly servesEmpty: boolean }>
> = {
  binance: { page: 1000, horizon: null, servesEmpty: true },
  coinbase: { page: 300, horizon: null, servesEmpty: false },
  kraken: { page: 720, horizon: 720, servesEmpty: true },
};

/** An exchange behind the port, in virtual time: honest, but for the faults that the dice decide. */
export function simulatedExchange(world: ExchangeWorld): ExchangeRestApi {
  const { exchange, truth, dice, faults } = world;
  const habit = HABITS[exchange as keyof typeof HABITS];
  let serverTimeMs: number | null = null;

  const refuseWhenDown = (): void => {
    if (world.isDown()) throw failure('UNREACHABLE');
  };
  const failure = (code: (typeof ERRORS)[number]): ExchangeError =>
    new ExchangeError(`${exchange} failed with ${code}`, { code, exchange, retryable: true });

  return {
    exchange,
    timeframes: ['1m', '5m', '1h'],
    maxCandlesPerRequest: habit.page,
    historyCandles: habit.horizon,
    servesEmptyCandles: habit.servesEmpty,
    async loadMarkets(symbols) {
      refuseWhenDown();
      if (dice.hits(world.faultChance() / 20)) {
        faults.count('list of markets fails');
        throw failure('BAD_PAYLOAD');
      }
      return { listed: symbols, unavailable: [] };
    },
    async fetchCandles({ symbol, timeframe, fromMs, limit }) {
      refuseWhenDown();
      const series = { exchange, symbol, timeframe };
      const stepMs = TIMEFRAME_MS[timeframe];
      const nowMs = world.nowMs();
      const horizonMs = habit.horizon === null ? 0 : nowMs - habit.horizon * stepMs;
      const rows: Candle[] = [];
      for (
        let timeMs = Math.max(fromMs, Math.ceil(horizonMs / stepMs) * stepMs);
        timeMs < fromMs + limit * stepMs && timeMs <= nowMs;
        timeMs += stepMs
      ) {
        const candle = truth(series, timeMs, nowMs);
        if (candle !== null) rows.push(candle);
      }
      serverTimeMs = nowMs;
      return { candles: dice.hits(world.faultChance()) ? spoil(rows) : rows, refused: [] };
    },
    fetchTrades: async () => ({ trades: [], refused: [], hasMore: false }),
    serverTimeMs: () => serverTimeMs,
    close: async () => {},
  };

  function spoil(rows: readonly Candle[]): readonly Candle[] {
    const kind = dice.pick([
      'fails',
      'fails',
      'fails',
      'empty page',
      'cut short',
      'rows lost',
      'newest rows late',
      'no time told',
    ] as const);
    if (kind === 'fails') {
      const code = dice.pick(ERRORS);
      faults.count(code);
      throw failure(code);
    }
    faults.count(kind);
    if (kind === 'no time told') serverTimeMs = null;
    if (kind === 'empty page') return [];
    if (kind === 'cut short') return rows.slice(0, dice.between(0, rows.length));
    if (kind === 'newest rows late') return rows.slice(0, -dice.between(1, 3));
    if (kind === 'rows lost') {
      const share = dice.next() / 2;
      return rows.filter(() => !dice.hits(share));
    }
    return rows;
  }
}
